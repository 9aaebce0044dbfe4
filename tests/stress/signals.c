/* SPDX-License-Identifier: MIT */
/*
 * Timers' signal handlers that allocate and free, whatever they interrupt, each other too, one of them on an alternate
 * stack: beside threads that do nothing else, some of them shortly, and forks. All put what they have into one table, and
 * free what was there.
 *
 * It needs no option. "signals preloaded" is for the preload library: then the C library has objects of libma's too.
 * tests/preload/interrupts.sh runs it so.
 */
#include "../emulated.h"
#include "stress.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 2
#define PLACES 500

static _Atomic(struct thing *) table[PLACES];
static atomic_ulong granted, refused;
static atomic_bool forking; /* takes long: more would be freed meanwhile than can be put aside */
static double end;

/* Sizes of slots, blocks and large objects. */
static size_t size_for_handler(struct random *random)
{
	size_t most = random_once_in(random, 300) ? 3000000 : random_once_in(random, 10) ? 20000 : 600;

	return sizeof(struct thing) + random_below(random, most);
}

/* As thing_free(), but for the size, which a handler may not ask for. */
static void release(struct thing *thing)
{
	if (thing == NULL)
		return;
	expect(pattern_holds(thing + 1, thing->size - sizeof(*thing), thing->seed));
	ma_free(thing);
}

/* A realloc() that is refused leaves the object as it was. */
static struct thing *resize(struct thing *thing, size_t size)
{
	size_t had = thing->size < size ? thing->size : size;
	struct thing *resized = ma_realloc(thing, size);

	expect(resized != NULL || errno == ENOMEM);
	atomic_fetch_add(resized == NULL ? &refused : &granted, 1);
	if (resized == NULL)
		return thing;
	expect(pattern_holds(resized + 1, had - sizeof(*resized), resized->seed));
	return thing_set(resized, size < 2000 ? size : 2000, resized->seed);
}

static void on_alarm(int number)
{
	static atomic_ulong seed;
	struct random random = {atomic_fetch_add(&seed, 1)};
	int saved = errno;

	(void)number;
	if (atomic_load(&forking))
		ma_free(ma_malloc(100));
	for (int i = 0; i < 2 && !atomic_load(&forking); i++) {
		size_t place = random_below(&random, PLACES), size = size_for_handler(&random);
		struct thing *thing = atomic_exchange(&table[place], NULL);
		if (thing != NULL && random_once_in(&random, 3)) {
			release(atomic_exchange(&table[place], resize(thing, size)));
			continue;
		}
		release(thing);
		thing = random_once_in(&random, 4) ? ma_calloc(1, size) : ma_malloc(size);
		if (thing != NULL) {
			thing_set(thing, size < 2000 ? size : 2000, random_next(&random));
			atomic_fetch_add(&granted, 1);
		} else {
			expect(errno == ENOMEM);
			atomic_fetch_add(&refused, 1);
		}
		release(atomic_exchange(&table[place], thing));
	}
	errno = saved;
}

static void set_timers(long microseconds)
{
	const struct itimerval every = {{0, microseconds}, {0, microseconds}};

	expect(setitimer(ITIMER_REAL, &every, NULL) == 0);
	expect(setitimer(ITIMER_PROF, &every, NULL) == 0);
}

/* For this thread. */
static void stand_by(void)
{
	static char alternate[256 * 1024];
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	expect(sigaltstack(&stack, NULL) == 0);
}

/* What is put aside still goes with the next call, which is the thread's last. */
static void *block_and_free(void *result)
{
	sigset_t alarms;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigaddset(&alarms, SIGPROF);
	expect(pthread_sigmask(SIG_BLOCK, &alarms, NULL) == 0);
	ma_free(ma_malloc(1));
	return result;
}

static void *work(void *number)
{
	struct random random = {(uintptr_t)number};

	while (stress_now() < end)
		for (int i = 0; i < 500; i++) {
			size_t place = random_below(&random, PLACES);
			struct thing *thing = atomic_exchange(&table[place], NULL);
			if (thing != NULL && random_once_in(&random, 3))
				thing = thing_resize(thing, &random);
			else if (thing == NULL)
				thing = thing_new(&random);
			thing_free(random_once_in(&random, 2) ? thing
							      : atomic_exchange(&table[place], thing));
		}
	return block_and_free(NULL);
}

/* A thread's or a process's short life. */
static void *brief(void *number)
{
	struct random random = {(uintptr_t)number};
	struct thing *thing[20];

	for (size_t i = 0; i < LENGTH(thing); i++)
		thing[i] = thing_new(&random);
	for (size_t i = 0; i < LENGTH(thing); i++)
		thing_free(thing[i]);
	return block_and_free(number);
}

static void fork_one(uintptr_t number)
{
	int status;
	pid_t child;

	atomic_store(&forking, true);
	child = fork();
	atomic_store(&forking, false);
	expect(child >= 0);
	if (child == 0) {
		brief((void *)number);
		_exit(ma_check());
	}
	expect(waitpid(child, &status, 0) == child && status == 0);
}

int main(int count, char **arg)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	bool preloaded = count > 1 && strcmp(arg[1], "preloaded") == 0;
	pthread_t thread[THREADS];

	if (is_emulated()) {
		fputs("skipped: under emulation the children of a process with threads crash\n", stderr);
		return 77;
	}
	if (stress_handlers_wait())
		return 77;
	end = stress_end();
	stand_by();
	expect(sigaction(SIGALRM, &action, NULL) == 0);
	action.sa_flags |= SA_ONSTACK;
	expect(sigaction(SIGPROF, &action, NULL) == 0);
	set_timers(100);
	for (uintptr_t i = 0; i < THREADS; i++)
		thread[i] = stress_thread(work, (void *)i);
	for (uintptr_t i = 0; stress_now() < end; i++) {
		pthread_t short_lived = stress_thread(brief, (void *)i);
		expect(pthread_join(short_lived, NULL) == 0);
		if (i % 20 == 0)
			fork_one(i);
	}
	for (int i = 0; i < THREADS; i++)
		expect(pthread_join(thread[i], NULL) == 0);
	set_timers(0);
	expect(ma_check() == 0);
	for (int i = 0; i < PLACES; i++)
		thing_free(table[i]);
	expect(granted > 0 && refused > 0);
	if (preloaded)
		expect(ma_check() == 0);
	else
		stress_finish();
	return 0;
}
