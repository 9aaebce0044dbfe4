/* SPDX-License-Identifier: MIT */
/*
 * measure_trace.c - part of ma-measure: counts the system calls through which memory comes and goes.
 *
 * A seccomp filter, which all of the program's threads and children inherit, lets every call pass but those
 * of interest; at these the kernel stops the thread for its tracer, and passes on the number that the
 * filter gave the call. So the program is slowed down at these calls only, and no register has to be read.
 *
 * Of mmap(2) only anonymous memory counts, and not that of thread stacks: neither files nor stacks are the
 * allocator's. A 32-bit program has other numbers for its calls; it could not load the library anyway.
 */
#include <config.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "measure.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif

/* If the call just loaded is `number`, tell the tracer `call`; else go on. */
#define TELL(number, call)                                                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),                                                   \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | (call))

bool trace_install_filter(void)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		TELL(SYS_brk, CALL_BRK),
		TELL(SYS_munmap, CALL_MUNMAP),
		TELL(SYS_mremap, CALL_MREMAP),
		TELL(SYS_madvise, CALL_MADVISE),
		TELL(SYS_mprotect, CALL_MPROTECT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3]) + LOW_HALF),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_STACK, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | CALL_MMAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool trace_seize(pid_t pid)
{
	long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;

	return ptrace(PTRACE_SEIZE, pid, NULL, options) == 0;
}

/* Whether the stop is one of job control, in which the thread is to stay. */
static bool is_group_stop(int event, int number)
{
	return event == PTRACE_EVENT_STOP &&
	       (number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU);
}

/* Counts what the thread stopped for and lets it go on. */
static void resume(pid_t thread, int status, struct report_measured *measured)
{
	int event = status >> 16;
	int number = WSTOPSIG(status);
	unsigned long call;

	if (event == PTRACE_EVENT_SECCOMP && ptrace(PTRACE_GETEVENTMSG, thread, NULL, &call) == 0 &&
	    call < CALLS)
		measured->calls[call]++;
	if (is_group_stop(event, number))
		ptrace(PTRACE_LISTEN, thread, NULL, NULL);
	else
		ptrace(PTRACE_CONT, thread, NULL, (long)(event == 0 ? number : 0));
}

int trace_until_end(pid_t pid, struct report_measured *measured)
{
	for (;;) {
		int status;
		pid_t thread = waitpid(-1, &status, __WALL);

		if (thread < 0 && errno != EINTR)
			return 0;
		if (thread < 0)
			continue;
		if (WIFSTOPPED(status))
			resume(thread, status, measured);
		else if (thread == pid) {
			measured->traced = 1;
			return status;
		}
	}
}
