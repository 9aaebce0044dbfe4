/* SPDX-License-Identifier: MIT */
/* Processes that end while their threads allocate and free: by exit(), by main()'s return, by its pthread_exit(). */
#include "stress.h"

#include <sys/wait.h>

static atomic_bool stopping;

static void *work(void *number)
{
	struct random random = {(uintptr_t)number};
	struct thing *thing[100];

	for (size_t i = 0; i < LENGTH(thing); i++)
		thing[i] = thing_new(&random);
	while (!atomic_load(&stopping)) {
		size_t n = random_below(&random, LENGTH(thing));
		thing_free(thing[n]);
		thing[n] = thing_new(&random);
	}
	for (size_t i = 0; i < LENGTH(thing); i++)
		thing_free(thing[i]);
	return NULL;
}

static void at_exit(void)
{
	struct random random = {1};

	for (int i = 0; i < 100; i++)
		thing_free(thing_new(&random));
}

static void *end_process(void *milliseconds)
{
	usleep((unsigned)(uintptr_t)milliseconds * 1000);
	atomic_store(&stopping, true);
	return NULL;
}

/* The child's life, which ends in one of three ways. */
static int live(struct random *random)
{
	uintptr_t milliseconds = 1 + random_below(random, 30);

	alarm(60);
	atexit(at_exit);
	for (uintptr_t i = 0; i < 3; i++)
		pthread_detach(stress_thread(work, (void *)i));
	switch (random_below(random, 3)) {
	case 0:
		usleep((unsigned)milliseconds * 1000);
		exit(0);
	case 1:
		usleep((unsigned)milliseconds * 1000);
		return 0;
	default:
		pthread_detach(stress_thread(end_process, (void *)milliseconds));
		pthread_exit(NULL);
	}
}

int main(void)
{
	double end = stress_end();

	for (struct random random = {7}; stress_now() < end; random_next(&random)) {
		pid_t child = fork();
		int status;
		expect(child >= 0);
		if (child == 0)
			return live(&random);
		expect(waitpid(child, &status, 0) == child);
		expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	return 0;
}
