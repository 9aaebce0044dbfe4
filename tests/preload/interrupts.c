/* SPDX-License-Identifier: MIT */
/*
 * interrupts left|ends|forks: signal handlers that do more than return, and have interrupted malloc or free as likely as not.
 *
 *   left    siglongjmp(3) out of the handler: the program goes on to allocate
 *   ends    pthread_exit(3) in the handler: the other threads go on
 *   forks   fork(2) in the handler: parent and child go on
 */
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMES 2000

static sigjmp_buf out;
static volatile sig_atomic_t times, granted;

static void set_timer(long microseconds)
{
	struct itimerval every = {{0, microseconds}, {0, microseconds}};

	setitimer(ITIMER_REAL, &every, NULL);
}

static void on_signal(void (*handler)(int number))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	sigaction(SIGALRM, &action, NULL);
}

static void pairs(int count)
{
	for (int i = 0; i < count; i++) {
		void *volatile p = malloc(64);
		if (p != NULL)
			granted++;
		free(p);
	}
}

static void jump(int number)
{
	(void)number;
	times++;
	siglongjmp(out, 1);
}

/* Half-empty slabs, so that the next few thousand allocations are fast paths all. */
static void prepare(void)
{
	static void *p[20000];

	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++)
		p[i] = malloc(64);
	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i += 2)
		free(p[i]);
}

/* What was interrupted is a fast path, which leaves no more behind than a slot. */
static int left(void)
{
	volatile sig_atomic_t before = 0, idle = 0;

	prepare();
	pairs(1000);
	on_signal(jump);
	sigsetjmp(out, 1);
	set_timer(100);
	while (times < TIMES / 4) {
		idle = granted == before ? idle + 1 : 0; /* the next signal may come at once */
		if (idle > 100)
			return 1;
		before = granted;
		pairs(100000000);
	}
	set_timer(0);
	before = granted;
	pairs(1000);
	prepare(); /* comes to the ends of lists, where a wrong count shows */
	return granted == before + 1000 ? 0 : 2;
}

static void end(int number)
{
	(void)number;
	pthread_exit(NULL);
}

/* Its heap has grown before it may be ended: that is done under locks. */
static void *until_ended(void *arg)
{
	void *p[100] = {NULL};
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	for (unsigned i = 0; i < UINT_MAX; i++) {
		if (i == 10000)
			pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
		free(p[i % 100]);
		p[i % 100] = malloc(i % 3000);
	}
	return arg;
}

static void *end_at_once(void *arg)
{
	pthread_exit(arg);
}

static int ends(void)
{
	pthread_t thread;
	sigset_t alarm;

	/* The C library loads a library for this when it is first called. */
	if (pthread_create(&thread, NULL, end_at_once, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 3;
	on_signal(end);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	for (int i = 0; i < TIMES / 4; i++) {
		if (pthread_create(&thread, NULL, until_ended, NULL) != 0)
			return 1;
		usleep((unsigned)i % 400);
		pairs(100);
		if (pthread_kill(thread, SIGALRM) != 0 || pthread_join(thread, NULL) != 0)
			return 2;
		times++;
	}
	return 0;
}

static void fork_one(int number)
{
	int status;
	pid_t child = fork();

	(void)number;
	if (child == 0)
		_exit(7);
	if (child > 0 && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7)
		times++;
}

static int forks(void)
{
	on_signal(fork_one);
	set_timer(2000);
	for (unsigned i = 0; times < TIMES / 4; i++) {
		void *p = malloc(i % 10000 == 0 ? 3000000 : i % 60000);
		free(p);
	}
	set_timer(0);
	return 0;
}

int main(int count, char **arg)
{
	const struct {
		const char *name;
		int (*run)(void);
	} all[] = {{"left", left}, {"ends", ends}, {"forks", forks}};
	int status = 9;

	for (size_t i = 0; count == 2 && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(arg[1], all[i].name) == 0)
			status = all[i].run();
	if (status == 0)
		printf("went on\n");
	return status;
}
