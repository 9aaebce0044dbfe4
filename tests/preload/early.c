/* SPDX-License-Identifier: MIT */
/*
 * Allocations at odd times: before main(), before any constructor, in threads that start before the first thread
 * has allocated anything, in a fork from such a thread, before a fork and behind it, in atexit() functions and destructors.
 */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

#include "../expect.h"
#include "../hide.h"
#include "../pattern.h"

static char *before[3];
static pthread_key_t key;

static char *take(size_t size)
{
	char *p = hide(malloc(size));

	expect(p != NULL);
	pattern_fill(p, size, size);
	return p;
}

static void give(char *p, size_t size)
{
	expect(pattern_holds(p, size, size));
	free(p);
}

/* Asked for before libma can be: so they are called last before a fork, and first behind it. */
static const size_t sizes[] = {100, 20000, 300000, 5000000};
static _Thread_local char *across[4];

static void before_fork(void)
{
	static _Thread_local bool forks;
	int status;
	pid_t child;

	if (forks)
		return;
	forks = true;
	child = fork();
	if (child == 0)
		_exit(0);
	expect(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	forks = false;
	for (int i = 0; i < 4; i++) {
		give(take(sizes[i]), sizes[i]);
		across[i] = take(sizes[i]);
	}
}

static void behind_fork(void)
{
	for (int i = 0; i < 4 && across[i] != NULL; i++) {
		give(across[i], sizes[i]);
		across[i] = NULL;
	}
}

static void first_of_all(int argc, char **argv, char **environment)
{
	(void)argc, (void)argv, (void)environment;
	before[0] = take(100);
	expect(pthread_atfork(before_fork, behind_fork, behind_fork) == 0);
}
__attribute__((section(".preinit_array"), used)) static void (*preinit)(int, char **, char **) = first_of_all;

__attribute__((constructor(101))) static void early(void)
{
	before[1] = take(5000);
}

__attribute__((constructor)) static void late(void)
{
	before[2] = take(3000000);
}

__attribute__((destructor(101))) static void at_last(void)
{
	give(before[0], 100);
	give(take(1000), 1000);
}

static void at_exit(void)
{
	give(before[1], 5000);
	give(take(1000), 1000);
}

static void at_thread_end(void *p)
{
	give(p, 300);
	give(take(400), 400);
}

static void *in_thread(void *arg)
{
	char *p = take(1000);

	pthread_setspecific(key, take(300));
	for (size_t i = 0; i < 2000; i++)
		give(take(i), i);
	give(p, 1000);
	return arg;
}

static void *fork_in_thread(void *arg)
{
	char *p = take(777);
	pid_t child = fork();
	int status;

	expect(child >= 0);
	if (child == 0) {
		pthread_t thread;
		give(p, 777);
		give(before[2], 3000000);
		expect(pthread_create(&thread, NULL, in_thread, NULL) == 0 &&
		       pthread_join(thread, NULL) == 0);
		in_thread(NULL);
		execlp("true", "true", (char *)NULL);
		_exit(1);
	}
	expect(waitpid(child, &status, 0) == child && status == 0);
	give(p, 777);
	return arg;
}

/* Without a heap. */
static void *fork_only(void *arg)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		give(take(1000), 1000);
		_exit(0);
	}
	expect(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	return arg;
}

int main(void)
{
	void *(*const bodies[])(void *) = {in_thread, fork_in_thread, fork_only};
	pthread_t thread[6];

	expect(pthread_key_create(&key, at_thread_end) == 0);
	for (size_t i = 0; i < LENGTH(thread); i++)
		expect(pthread_create(&thread[i], NULL, bodies[i % LENGTH(bodies)], NULL) == 0);
	for (size_t i = 0; i < LENGTH(thread); i++)
		expect(pthread_join(thread[i], NULL) == 0);
	give(before[2], 3000000);
	expect(atexit(at_exit) == 0);
	if (write(STDOUT_FILENO, "all in time\n", 12) != 12)
		return 1;
	return 0;
}
