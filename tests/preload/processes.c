/* SPDX-License-Identifier: MIT */
/*
 * What processes and threads may do at a bad moment, while other threads allocate all the time.
 *
 *   processes forks COUNT    fork; the children use what they inherit, thread, fork, execute and exit
 *   processes spawns COUNT   vfork, posix_spawn and popen
 *   processes ends COUNT     threads that are cancelled, detached or have destructors, and odd ends of the process
 *   processes child          allocates, and ends well: what the others execute
 */
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "../expect.h"
#include "../hide.h"
#include "../pattern.h"
#include "../random.h"

#define WORKERS 3
#define SHARED 300

extern char **environ;

static const char *self;
static atomic_bool stopping;
static pthread_key_t key;

static size_t size_of(struct random *random)
{
	return random_size(random, random_once_in(random, 500)	? 3000000
				   : random_once_in(random, 20) ? 50000
								: 1200);
}

struct thing {
	size_t size;
	char contents[];
};

static struct thing *take(struct random *random)
{
	size_t size = size_of(random);
	struct thing *thing = hide(malloc(sizeof(*thing) + size));

	expect(thing != NULL);
	thing->size = size;
	pattern_fill(thing->contents, size, size);
	return thing;
}

static void give(void *thing)
{
	struct thing *given = thing;

	if (given == NULL)
		return;
	expect(pattern_holds(given->contents, given->size, given->size));
	free(given);
}

/* Objects that go from thread to thread. */
static _Atomic(struct thing *) shared[SHARED];

static void use(struct random *random, int times)
{
	struct thing *mine[30] = {0};

	for (int i = 0; i < times; i++) {
		struct thing **at = &mine[random_below(random, LENGTH(mine))];
		give(*at);
		*at = take(random);
		give(atomic_exchange(&shared[random_below(random, SHARED)], take(random)));
	}
	for (size_t i = 0; i < LENGTH(mine); i++)
		give(mine[i]);
}

static void *work(void *number)
{
	struct random random = {(uintptr_t)number};

	while (!atomic_load(&stopping)) {
		use(&random, 20);
		usleep(random_once_in(&random, 2) ? 50 : 0); /* so that the others get on */
	}
	return number;
}

static void *work_once(void *number)
{
	struct random random = {(uintptr_t)number};

	use(&random, 50);
	return number;
}

static pthread_t start(void *(*body)(void *), uintptr_t number)
{
	pthread_t thread;

	expect(pthread_create(&thread, NULL, body, (void *)number) == 0);
	return thread;
}

static void join(pthread_t thread)
{
	expect(pthread_join(thread, NULL) == 0);
}

