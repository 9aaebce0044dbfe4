/* SPDX-License-Identifier: MIT */
/* The timer's task runs on a snapshot: again if that was not whole, and the program sees neither child nor signal. */
#include "unit.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inspect/residency.h"
#include "inspect/timer.h"

static struct shared {
	volatile int calls, in_process, wrongly_told;
	volatile long process;
} * shared;

#define EXIT_SKIPPED 77 /* as Automake knows it */

static int changed_by_task;
static volatile sig_atomic_t signals;

static enum timer_end task(bool failed_before)
{
	changed_by_task = 1;
	shared->wrongly_told += failed_before != (shared->calls == 1);
	shared->in_process = getpid();
	shared->process = ma_inspect_subject.process();
	switch (++shared->calls) {
	case 1:
		return TIMER_FAILED;
	case 3:
		return TIMER_AGAIN;
	default:
		return TIMER_DONE;
	}
}

static void count_signal(int number)
{
	signals += number == SIGCHLD;
}

static void share(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	expect(shared != MAP_FAILED);
}

START_TEST(on_a_snapshot)
{
	int calls;

	share();
	signal(SIGCHLD, count_signal);
	expect(ma_timer_start(20, task));
	for (int i = 0; i < 2000 && shared->calls < 5; i++)
		usleep(10000);
	expect(shared->calls >= 5 && changed_by_task == 0 && signals == 0);
	expect(shared->wrongly_told == 0);
	expect(shared->in_process != getpid() && shared->process == getpid());
	expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	ma_timer_stop();
	calls = shared->calls;
	usleep(100000);
	expect(shared->calls == calls);
}
END_TEST

static enum timer_end never_whole(bool failed_before)
{
	(void)failed_before;
	shared->calls++;
	return TIMER_AGAIN;
}

static enum timer_end crashes(bool failed_before)
{
	(void)failed_before;
	shared->in_process++;
	*(volatile int *)(uintptr_t)shared->process = 1; /* 0 */
	return TIMER_DONE;
}

/* It gives up, and a task that crashes does no harm: the next comes. */
START_TEST(failures)
{
	share();
	expect(ma_timer_start(100, never_whole) && ma_timer_start(20, crashes));
	expect(!ma_timer_start(20, task)); /* two are there */
	for (int i = 0; i < 2000 && (shared->calls < 20 || shared->in_process < 2); i++)
		usleep(10000);
	ma_timer_stop();
	expect(shared->calls >= 20 && shared->in_process >= 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {on_a_snapshot, failures};

	if (is_emulated()) {
		fputs("skipped: under emulation its children of a process with threads hang, or crash\n",
		      stderr);
		return EXIT_SKIPPED;
	}
#ifdef __SANITIZE_THREAD__ /* its runtime takes a snapshot's memory for the program's */
	return EXIT_SKIPPED;
#endif
	return unit_run("timer", tests, LENGTH(tests));
}
