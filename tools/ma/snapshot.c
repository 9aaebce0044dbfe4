/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - a copy of a stopped process, made by the kernel's fork: of 1 GiB in some 20 ms, page tables
 * alone. It has all memory as it was at that moment, and stands still while it is read at leisure.
 *
 * A thread of the process is sent through code of libma's that forks, and fetched again; src/snapshot.c shows
 * it, and why it harms nobody, also if ma is killed at any moment. Where that can't be, there is no copy, and
 * the memory has to be read while the process stands still:
 *
 *   - on other machines than x86-64, and where the process, or its children, live in another namespace of process
 *     numbers: a copy could be the first in a new one, which ends with it for good;
 *   - if a thread's system calls are filtered (seccomp), as the filter may kill for a fork;
 *   - if the process would inherit the orphaned copy, as process number 1 or by PR_SET_CHILD_SUBREAPER;
 *   - if it has memory that fork leaves out (MADV_DONTFORK, MADV_WIPEONFORK), and that can't be taken in for this once:
 *     in thousands of pieces, or of a kind that the kernel does not allow it for, or with a kernel before 5.13, where a
 *     fork takes memory that devices write to (RDMA) away from under them;
 *   - for the moment, if no thread is where it may be sent from.
 */
#include <config.h>

#include "snapshot.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/snapshot.h"
#include "apart.h"

#if MA_SNAPSHOT

enum {
	POLL_NS = 50000,
	WAIT_MS = 2000,				    /* for the copy, */
	WAIT_PER_GIB_MS = 500,			    /* and more for a large process */
	PAUSE_NS = 10000000,			    /* until thread and copy look for ma, */
	PAUSES = 200,				    /* and so often, if it does not take hold of them */
	MOVE_TEST_BITS = 1 << 8 | 1 << 14 | 1 << 18 /* flags that the code does not restore: TF, NT, AC */
};

static struct snapshot written; /* to the process, by which its copy is known */

/* Have the thread, and the children that it will have, their numbers in our namespace? */
static bool same_namespace(pid_t tid)
{
	static const char *const kinds[] = {"pid", "pid_for_children"};
	char ours[64] = "";
	bool same = readlink("/proc/self/ns/pid", ours, sizeof ours - 1) > 0;

	for (size_t i = 0; i < 2 && same; i++) {
		char path[64], theirs[64] = "";

		snprintf(path, sizeof path, "/proc/%ld/ns/%s", (long)tid, kinds[i]);
		same = readlink(path, theirs, sizeof theirs - 1) > 0 && strcmp(ours, theirs) == 0;
	}
	return same;
}

/* Why the thread may not be sent. */
static const char *thread_obstacle(pid_t tid)
{
	if (target_status(tid, "Seccomp") > 0)
		return "it filters its system calls";
	if (!same_namespace(tid))
		return "its children get other numbers than ma sees";
	return NULL;
}

static const char INHERITS[] = "it inherits orphans";

const char *snapshot_obstacle(const struct target *target)
{
	if (target_place(target, "snapshot.enter") == 0)
		return "its libma has no code for that";
	if (target->pid == 1)
		return INHERITS;
	if (!apart_look(target->pid))
		return APART_OBSTACLE;
	return thread_obstacle(target->pid);
}