/* A child ends with status 0, within its time. */
static void reap(pid_t child)
{
	int status;

	expect(child > 0);
	while (waitpid(child, &status, 0) != child)
		expect(errno == EINTR);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Runs `act` COUNT times beside threads that allocate. */
static void beside_workers(void (*act)(struct random *, unsigned), unsigned count)
{
	struct random random = {1};
	pthread_t worker[WORKERS];

	for (uintptr_t i = 0; i < WORKERS; i++)
		worker[i] = start(work, i + 1);
	for (unsigned i = 0; i < count; i++)
		act(&random, i);
	atomic_store(&stopping, true);
	for (int i = 0; i < WORKERS; i++)
		join(worker[i]);
}

/* --- forks --- */

static void at_exit(void)
{
	struct random random = {9};

	use(&random, 5);
}

static _Noreturn void execute(void)
{
	execl(self, self, "child", (char *)NULL);
	_exit(1);
}

static void live_as_child(struct random *random, unsigned kind)
{
	alarm(60);
	use(random, 10);
	switch (kind) {
	case 0:
		break;
	case 1:
		join(start(work_once, 7));
		break;
	case 2:
		execute();
	case 3:
		atexit(at_exit);
		exit(0);
	case 4: {
		pid_t child = fork();
		if (child == 0)
			_exit(work_once((void *)8) == NULL);
		reap(child);
		break;
	}
	default:
		for (int i = 0; i < SHARED; i++)
			give(atomic_exchange(&shared[i], NULL));
	}
	_exit(0);
}

static void fork_once(struct random *random, unsigned n)
{
	pid_t child = fork();

	if (child == 0)
		live_as_child(random, n % 6);
	reap(child);
}

/* --- vfork, posix_spawn, popen --- */

static void spawn_once(struct random *random, unsigned n)
{
	char *arguments[] = {(char *)(size_t)self, (char *)(size_t) "child", NULL};
	char command[500];
	pid_t child;
	FILE *file;

	use(random, 10);
	switch (n % 3) {
	case 0:
		child = vfork();
		if (child == 0)
			execute();
		reap(child);
		break;
	case 1:
		expect(posix_spawn(&child, self, NULL, NULL, arguments, environ) == 0);
		reap(child);
		break;
	default:
		snprintf(command, sizeof(command), "'%s' child", self);
		file = popen(command, "r");
		expect(file != NULL && fgetc(file) == EOF && pclose(file) == 0);
	}
}

/* --- ends --- */

static void at_thread_end(void *thing)
{
	static _Thread_local int rounds;
	struct random random = {(uintptr_t)thing};

	give(thing);
	give(take(&random));
	if (++rounds < 3)
		pthread_setspecific(key, take(&random));
}

static void *sleep_for_ever(void *number)
{
	struct random random = {(uintptr_t)number};
	struct thing *thing = take(&random);

	expect(pthread_setspecific(key, take(&random)) == 0);
	pthread_cleanup_push(give, thing);
	for (;;) {
		use(&random, 3);
		usleep(100);
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void *end_process(void *number)
{
	usleep(2000);
	work_once(number);
	exit(0);
}

static void end_as_child(struct random *random, unsigned kind)
{
	pthread_t thread[4];

	alarm(60);
	atexit(at_exit);
	at_quick_exit(at_exit);
	for (uintptr_t i = 0; i < LENGTH(thread); i++)
		thread[i] = start(i % 2 == 0 ? work : sleep_for_ever, i);
	use(random, 20);
	switch (kind) {
	case 0: /* with threads that are in the middle of something */
		for (size_t i = 0; i < LENGTH(thread); i++)
			pthread_detach(thread[i]);
		exit(0);
	case 1: /* after all were cancelled, in any order */
		for (size_t i = 1; i < LENGTH(thread); i += 2)
			expect(pthread_cancel(thread[i]) == 0);
		atomic_store(&stopping, true);
		for (size_t i = LENGTH(thread); i-- > 0;)
			join(thread[i]);
		exit(0);
	case 2: /* the first thread ends first, with a destructor */
		pthread_setspecific(key, take(random));
		pthread_detach(start(end_process, 5));
		pthread_exit(NULL);
	case 3:
		quick_exit(0);
	default: /* each detached thread ends by itself, the last of all ends the process */
		pthread_detach(thread[0]);
		pthread_detach(thread[2]);
		pthread_cancel(thread[1]);
		pthread_cancel(thread[3]);
		join(thread[3]);
		pthread_detach(thread[1]);
		atomic_store(&stopping, true);
		pthread_exit(NULL);
	}
}

static void end_once(struct random *random, unsigned n)
{
	pid_t child = fork();

	if (child == 0)
		end_as_child(random, n % 5);
	reap(child);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	struct random random = {3};

	expect(argc > 1 && pthread_key_create(&key, at_thread_end) == 0);
	self = argv[0];
	if (strcmp(argv[1], "forks") == 0) {
		beside_workers(fork_once, count);
	} else if (strcmp(argv[1], "spawns") == 0) {
		beside_workers(spawn_once, count);
	} else if (strcmp(argv[1], "ends") == 0) {
		for (unsigned i = 0; i < count; i++)
			end_once(&random, i);
	} else {
		use(&random, 10);
		return 0;
	}
	for (int i = 0; i < SHARED; i++)
		give(atomic_exchange(&shared[i], NULL));
	printf("%s: %u times\n", argv[1], count);
	return 0;
}
