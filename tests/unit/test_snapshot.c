/* SPDX-License-Identifier: MIT */
/* The code that a thread is sent through: there is a copy, and the thread goes on as if nothing had happened. */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "snapshot.h"

#if MA_SNAPSHOT

struct shared {
	volatile uint64_t seen;
	volatile int stop; /* no bool: with UBSan, gcc 12 reads a volatile one only once */
};

static volatile uint64_t counter; /* each process has its own */
static volatile uint64_t *apart;  /* memory that its forks leave out; NULL: there is none */
static size_t page;

/* Has a child of this process what its forks shall leave out? */
static bool leaks_apart(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(msync((void *)(uintptr_t)apart, page, MS_ASYNC) == -1 && errno == ENOMEM &&
				      apart[page / sizeof(*apart)] == 0
			      ? 0
			      : 1);
	return waitpid(child, &status, 0) != child || status != 0;
}

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
	if (apart != NULL && leaks_apart())
		_exit(5);
	_exit(0);
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static struct shared *share(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	expect(shared != MAP_FAILED);
	return shared;
}

static pid_t start_counting(struct shared *shared, bool adopts)
{
	sigset_t one;
	pid_t pid;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	expect(sigprocmask(SIG_BLOCK, &one, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, adopts, 0, 0, 0);
		if (apart != NULL) {
			madvise((void *)(uintptr_t)apart, page, MADV_DONTFORK);
			madvise((char *)(uintptr_t)apart + page, page, MADV_WIPEONFORK);
			apart[0] = 6;
			apart[page / sizeof(*apart)] = 7;
		}
		count(shared);
	}
	while (shared->seen == 0) /* it is out of fork */
		rest();
	return pid;
}

static uint64_t read_word(pid_t pid, const volatile void *at)
{
	uint64_t word = 0;
	struct iovec here = {&word, sizeof(word)}, there = {(void *)(uintptr_t)at, sizeof(word)};

	expect(process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof(word));
	return word;
}

static void stop(pid_t pid)
{
	expect(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0 && ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0);
	expect(waitpid(pid, NULL, 0) == pid);
}

static void set_registers(pid_t pid, struct user_regs_struct *registers)
{
	struct iovec set = {registers, sizeof(*registers)};

	expect(ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &set) == 0);
}

static struct user_regs_struct get_registers(pid_t pid)
{
	struct user_regs_struct registers;
	struct iovec set = {&registers, sizeof(registers)};

	expect(ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &set) == 0);
	return registers;
}

/* Sends the process, which stands still, there. `tool` is the number of who may fetch it. Returns what its
 * registers were. */
static struct user_regs_struct send_there(pid_t pid, pid_t tool)
{
	struct snapshot snapshot = {.pause = {0, 5000000}, .pauses = 2000, .all_signals = UINT64_MAX};
	struct snapshot_piece pieces[] = {
		{(uintptr_t)apart >> 12, page >> 12, MADV_DOFORK, MADV_DONTFORK},
		{((uintptr_t)apart + page) >> 12, page >> 12, MADV_KEEPONFORK, MADV_WIPEONFORK}};
	struct iovec here[] = {{&snapshot, sizeof(snapshot)}, {pieces, sizeof(pieces)}};
	struct iovec there[] = {{&ma_snapshot, sizeof(snapshot)}, {ma_snapshot_pieces, sizeof(pieces)}};
	struct user_regs_struct registers = get_registers(pid), sent = registers;

	expect((long)registers.orig_rax == -1); /* it does not make system calls */
	expect(ptrace(PTRACE_GETSIGMASK, pid, (void *)sizeof(snapshot.signals), &snapshot.signals) == 0);
	memcpy(snapshot.registers, &registers, sizeof(registers));
	snapshot.tool = tool;
	snapshot.pieces = apart == NULL ? 0 : LENGTH(pieces);
	expect(process_vm_writev(pid, here, 2, there, 2, 0) == sizeof(snapshot) + sizeof(pieces));
	sent.rip = (uintptr_t)ma_snapshot_enter;
	set_registers(pid, &sent);
	return registers;
}

/* Waits until it is done, and returns the number of the copy. */
static pid_t made_by(pid_t pid)
{
	while (read_word(pid, &ma_snapshot.done) == 0)
		rest();
	expect((int64_t)read_word(pid, &ma_snapshot.made) > 0);
	return (pid_t)read_word(pid, &ma_snapshot.made);
}

/* A number that no process has. */
static pid_t nobody(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	expect(waitpid(pid, NULL, 0) == pid);
	return pid;
}

