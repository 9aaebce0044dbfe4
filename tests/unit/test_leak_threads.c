/* SPDX-License-Identifier: MIT */
/* Threads stand still as long as they are told to, show where their stacks are in use, and go on. */
#include "leak_unit.h"

#include <errno.h>
#include <pthread.h>

#define THREADS 8

static _Atomic uint64_t steps[THREADS];
static _Atomic(char *) stack[THREADS];
static _Atomic bool end;

static void *run(void *arg)
{
	size_t n = (size_t)arg;
	char here;

	stack[n] = &here;
	while (!end)
		steps[n]++;
	return NULL;
}

static void start(pthread_t *thread, void *(*begin)(void *))
{
	for (size_t i = 0; i < THREADS; i++) {
		expect(pthread_create(&thread[i], NULL, begin, (void *)i) == 0);
		while (stack[i] == NULL)
			sched_yield();
	}
}

static void join(pthread_t *thread)
{
	end = true;
	for (size_t i = 0; i < THREADS; i++)
		expect(pthread_join(thread[i], NULL) == 0);
}

static size_t count_threads(const struct leak_scan *scan)
{
	size_t count = 0;

	for (const struct leak_thread *thread = scan->threads; thread != NULL; thread = thread->next)
		count++;
	return count;
}

/* The thread whose stack is in use from just below its variable on is the n-th. */
static bool knows_stack(const struct leak_scan *scan, size_t n)
{
	for (const struct leak_thread *thread = scan->threads; thread != NULL; thread = thread->next)
		if (thread->sp < stack[n] && stack[n] - thread->sp < 32768)
			return true;
	return false;
}

START_TEST(stopped_and_let_go)
{
	pthread_t thread[THREADS];
	struct leak_scan scan;

	start(thread, run);
	leak_unit_begin(&scan, 10);
	for (size_t round = 0; round < 20; round++) {
		uint64_t saw[THREADS];
		ma_leak_stop_threads(&scan);
		expect(count_threads(&scan) == THREADS && scan.threads_missed == 0);
		for (size_t i = 0; i < THREADS; i++) {
			saw[i] = steps[i];
			expect(knows_stack(&scan, i));
		}
		usleep(2000);
		for (size_t i = 0; i < THREADS; i++)
			expect(saw[i] == steps[i]);
		ma_leak_let_go(&scan);
		for (size_t i = 0; i < THREADS; i++)
			while (saw[i] == steps[i])
				sched_yield();
	}
	leak_unit_end(&scan);
	join(thread);
}
END_TEST

START_TEST(none_to_stop)
{
	struct leak_scan scan;

	leak_unit_begin(&scan, 10);
	ma_leak_stop_threads(&scan);
	expect(count_threads(&scan) == 0 && scan.threads_missed == 0);
	ma_leak_let_go(&scan);
	ma_leak_let_go(&scan); /* does nothing */
	leak_unit_end(&scan);
}
END_TEST

static void *run_deaf(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	run(arg);
	/* What comes late, when it is let in, does no harm. */
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
	return NULL;
}

START_TEST(deaf_ones)
{
	pthread_t thread[THREADS];
	struct leak_scan scan;

	start(thread, run_deaf);
	leak_unit_begin(&scan, 10);
	ma_leak_stop_threads(&scan);
	expect(count_threads(&scan) == 0 && scan.threads_missed == THREADS);
	ma_leak_let_go(&scan);
	leak_unit_end(&scan);
	join(thread);
}
END_TEST

/* A system call that may be taken up again is; a handler of the program's own is left alone. */
static void *read_pipe(void *arg)
{
	int *ends = arg;
	char byte;

	stack[0] = &byte;
	expect(read(ends[0], &byte, 1) == 1);
	return NULL;
}

static void ignore(int number)
{
	(void)number;
}

START_TEST(system_calls)
{
	int ends[2];
	pthread_t thread;
	struct leak_scan scan;
	struct sigaction mine = {.sa_handler = ignore}, found;

	expect(sigaction(SIGRTMAX, &mine, NULL) == 0);
	expect(pipe(ends) == 0 && pthread_create(&thread, NULL, read_pipe, ends) == 0);
	while (stack[0] == NULL)
		sched_yield();
	usleep(10000);
	leak_unit_begin(&scan, 10);
	errno = 77;
	ma_leak_stop_threads(&scan);
	expect(count_threads(&scan) == 1);
	ma_leak_let_go(&scan);
	leak_unit_end(&scan);
	expect(sigaction(SIGRTMAX, NULL, &found) == 0 && found.sa_handler == ignore);
	expect(write(ends[1], "x", 1) == 1);
	expect(pthread_join(thread, NULL) == 0);
}
END_TEST

/* Of all signals that could stop a thread none is free: that threads were missed is known, and that is all. */
START_TEST(no_signal_is_free)
{
	pthread_t thread[THREADS];
	struct leak_scan scan;
	struct sigaction mine = {.sa_handler = ignore}, found;

	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		expect(sigaction(number, &mine, NULL) == 0);
	start(thread, run);
	leak_unit_begin(&scan, 10);
	ma_leak_stop_threads(&scan);
	expect(count_threads(&scan) == 0 && scan.threads_missed > 0);
	ma_leak_let_go(&scan);
	leak_unit_end(&scan);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		expect(sigaction(number, NULL, &found) == 0 && found.sa_handler == ignore);
	join(thread);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {no_signal_is_free, stopped_and_let_go, none_to_stop, deaf_ones,
				      system_calls};

	if (is_emulated()) {
		fputs("skipped: under emulation no thread stops another one\n", stderr);
		return 77;
	}
	return unit_run("leak_threads", tests, LENGTH(tests));
}
