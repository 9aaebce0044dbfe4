/* SPDX-License-Identifier: MIT */
/*
 * leak_threads.c - stops the other threads of the process for the time of a scan, without ptrace.
 *
 * Each is sent a real-time signal that nobody uses. Its handler enters itself into a list, with what lies on its own
 * stack, and sleeps until the round ends; the kernel has saved the thread's registers on that stack just above. So
 * stopping needs no memory, and a handler that comes too late (its thread had blocked the signal) finds the list
 * closed, or the round's number changed, and returns at once. The handler stays installed for such latecomers.
 *
 * A thread that blocks the signal is known beforehand from /proc/self/task/TID/status, and not waited for. The others
 * have STOP_MS to come.
 */
#include "leak.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "atomic.h"

#define STOP_MS 1000
/* Looking for threads again finds those that were started meanwhile by ones not stopped yet. */
#define MOST_LOOKS 100

static MA_SHARED(struct leak_thread *) stopped;
static MA_SHARED(int) arrived;	    /* threads on that list */
static MA_SHARED(int) inside;	    /* handlers that may look at the list */
static MA_SHARED(int) round_number; /* of the round that goes on; even: none does */
static int stop_signal;		    /* 0: not chosen yet */

static void futex_wait(MA_SHARED(int) *word, int value, int ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, ms == 0 ? NULL : &time, NULL, 0);
}

static void futex_wake(MA_SHARED(int) *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* The thread enters itself into the list of this round, and sleeps until the round ends. */
static void stand_still(int number)
{
	struct leak_thread self = {.sp = __builtin_frame_address(0)};

	self.sp = (const char *)ma_min((uintptr_t)self.sp, (uintptr_t)&self);
	self.next = ma_load_relaxed(&stopped);
	do {
		/* Pairs with ma_leak_stop_threads(), which reads the list. */
	} while (!ma_cas_release(&stopped, &self.next, &self));
	ma_add_relaxed(&arrived, 1);
	futex_wake(&arrived);
	while (ma_load_acquire(&round_number) == number) /* pairs with ma_leak_let_go() */
		futex_wait(&round_number, number, 0);
}

/* In the thread that is to stop. */
static void handle(int signal_number, siginfo_t *info, void *context)
{
	int saved = errno, number = info->si_value.sival_int;

	(void)signal_number;
	(void)context;
	/* Pairs with ma_leak_let_go(): either it waits for us, or we see that the round is over. */
	ma_add_acq_rel(&inside, 1);
	if (info->si_code == SI_QUEUE && info->si_pid == getpid() && number % 2 != 0 &&
	    ma_load_acquire(&round_number) == number)
		stand_still(number);
	ma_add_acq_rel(&inside, -1);
	futex_wake(&inside);
	errno = saved;
}

/* Takes the highest real-time signal that is as it was at first; false if there is none. */
static bool choose_signal(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART}, old;

	if (stop_signal != 0)
		return true;
	sigfillset(&action.sa_mask);
	for (int number = SIGRTMAX; number >= SIGRTMIN; number--)
		if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_DFL &&
		    sigaction(number, &action, NULL) == 0) {
			stop_signal = number;
			return true;
		}
	return false;
}

/* --- who there is --- */