static bool write_to(pid_t pid, uintptr_t at, const void *from, size_t size)
{
	struct iovec here = {(void *)(uintptr_t)from, size}, there = {(void *)at, size};

	return process_vm_writev(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* The registers with which it goes on if nobody fetches it: then it has to do itself what the kernel does after
 * an interrupted system call. False: the thread is in a state that we don't know. */
static bool go_on_registers(struct user_regs_struct *registers)
{
	if ((registers->eflags & MOVE_TEST_BITS) != 0 || registers->cs != 0x33)
		return false;
	if ((long)registers->orig_rax == -1)
		return true;
	switch ((long)registers->rax) {
	case -512: /* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND: the call is made again */
	case -513:
	case -514:
		registers->rax = registers->orig_rax;
		registers->rip -= 2;
		return true;
	case -516:		      /* ERESTART_RESTARTBLOCK */
		registers->rax = 219; /* restart_syscall */
		registers->rip -= 2;
		return true;
	default:
		return true; /* it is at its end */
	}
}

/* Is any thread still in our code, from an earlier time? Then what it needs is there. One that did not stop may
 * be, unless nothing is there any more. */
static bool is_busy(const struct stopped *stopped, uintptr_t enter, uintptr_t data)
{
	struct snapshot last;
	bool sent = !target_read(stopped->pid, data, &last, sizeof last) || last.tool != 0;

	for (size_t i = 0; i < stopped->count; i++) {
		const struct stopped_thread *thread = &stopped->thread[i];

		if (thread->gone)
			continue;
		if (thread->stopped ? thread->program_counter - enter < SNAPSHOT_CODE_BYTES : sent)
			return true;
	}
	return false;
}

static bool may_send(const struct stopped_thread *thread, const char **obstacle)
{
	if (thread->gone || !thread->stopped || thread->signal != 0 || thread->by_job_control ||
	    !thread->blocked_known || thread->register_bytes != sizeof(struct user_regs_struct))
		return false;
	*obstacle = thread_obstacle(thread->tid);
	return *obstacle == NULL;
}

/* Sends one of the threads. NULL if none can be sent. */
static struct stopped_thread *send_one(struct stopped *stopped, uintptr_t enter, uintptr_t data,
				       const char **obstacle)
{
	for (size_t i = 0; i < stopped->count; i++) {
		struct stopped_thread *thread = &stopped->thread[i];
		struct user_regs_struct registers, own;

		static_assert(sizeof registers == sizeof written.registers, "all registers");
		memcpy(&registers, thread->registers, sizeof registers);
		own = registers;
		if (!may_send(thread, obstacle) || !go_on_registers(&own) ||
		    stop_in_sequence(stopped, thread))
			continue;
		written = (struct snapshot){.pause = {0, PAUSE_NS},
					    .pauses = PAUSES,
					    .tool = getpid(),
					    .all_signals = UINT64_MAX,
					    .signals = thread->blocked,
					    .pieces = apart_count()};
		memcpy(written.registers, &own, sizeof own);
		registers.rip = enter;
		registers.orig_rax = (unsigned long)-1;
		if (write_to(stopped->pid, data, &written, sizeof written) && stop_send(thread, &registers))
			return thread;
		return NULL;
	}
	return NULL;
}

/* Waits until the thread is done; `*made`: number of the copy, or below 0. False: it is not in time. */
static bool wait_for_copy(pid_t pid, struct stopped_thread *thread, uintptr_t data, int64_t *made)
{
	uint64_t polls = (uint64_t)(WAIT_MS + (target_status(pid, "VmRSS") >> 20) * WAIT_PER_GIB_MS) *
			 1000000 / POLL_NS;
	struct snapshot now = {0};

	while (polls-- > 0 && target_read(pid, data, &now, offsetof(struct snapshot, tool)) &&
	       now.done == 0 && stop_keep_running(thread))
		nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
	*made = now.done != 0 ? now.made : 0;
	return now.done != 0;
}

static bool is_as_written(const struct snapshot *seen)
{
	struct snapshot then = *seen;

	then.pauses = written.pauses;
	return memcmp(&then, &written, sizeof then) == 0;
}

pid_t snapshot_make(const struct target *target, struct stopped *stopped, const char **obstacle)
{
	uintptr_t enter = target_place(target, "snapshot.enter");
	uintptr_t data = target_place(target, "snapshot.data");
	struct stopped_thread *thread;
	int64_t made;
	bool done;

	*obstacle = NULL;
	if (is_busy(stopped, enter, data))
		return 0;
	if (!apart_prepare(target)) {
		*obstacle = APART_OBSTACLE;
		return 0;
	}
	thread = send_one(stopped, enter, data, obstacle);
	if (thread == NULL)
		return 0;
	*obstacle = NULL;
	done = wait_for_copy(target->pid, thread, data, &made);
	if (!done && apart_count() > 0) /* it has something to set right: it goes on by itself */
		return 0;
	/* What its registers were is not to be found there later, by who looks for leaks. */
	if (stop_fetch(stopped, thread, enter, enter + SNAPSHOT_CODE_BYTES))
		write_to(target->pid, data, &(struct snapshot){0}, sizeof(struct snapshot));
	if (made == -SNAPSHOT_ADOPTS)
		*obstacle = INHERITS;
	else if (made < 0)
		*obstacle = "the system has no room for its copy";
	return made > 0 ? (pid_t)made : 0;
}

/* The copy's number may be another process's by now: the copy has what we have written. */
bool snapshot_hold(const struct target *target, pid_t copy, const char **obstacle)
{
	struct snapshot seen;

	if (ptrace(PTRACE_SEIZE, copy, NULL, NULL) != 0) {
		*obstacle = errno == ESRCH ? NULL : "its copy may not be traced";
		return false;
	}
	if (ptrace(PTRACE_INTERRUPT, copy, NULL, NULL) == 0 && waitpid(copy, NULL, __WALL) == copy &&
	    target_read(copy, target_place(target, "snapshot.data"), &seen, sizeof seen) &&
	    is_as_written(&seen) && ptrace(PTRACE_SETOPTIONS, copy, NULL, (void *)PTRACE_O_EXITKILL) == 0) {
		if (apart_is_whole(copy))
			return true;
		snapshot_end(copy);
		*obstacle = apart_count() > 0 ? APART_OBSTACLE : NULL;
		return false;
	}
	ptrace(PTRACE_DETACH, copy, NULL, NULL);
	return false;
}

void snapshot_end(pid_t copy)
{
	kill(copy, SIGKILL);
	waitpid(copy, NULL, __WALL);
}

#else

const char *snapshot_obstacle(const struct target *target)
{
	(void)target;
	return "only on x86-64";
}

pid_t snapshot_make(const struct target *target, struct stopped *stopped, const char **obstacle)
{
	(void)stopped;
	*obstacle = snapshot_obstacle(target);
	return 0;
}

bool snapshot_hold(const struct target *target, pid_t copy, const char **obstacle)
{
	(void)copy;
	*obstacle = snapshot_obstacle(target);
	return false;
}

void snapshot_end(pid_t copy)
{
	(void)copy;
}

#endif
