/* SPDX-License-Identifier: MIT */
/* The code that a thread is sent through: there is a copy, and the thread goes on as if nothing had happened. */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "snapshot.h"

#if MA_SNAPSHOT

struct shared {
	volatile bool stop;
	volatile uint64_t seen;
};

static volatile uint64_t counter; /* each process has its own */

/* Counts, and looks at what it would notice: a changed register or flag, a signal that is blocked, a child. */
static void count(struct shared *shared)
{
	uint64_t number = 1;
	sigset_t blocked;

	while (!shared->stop) {
		uint64_t before = number, sum, carry = 0;

		number = number * 6364136223846793005u + 1442695040888963407u;
		sum = number;
		__asm__ volatile("add %2, %1\n\tadc $0, %0" : "+r"(carry), "+r"(sum) : "r"(before) : "cc");
		if (sum != before + number || carry != (sum < before))
			_exit(2);
		shared->seen = ++counter;
	}
	if (sigprocmask(SIG_BLOCK, NULL, &blocked) != 0 || sigismember(&blocked, SIGUSR1) ||
	    !sigismember(&blocked, SIGUSR2))
		_exit(3);
	if (waitpid(-1, NULL, __WALL) != -1 || errno != ECHILD)
		_exit(4);
	_exit(0);
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static uint64_t read_word(pid_t pid, const volatile void *at)
{
	uint64_t word = 0;
	struct iovec here = {&word, sizeof(word)}, there = {(void *)(uintptr_t)at, sizeof(word)};

	expect(process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof(word));
	return word;
}

/* Sends the process there, and returns the number of the copy. */
static pid_t copy(pid_t pid)
{
	struct snapshot snapshot = {.seconds = 30, .all_signals = UINT64_MAX};
	struct iovec here = {&snapshot, sizeof(snapshot)}, there = {&ma_snapshot, sizeof(snapshot)};
	struct user_regs_struct registers;
	struct iovec set = {&registers, sizeof(registers)};
	uint64_t made;

	expect(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 && ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0);
	expect(waitpid(pid, NULL, 0) == pid);
	expect(ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &set) == 0);
	memcpy(snapshot.registers, &registers, sizeof(registers));
	expect((long)registers.orig_rax == -1); /* it does not make system calls */
	expect(process_vm_writev(pid, &here, 1, &there, 1, 0) == sizeof(snapshot));
	registers.rip = (uintptr_t)ma_snapshot_enter;
	expect(ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &set) == 0);
	expect(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0);
	while ((made = read_word(pid, &ma_snapshot.made)) == 0)
		rest();
	expect((int64_t)made > 0);
	return (pid_t)made;
}

START_TEST(a_copy_stands_still_and_the_process_goes_on)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t one;
	int status;
	pid_t pid;

	expect(shared != MAP_FAILED);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	expect(sigprocmask(SIG_BLOCK, &one, NULL) == 0);
	pid = fork();
	if (pid == 0)
		count(shared);
	while (shared->seen == 0) /* it is out of fork */
		rest();
	for (int round = 0; round < 20; round++) {
		uint64_t then, seen;
		pid_t made;

		seen = shared->seen;
		made = copy(pid);
		then = read_word(made, &counter);
		expect(then >= seen);
		while (shared->seen < then + 1000) /* it goes on */
			rest();
		expect(read_word(made, &counter) == then); /* and its copy does not */
		expect(kill(made, SIGTERM) == 0);
		rest();
		expect(read_word(made, &counter) == then); /* which hears of no signal but this: */
		expect(kill(made, SIGKILL) == 0);
	}
	shared->stop = true;
	expect(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

#else

START_TEST(a_copy_stands_still_and_the_process_goes_on)
{
	expect(!MA_SNAPSHOT);
}
END_TEST

#endif

int main(void)
{
	const TTest *const tests[] = {a_copy_stands_still_and_the_process_goes_on};

	return unit_run("snapshot", tests, LENGTH(tests));
}