struct entry { /* as getdents64(2) writes it */
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Reads the file of a task into `text`; false if it is gone. */
static bool read_status(int tasks, const char *tid, char *text, size_t room)
{
	char name[32];
	ssize_t got = 0;
	size_t used = 0;
	int fd;

	if (strlen(tid) > sizeof(name) - sizeof("/status"))
		return false;
	strcpy(name, tid);
	strcat(name, "/status");
	fd = openat(tasks, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (used < room - 1 && (got = read(fd, text + used, room - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	close(fd);
	return got >= 0;
}

/* Can the task take the signal now? */
static bool may_stop(const char *status)
{
	const char *blocked = strstr(status, "\nSigBlk:\t"), *state = strstr(status, "\nState:\t");

	if (blocked == NULL || state == NULL || state[8] == 'Z' || state[8] == 'X')
		return false;
	return (strtoull(blocked + 9, NULL, 16) >> (stop_signal - 1) & 1) == 0;
}

static bool has_ended(const char *status)
{
	const char *state = strstr(status, "\nState:\t");

	return state == NULL || state[8] == 'Z' || state[8] == 'X';
}

/* The tasks that were sent the signal, or could not be. */
struct known {
	pid_t *tid;
	size_t count, room;
	int sent;
	unsigned missed;
};

static bool is_known(const struct known *known, pid_t tid)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->tid[i] == tid)
			return true;
	return false;
}

static void stop_one(struct known *known, int tasks, const char *name, int number)
{
	pid_t tid = (pid_t)strtol(name, NULL, 10);
	siginfo_t info;
	char status[4096];

	if (tid == (pid_t)syscall(SYS_gettid) || is_known(known, tid) || known->count == known->room ||
	    !read_status(tasks, name, status, sizeof(status)) || has_ended(status))
		return;
	known->tid[known->count++] = tid;
	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = number;
	if (!may_stop(status))
		known->missed++;
	else if (syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, stop_signal, &info) == 0)
		known->sent++;
}

/* Sends the signal to all tasks that are new. */
static void look(struct known *known, int tasks, int number)
{
	_Alignas(struct entry) char entries[4096];
	long got;

	lseek(tasks, 0, SEEK_SET);
	while ((got = syscall(SYS_getdents64, tasks, entries, sizeof(entries))) > 0)
		for (long at = 0; at < got;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			if (entry->name[0] != '.')
				stop_one(known, tasks, entry->name, number);
			at += entry->length;
		}
}

/* Waits until the threads that were sent the signal have come; false if some do not. */
static bool all_came(int sent)
{
	struct timespec now;
	int64_t end, left = STOP_MS;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + STOP_MS;
	for (;;) {
		int came = ma_load_relaxed(&arrived); /* the list itself is acquired below */
		if (came >= sent)
			return true;
		if (left <= 0)
			return false;
		futex_wait(&arrived, came, (int)left);
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = end - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	}
}

void ma_leak_stop_threads(struct leak_scan *scan)
{
	struct known known = {.room = scan->memory.size / 8 / sizeof(pid_t)};
	int tasks = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int number = ma_load_relaxed(&round_number) + 1;
	size_t used = scan->memory.used, had;

	known.tid = ma_leak_take(&scan->memory, known.room * sizeof(pid_t));
	scan->threads = NULL;
	scan->threads_missed = 0;
	if (tasks < 0 || known.tid == NULL || !choose_signal()) {
		scan->threads_missed = 1;
		if (tasks >= 0)
			close(tasks);
		return;
	}
	ma_store_relaxed(&stopped, NULL);
	ma_store_relaxed(&arrived, 0);
	ma_store_release(&round_number, number); /* pairs with handle() */
	for (unsigned looks = 0; looks < MOST_LOOKS; looks++) {
		had = known.count;
		look(&known, tasks, number);
		if (known.count == had || !all_came(known.sent))
			break;
	}
	close(tasks);
	memset(known.tid, 0, known.count * sizeof(pid_t));
	scan->memory.used = used;
	scan->threads = ma_load_acquire(&stopped); /* pairs with stand_still() */
	scan->threads_missed = known.missed + (unsigned)(known.sent - ma_load_relaxed(&arrived));
}

void ma_leak_let_go(struct leak_scan *scan)
{
	int number = ma_load_relaxed(&round_number), left;

	if (number % 2 == 0)
		return;
	scan->threads = NULL;
	ma_store_release(&round_number, number + 1); /* pairs with stand_still() */
	futex_wake(&round_number);
	/* They must have left before another round begins, whose list they could meet. */
	while ((left = ma_add_acq_rel(&inside, 0)) != 0)
		futex_wait(&inside, left, 100);
}
