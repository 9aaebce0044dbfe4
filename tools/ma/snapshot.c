/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - a copy of a stopped process, made by the kernel's fork: of 1 GiB in some 20 ms, page tables alone. It has
 * all memory as it was at that moment, and stands still while it is read at leisure.
 *
 * A thread of the process is sent through code of libma's that forks and comes back; src/snapshot.c shows it, and why it
 * harms nobody, also if ma is killed at any moment. Where that can't be, or the thread is not where it may be
 * sent from, there is no copy, and the memory has to be read while the process stands still:
 *
 *   - on other machines than x86-64, and where the process lives in another namespace of process numbers;
 *   - if its system calls are filtered (seccomp), as the filter may kill for a fork;
 *   - if it would inherit the orphaned copy, as process number 1;
 *   - if it has memory that fork leaves out (MADV_DONTFORK, MADV_WIPEONFORK).
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
#include "message.h"

#if MA_SNAPSHOT

enum {
	POLL_NS = 50000,
	WAIT_MS = 2000,				    /* for the copy, */
	WAIT_PER_GIB_MS = 500,			    /* and more for a large process */
	LIFE_SECONDS = 60,			    /* of the copy if ma is killed before it has hold of it */
	MOVE_TEST_BITS = 1 << 8 | 1 << 14 | 1 << 18 /* flags that the code does not restore: TF, NT, AC */
};

static bool same_namespace(pid_t pid)
{
	char path[64], ours[64] = "", theirs[64] = "";

	snprintf(path, sizeof path, "/proc/%ld/ns/pid", (long)pid);
	return readlink("/proc/self/ns/pid", ours, sizeof ours - 1) > 0 &&
	       readlink(path, theirs, sizeof theirs - 1) > 0 && strcmp(ours, theirs) == 0;
}

/* Has it memory that fork would leave out? */
static bool leaves_out(pid_t pid)
{
	char *path = text_format("/proc/%ld/smaps", (long)pid);
	FILE *file = fopen(path, "re");
	char line[512];
	bool found = file == NULL;

	free(path);
	while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
		found = strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " wr") != NULL &&
			(strstr(line, " dc") != NULL || strstr(line, " wf") != NULL);
	if (file != NULL)
		fclose(file);
	return found;
}

bool snapshot_may(const struct target *target)
{
	return target_place(target, "snapshot.enter") != 0 && target->pid != 1 &&
	       target_status(target->pid, "Seccomp") <= 0 && same_namespace(target->pid) &&
	       !leaves_out(target->pid);
}

static bool write_to(pid_t pid, uintptr_t at, const void *from, size_t size)
{
	struct iovec here = {(void *)(uintptr_t)from, size}, there = {(void *)at, size};

	return process_vm_writev(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* What the kernel does when a thread goes on that was interrupted in a system call, it does not do for one that is sent
 * elsewhere. False: the thread is in a state that we don't know. */
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

/* Is any thread still in our code, from an earlier time? Then what it needs is there. */
static bool is_busy(const struct stopped *stopped, uintptr_t enter)
{
	for (size_t i = 0; i < stopped->count; i++) {
		const struct stopped_thread *thread = &stopped->thread[i];

		if (!thread->gone &&
		    (!thread->stopped || thread->program_counter - enter < SNAPSHOT_CODE_BYTES))
			return true;
	}
	return false;
}

/* Sends one of the threads; false if none can be sent. */
static bool send_one(struct stopped *stopped, uintptr_t enter, uintptr_t data)
{
	for (size_t i = 0; i < stopped->count; i++) {
		struct stopped_thread *thread = &stopped->thread[i];
		struct user_regs_struct registers;
		struct snapshot snapshot = {.seconds = LIFE_SECONDS, .all_signals = UINT64_MAX};

		static_assert(sizeof registers == sizeof snapshot.registers, "all registers");
		if (thread->gone || thread->signal != 0 || thread->by_job_control ||
		    thread->register_bytes != sizeof registers)
			continue;
		memcpy(&registers, thread->registers, sizeof registers);
		if (!go_on_registers(&registers))
			continue;
		memcpy(snapshot.registers, &registers, sizeof registers);
		memcpy(&registers, thread->registers, sizeof registers);
		registers.rip = enter;
		registers.orig_rax = (unsigned long)-1;
		if (!write_to(stopped->pid, data, &snapshot, sizeof snapshot))
			return false;
		return stop_send(thread, &registers);
	}
	return false;
}

/* Waits for the copy; returns its number, 0 if there will be none. */
static pid_t wait_for_copy(pid_t pid, uintptr_t data)
{
	uint64_t polls = (uint64_t)(WAIT_MS + (target_status(pid, "VmRSS") >> 20) * WAIT_PER_GIB_MS) *
			 1000000 / POLL_NS;
	int64_t made = 0;

	while (polls-- > 0 && target_read(pid, data + offsetof(struct snapshot, made), &made, sizeof made) &&
	       made == 0)
		nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
	return made > 0 ? (pid_t)made : 0;
}

pid_t snapshot_make(const struct target *target, struct stopped *stopped)
{
	uintptr_t enter = target_place(target, "snapshot.enter");
	uintptr_t data = target_place(target, "snapshot.data");
	pid_t copy;

	if (is_busy(stopped, enter) || !send_one(stopped, enter, data))
		return 0;
	copy = wait_for_copy(target->pid, data);
	if (copy != 0 && ptrace(PTRACE_SEIZE, copy, NULL, (void *)PTRACE_O_EXITKILL) != 0) {
		kill(copy, SIGKILL);
		copy = 0;
	}
	return copy;
}

void snapshot_end(pid_t copy)
{
	kill(copy, SIGKILL);
	waitpid(copy, NULL, __WALL);
}

#else

bool snapshot_may(const struct target *target)
{
	(void)target;
	return false;
}

pid_t snapshot_make(const struct target *target, struct stopped *stopped)
{
	(void)target;
	(void)stopped;
	return 0;
}

void snapshot_end(pid_t copy)
{
	(void)copy;
}

#endif
