/* SPDX-License-Identifier: MIT */
/*
 * timer.c - owns the threads that make reports while the program runs. There is none unless an option asks.
 *
 * The program's threads are not stopped for a report. It is made in a snapshot: a child process, whose memory is a
 * copy of this moment's, which the system makes page by page as the program goes on writing. The locks are held
 * while it is made, so what they guard is whole in it. A heap that a thread was just changing may not be; the task
 * sees that, and another snapshot is made.
 *
 * The child is not one that wait(2) tells the program of, and no signal tells of its end. It runs no handler of
 * fork's, and leaves no core file. If it can't be made, a report is left out.
 */
#include "timer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "atomic.h"
#include "heap.h"
#include "residency.h"

#define ATTEMPTS 10
#define TIMERS 2

static struct timer {
	unsigned period;
	timer_task *task;
	MA_SHARED(int) running; /* the process whose timer is in a call; 0: none */
	int process;		/* what the program is, for its copy */
	size_t peak;
	bool failed; /* the last call */
} timers[TIMERS];
static MA_SHARED(int) stopped; /* 1: there are to be no more calls */

static const struct timer *snapshot_of; /* in a snapshot: the timer that made it */

static long process_of_parent(void)
{
	return snapshot_of->process;
}

static size_t peak_of_parent(void)
{
	return snapshot_of->peak;
}

static _Noreturn void in_snapshot(const struct timer *timer)
{
	ma_heaps_after_fork_parent();
	prctl(PR_SET_DUMPABLE, 0);
	snapshot_of = timer;
	ma_inspect_subject.process = process_of_parent;
	ma_inspect_subject.peak_resident = peak_of_parent;
	_exit((int)timer->task(timer->failed));
}

/* Does the task on one snapshot. Returns false if it is to be done again. */
static bool timer_attempt(struct timer *timer)
{
	int status = 0;
	long child;

	ma_heaps_before_fork();
	child = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	if (child == 0)
		in_snapshot(timer);
	ma_heaps_after_fork_parent();
	if (child < 0)
		return true;
	while (waitpid((pid_t)child, &status, __WCLONE) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == TIMER_AGAIN)
		return false;
	timer->failed = WIFEXITED(status) && WEXITSTATUS(status) == TIMER_FAILED;
	return true;
}

static void timer_tick(struct timer *timer)
{
	timer->process = getpid();
	timer->peak = ma_source_peak_resident();
	for (unsigned attempt = 0; attempt < ATTEMPTS && !timer_attempt(timer); attempt++)
		;
}

static void *timer_run(void *arg)
{
	struct timer *timer = arg;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		next.tv_sec += timer->period / 1000;
		next.tv_nsec += (long)(timer->period % 1000) * 1000000;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
			;
		/* Of this store and the next load, and of their like in ma_timer_stop(), one pair sees the other: both
		 * change `stopped`, if only by 0. tests/model/timer.pml proves it. */
		(void)ma_swap_acq_rel(&timer->running, getpid());
		if (ma_add_acq_rel(&stopped, 0) != 0) {
			ma_store_release(&timer->running, 0);
			return NULL;
		}
		timer_tick(timer);
		ma_store_release(&timer->running, 0); /* pairs with ma_timer_stop() */
	}
}

bool ma_timer_start(unsigned period, timer_task *task)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	pthread_t thread;
	struct timer *timer = timers;
	bool started;

	while (timer < timers + TIMERS && timer->task != NULL)
		timer++;
	if (timer == timers + TIMERS || pthread_attr_init(&attributes) != 0)
		return false;
	timer->period = period;
	timer->task = task;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all); /* the program's handlers run on its own threads */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, &attributes, timer_run, timer) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

void ma_timer_stop(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	(void)ma_swap_acq_rel(&stopped, 1);
	/* In a child that the program forked there is no timer, whatever stood here at that moment. */
	for (struct timer *timer = timers; timer < timers + TIMERS; timer++) {
		int process;

		while ((process = ma_load_acquire(&timer->running)) != 0 && process == getpid())
			nanosleep(&moment, NULL);
	}
}
