/* SPDX-License-Identifier: MIT */
/*
 * Threads that allocate while the first one, and they themselves, fork. Each child finds its memory as it was, frees
 * what it inherited, whoever's it is, allocates, starts threads of its own, forks again, and ends.
 */
#include "../emulated.h"
#include "stress.h"

#include <sys/wait.h>

#define WORKERS 3
#define OWN 200

/* It allows no threads in the child of a process that has several. */
#if defined(__SANITIZE_THREAD__)
#define CHILD_THREADS 0
#else
#define CHILD_THREADS 2
#endif

static double end;
static atomic_uint forks;

static void *work_in_child(void *seed)
{
	struct random random = {(uintptr_t)seed};
	struct thing *thing[100];

	for (size_t i = 0; i < LENGTH(thing); i++)
		thing[i] = thing_new(&random);
	for (size_t i = 0; i < LENGTH(thing); i++)
		thing_free(thing[i]);
	return NULL;
}

/* Waits for a child, which has to end well. */
static void reap(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) != child)
		expect(errno == EINTR);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void use_inherited(struct thing **thing, size_t count, struct random *random)
{
	for (size_t i = 0; i < count; i++) {
		if (random_once_in(random, 2)) {
			thing_free(thing[i]);
			thing[i] = thing_new(random);
		} else {
			thing[i] = thing_resize(thing[i], random);
		}
	}
}

/* The life of a child, which may have a child that lives like it. */
static _Noreturn void live_as_child(struct thing **thing, size_t count, struct random *random)
{
	pthread_t thread[CHILD_THREADS + 1];

	for (int depth = 0;; depth++) {
		pid_t child = -1;
		alarm(60); /* a lock that nobody will ever let go shows as a signal */
		use_inherited(thing, count, random);
		for (int i = 0; i < CHILD_THREADS; i++)
			thread[i] = stress_thread(work_in_child, (void *)(uintptr_t)i);
		if (depth < 2 && random_once_in(random, 4)) {
			child = fork();
			expect(child >= 0);
		}
		if (child == 0)
			continue;
		if (child > 0)
			reap(child);
		for (int i = 0; i < CHILD_THREADS; i++)
			expect(pthread_join(thread[i], NULL) == 0);
		for (size_t i = 0; i < count; i++)
			thing_free(thing[i]);
		ma_trim(0);
		_exit(0);
	}
}

/* Has objects of its own, and forks now and then. */
static void *work(void *number)
{
	struct random random = {(uintptr_t)number};
	struct thing *thing[OWN];
	size_t often = number == NULL ? 100 : 5000;

	for (size_t i = 0; i < OWN; i++)
		thing[i] = thing_new(&random);
	while (stress_now() < end) {
		for (int i = 0; i < 100; i++) {
			size_t n = random_below(&random, OWN);
			thing_free(thing[n]);
			thing[n] = thing_new(&random);
			if (random_once_in(&random, often)) {
				pid_t child = fork();
				expect(child >= 0);
				if (child == 0)
					live_as_child(thing, OWN, &random);
				reap(child);
				atomic_fetch_add(&forks, 1);
			}
		}
	}
	for (size_t i = 0; i < OWN; i++)
		thing_free(thing[i]);
	return NULL;
}

int main(void)
{
	pthread_t worker[WORKERS];

	if (is_emulated()) {
		fputs("skipped: under emulation the children of a process with threads crash\n", stderr);
		return 77;
	}
	end = stress_end();
	for (uintptr_t i = 0; i < WORKERS; i++)
		worker[i] = stress_thread(work, (void *)(i + 1));
	work(NULL);
	for (int i = 0; i < WORKERS; i++)
		expect(pthread_join(worker[i], NULL) == 0);
	expect(atomic_load(&forks) > 0);
	stress_finish();
	return 0;
}