/* Has a copy made, as ma does. Returns its number. */
static pid_t copy_and_fetch(pid_t pid)
{
	struct user_regs_struct registers, now;
	uint64_t blocked;
	pid_t made;

	stop(pid);
	registers = send_there(pid, getpid());
	expect(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
	made = made_by(pid);
	for (int i = 0; i < 20;
	     i++) /* longer than one pause: it waits as long as there is who may fetch it */
		rest();
	expect(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0 && waitpid(pid, NULL, 0) == pid);
	now = get_registers(pid);
	expect(now.rip - (uintptr_t)ma_snapshot_enter < SNAPSHOT_CODE_BYTES);
	blocked = read_word(pid, &ma_snapshot.signals);
	expect(ptrace(PTRACE_SETSIGMASK, pid, (void *)sizeof(blocked), &blocked) == 0);
	set_registers(pid, &registers);
	expect(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0);
	return made;
}

/* The same, with one who is killed as soon as it is sent. */
static pid_t copy_and_die(pid_t pid)
{
	stop(pid);
	send_there(pid, nobody());
	expect(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0);
	return made_by(pid);
}

/* It counts on, has noticed nothing, and ends. */
static void counts_on(struct shared *shared, pid_t pid)
{
	uint64_t seen = shared->seen;
	int status;

	while (shared->seen < seen + 1000)
		rest();
	shared->stop = true;
	expect(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(a_copy_stands_still_and_the_process_goes_on)
{
	struct shared *shared = share();
	pid_t pid = start_counting(shared, false);

	for (int round = 0; round < 20; round++) {
		uint64_t seen = shared->seen;
		pid_t made = copy_and_fetch(pid);
		uint64_t then = read_word(made, &counter);

		expect(then >= seen);
		while (shared->seen < then + 1000) /* it goes on */
			rest();
		expect(read_word(made, &counter) == then); /* and its copy does not */
		expect(kill(made, SIGTERM) == 0);
		rest();
		expect(read_word(made, &counter) == then); /* which hears of no signal but this: */
		expect(kill(made, SIGKILL) == 0);
	}
	counts_on(shared, pid);
}
END_TEST

START_TEST(without_who_made_it_the_process_goes_on_and_the_copy_ends)
{
	struct shared *shared = share();
	pid_t pid = start_counting(shared, false);

	for (int round = 0; round < 20; round++) {
		pid_t made = copy_and_die(pid);
		uint64_t word, seen = shared->seen;
		struct iovec here = {&word, sizeof(word)},
			     there = {(void *)(uintptr_t)&counter, sizeof(word)};

		while (shared->seen < seen + 1000)
			rest();
		while (process_vm_readv(made, &here, 1, &there, 1, 0) == sizeof(word))
			rest();
		expect(errno == ESRCH);
	}
	counts_on(shared, pid);
}
END_TEST

START_TEST(a_process_that_inherits_orphans_is_not_copied)
{
	struct shared *shared = share();
	pid_t pid = start_counting(shared, true);

	stop(pid);
	send_there(pid, nobody());
	expect(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0);
	while (read_word(pid, &ma_snapshot.done) == 0)
		rest();
	expect((int64_t)read_word(pid, &ma_snapshot.made) == -SNAPSHOT_ADOPTS);
	counts_on(shared, pid);
}
END_TEST

START_TEST(what_fork_leaves_out_is_in_the_copy_and_is_left_out_again)
{
	struct shared *shared = share();
	pid_t pid, made;

	page = (size_t)sysconf(_SC_PAGESIZE);
	apart = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect(apart != MAP_FAILED);
	pid = start_counting(shared, false);
	for (int round = 0; round < 3; round++) {
		uint64_t seen;

		made = copy_and_fetch(pid);
		expect(read_word(made, &apart[0]) == 6 &&
		       read_word(made, &apart[page / sizeof(*apart)]) == 7);
		expect(kill(made, SIGKILL) == 0);
		copy_and_die(pid);
		seen = shared->seen;
		while (shared->seen < seen + 1000)
			rest();
	}
	counts_on(shared, pid);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_copy_stands_still_and_the_process_goes_on,
		without_who_made_it_the_process_goes_on_and_the_copy_ends,
		a_process_that_inherits_orphans_is_not_copied,
		what_fork_leaves_out_is_in_the_copy_and_is_left_out_again,
	};

	return unit_run("snapshot", tests, LENGTH(tests));
}

#else

int main(void)
{
	puts("snapshots are made on x86-64 only");
	return 77;
}

#endif
