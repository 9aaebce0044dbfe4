/* SPDX-License-Identifier: MIT */
/*
 * Asks to hear of fork 200 times before it has allocated anything: the C library then allocates under the lock that it
 * takes for that. Forks, and looks whether all were called, and whether parent and child can allocate.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMES 200

static int called;

static void hear(void)
{
	called++;
}

static int can_allocate(void)
{
	void *volatile p = malloc(100000);

	free(p);
	return p != NULL;
}

int main(void)
{
	int status;
	pid_t child;

	for (int i = 0; i < TIMES; i++)
		if (pthread_atfork(hear, hear, hear) != 0)
			return 2;
	child = fork();
	if (child == 0)
		_exit(called == 2 * TIMES && can_allocate() ? 0 : 1);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !can_allocate())
		return 1;
	printf("heard of fork: %d times\n", called);
	return 0;
}
