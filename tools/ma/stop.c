/* SPDX-License-Identifier: MIT */
/*
 * stop.c - all threads of a process stand still for a while, and go on unharmed.
 *
 * Threads are seized (ptrace(2), PTRACE_SEIZE) and interrupted: no signal is sent, and nothing of the process is
 * changed. If ma is killed meanwhile, the kernel lets them go. For that reason no thread is ever single-stepped: one
 * whose tracer dies while it does is killed by the trap.
 *
 * A thread that sleeps in the kernel and can't be interrupted (a disk that does not answer, vfork(2)) is left alone:
 * it runs no code of the process.
 */
#include <config.h>

#include "stop.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "message.h"
#include "target.h"

/* PTRACE_GET_RSEQ_CONFIGURATION, of Linux 5.13; not every C library has it. */
#define MA_GET_RSEQ_CONFIGURATION 0x420f

enum {
	WAIT_MS = 200,	    /* for a thread to stop */
	OUTSIDE_US = 10000, /* for all threads to leave a piece of code */
	SLICE_NS = 20000,   /* that a thread runs on for to leave it */
	STACK_WORDS = 128   /* at the top of a stack, where a return address into the code may be */
};

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void pause_ns(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* The state of a thread as /proc tells it: 'R', 'S', 'D', 'Z', …; '\0' if it is gone. */
static char thread_state(pid_t pid, pid_t tid)
{
	char path[64], line[256] = "";
	const char *name_end;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/stat", (long)pid, (long)tid);
	file = fopen(path, "re");
	if (file == NULL)
		return '\0';
	if (fgets(line, sizeof line, file) == NULL)
		line[0] = '\0';
	fclose(file);
	name_end = strrchr(line, ')'); /* the name may hold anything */
	return name_end == NULL || name_end[1] != ' ' ? '\0' : name_end[2];
}

/* Whether this process traces the thread already: it could not be let go, since it did not stop in time. */
static bool is_ours(pid_t pid, pid_t tid)
{
	char path[64], line[256];
	long tracer = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/status", (long)pid, (long)tid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "TracerPid: %ld", &tracer) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return tracer == (long)getpid();
}

static bool is_known(const struct stopped *stopped, pid_t tid)
{
	for (size_t i = 0; i < stopped->count; i++)
		if (stopped->thread[i].tid == tid)
			return true;
	return false;
}

static struct stopped_thread *add_thread(struct stopped *stopped, pid_t tid)
{
	if (stopped->count == stopped->room) {
		stopped->room = stopped->room == 0 ? 64 : stopped->room * 2;
		stopped->thread = realloc(stopped->thread, stopped->room * sizeof *stopped->thread);
		if (stopped->thread == NULL)
			fail(EXIT_OWN_FAILURE, "out of memory");
	}
	stopped->thread[stopped->count] = (struct stopped_thread){.tid = tid};
	return &stopped->thread[stopped->count++];
}

/* Seizes the threads that are not known yet. Returns how many came, or minus errno. */
static int seize_new(struct stopped *stopped)
{
	char *path = text_format("/proc/%ld/task", (long)stopped->pid);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int came = 0;

	free(path);
	if (folder == NULL)
		return -ESRCH;
	while (came >= 0 && (entry = readdir(folder)) != NULL) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0 || is_known(stopped, tid))
			continue;
		if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0 ||
		    (errno == EPERM && is_ours(stopped->pid, tid))) {
			add_thread(stopped, tid);
			came++;
		} else if (errno != ESRCH && thread_state(stopped->pid, tid) != 'Z' &&
			   thread_state(stopped->pid, tid) != '\0') {
			came = -errno;
		}
	}
	closedir(folder);
	return came;
}

/* Takes in what the thread did; true if it stands still now, or is gone. */
static bool thread_heard(struct stopped_thread *thread, int options)
{
	int status;
	pid_t heard = waitpid(thread->tid, &status, __WALL | options);

	if (heard == 0 || (heard < 0 && errno == EINTR))
		return false;
	if (heard < 0 || !WIFSTOPPED(status)) {
		thread->gone = true;
		return true;
	}
	thread->stopped = true;
	/* Not our interruption or a stop by job control, but a signal that it is about to get: it shall. */
	if (status >> 16 == 0)
		thread->signal = WSTOPSIG(status);
	thread->by_job_control = status >> 16 != 0 && WSTOPSIG(status) != SIGTRAP;
	return true;
}

static void thread_wait(const struct stopped *stopped, struct stopped_thread *thread)
{
	uint64_t start = now_us();

	for (unsigned tries = 0; !thread_heard(thread, WNOHANG); tries++) {
		uint64_t waited = now_us() - start;
		if (waited > WAIT_MS * UINT64_C(1000) ||
		    (waited > 2000 && thread_state(stopped->pid, thread->tid) == 'D'))
			return;
		if (tries > 20)
			pause_ns(SLICE_NS);
	}
}

static void thread_read(struct stopped_thread *thread)
{
	struct iovec room = {thread->registers, sizeof thread->registers};

	thread->register_bytes = 0;
	if (ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_PRSTATUS, &room) != 0)
		return;
	thread->register_bytes = room.iov_len;
	thread->blocked_known = ptrace(PTRACE_GETSIGMASK, thread->tid, (void *)sizeof thread->blocked,
				       &thread->blocked) == 0;
#if defined __x86_64__
	struct user_regs_struct registers;
	memcpy(&registers, thread->registers, sizeof registers);
	thread->program_counter = registers.rip;
	thread->stack_pointer = registers.rsp;
	thread->thread_pointer = registers.fs_base;
#elif defined __i386__
	struct user_regs_struct registers;
	memcpy(&registers, thread->registers, sizeof registers);
	thread->program_counter = (uintptr_t)registers.eip;
	thread->stack_pointer = (uintptr_t)registers.esp;
#elif defined __aarch64__
	struct user_regs_struct registers;
	memcpy(&registers, thread->registers, sizeof registers);
	thread->program_counter = registers.pc;
	thread->stack_pointer = registers.sp;
	room = (struct iovec){&thread->thread_pointer, sizeof thread->thread_pointer};
	if (ptrace(PTRACE_GETREGSET, thread->tid, (void *)NT_ARM_TLS, &room) != 0)
		thread->thread_pointer = 0;
#endif
}

/* Stops the threads that are not known yet. One that runs may start others until it stands still: looks again until there
 * are no new ones. Returns minus errno if that fails. */
static int stop_new(struct stopped *stopped)
{
	size_t known = stopped->count, interrupted = known;
	int came;

	while ((came = seize_new(stopped)) > 0) {
		for (size_t i = interrupted; i < stopped->count; i++)
			/* One that we could not let go before may have stopped since: it would stop twice. */
			if (!thread_heard(&stopped->thread[i], WNOHANG) &&
			    ptrace(PTRACE_INTERRUPT, stopped->thread[i].tid, NULL, NULL) != 0)
				stopped->thread[i].gone = true;
		for (size_t i = interrupted; i < stopped->count; i++)
			if (!stopped->thread[i].gone && !stopped->thread[i].stopped)
				thread_wait(stopped, &stopped->thread[i]);
		interrupted = stopped->count;
	}
	for (size_t i = known; i < stopped->count; i++)
		if (stopped->thread[i].stopped)
			thread_read(&stopped->thread[i]);
	return came;
}

int stop_all(struct stopped *stopped, pid_t pid)
{
	int came;

	*stopped = (struct stopped){.pid = pid};
	came = stop_new(stopped);
	if (came < 0 || stopped->count == 0) {
		stop_release(stopped);
		return came < 0 ? -came : ESRCH;
	}
	return 0;
}

/* Is there, as far as the top of its stack tells, a function that the code called? */
static bool is_called(const struct stopped *stopped, const struct stopped_thread *thread,
		      const struct stop_inside *inside)
{
	uintptr_t words[STACK_WORDS];
	size_t count = thread->stack_pointer == 0 ? 0 : STACK_WORDS;

	while (count > 0 && !target_read(stopped->pid, thread->stack_pointer, words, count * sizeof *words))
		count /= 2; /* the stack begins right above */
	for (size_t i = 0; i < count; i++)
		if (words[i] >= inside->start && words[i] < inside->end)
			return true;
	return false;
}

static bool is_inside(const struct stopped *stopped, const struct stopped_thread *thread,
		      const struct stop_inside *inside)
{
	unsigned mark;

	if (!thread->stopped || thread->gone)
		return false;
	if (thread->program_counter >= inside->start && thread->program_counter < inside->end)
		return true;
	if (inside->mark == 0)
		return is_called(stopped, thread, inside);
	return thread->thread_pointer != 0 &&
	       target_read(stopped->pid, thread->thread_pointer + inside->mark, &mark, sizeof mark) &&
	       mark != 0;
}

/* Lets one thread run. */
static bool run(struct stopped_thread *thread)
{
	if (ptrace(PTRACE_CONT, thread->tid, NULL, (void *)(intptr_t)thread->signal) != 0) {
		thread->gone = true;
		return false;
	}
	thread->stopped = false;
	thread->signal = 0;
	return true;
}

/* Stops it again. */
static void halt(const struct stopped *stopped, struct stopped_thread *thread)
{
	if (ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL) != 0)
		thread->gone = true;
	else
		thread_wait(stopped, thread);
}

/* Lets one thread run for a moment. */
static void run_slice(const struct stopped *stopped, struct stopped_thread *thread, long ns)
{
	if (!run(thread))
		return;
	pause_ns(ns);
	halt(stopped, thread);
	if (thread->stopped)
		thread_read(thread);
}

size_t stop_outside(struct stopped *stopped, const struct stop_inside *inside)
{
	uint64_t until = now_us() + OUTSIDE_US;
	long slice = SLICE_NS;
	size_t count;

	do {
		size_t known = stopped->count;
		bool ran = false;

		count = 0;
		for (size_t i = 0; i < known; i++) {
			if (!is_inside(stopped, &stopped->thread[i], inside))
				continue;
			if (now_us() < until) {
				run_slice(stopped, &stopped->thread[i], slice);
				ran = true;
			}
			count += is_inside(stopped, &stopped->thread[i], inside);
		}
		if (ran)
			stop_new(stopped); /* that those which ran have started */
		count += stopped->count - known;
		slice *= 2; /* a busy system may not let it run at once */
	} while (count > 0 && now_us() < until);
	return count;
}

void stop_read_vectors(struct stopped *stopped)
{
	/* The larger set of a machine, else the one that all have. */
	static const int sets[] = {NT_X86_XSTATE, NT_PRFPREG};

	for (size_t i = 0; i < stopped->count; i++) {
		struct stopped_thread *thread = &stopped->thread[i];

		for (size_t set = 0; set < 2 && thread->stopped && thread->vector_bytes == 0; set++) {
			struct iovec room = {thread->vectors, sizeof thread->vectors};
			if (ptrace(PTRACE_GETREGSET, thread->tid, (void *)(intptr_t)sets[set], &room) == 0)
				thread->vector_bytes = room.iov_len;
		}
	}
}

bool stop_in_sequence(const struct stopped *stopped, const struct stopped_thread *thread)
{
	struct {
		uint64_t at;
		uint32_t size, signature, flags, unused;
	} area;
	struct {
		uint32_t version, flags;
		uint64_t start, size, abort;
	} sequence;
	uint64_t current;

	/* A kernel that does not tell, or a thread without: most have none. */
	if (ptrace(MA_GET_RSEQ_CONFIGURATION, thread->tid, (void *)sizeof area, &area) != (long)sizeof area ||
	    area.at == 0)
		return false;
	/* Behind two numbers of processors; it may still be that of the last sequence. */
	return target_read(stopped->pid, (uintptr_t)area.at + 2 * sizeof(uint32_t), &current,
			   sizeof current) &&
	       current != 0 && target_read(stopped->pid, (uintptr_t)current, &sequence, sizeof sequence) &&
	       thread->program_counter - sequence.start < sequence.size;
}

static bool write_registers(const struct stopped_thread *thread, const void *registers)
{
	char set[MOST_REGISTER_BYTES];
	struct iovec data = {set, thread->register_bytes};

	memcpy(set, registers, thread->register_bytes);
	return ptrace(PTRACE_SETREGSET, thread->tid, (void *)NT_PRSTATUS, &data) == 0;
}

static bool block(const struct stopped_thread *thread, uint64_t signals)
{
	return ptrace(PTRACE_SETSIGMASK, thread->tid, (void *)sizeof signals, &signals) == 0;
}

/* The registers first: with them it would block the signals itself, if ma were killed between the two. */
bool stop_send(struct stopped_thread *thread, const void *registers)
{
	if (!write_registers(thread, registers))
		return false;
	if (block(thread, UINT64_MAX) && run(thread))
		return true;
	block(thread, thread->blocked);
	write_registers(thread, thread->registers);
	return false;
}

bool stop_keep_running(struct stopped_thread *thread)
{
	return !thread_heard(thread, WNOHANG) || (!thread->gone && run(thread));
}

/* What is known of it stays as it was when it was sent. The registers last: if ma is killed before, the code
 * gives back both by itself. */
bool stop_fetch(const struct stopped *stopped, struct stopped_thread *thread, uintptr_t start, uintptr_t end)
{
	struct stopped_thread now = *thread;

	halt(stopped, &now);
	thread->stopped = now.stopped;
	thread->gone = now.gone;
	thread->signal = now.signal;
	thread->by_job_control = now.by_job_control;
	if (!now.stopped)
		return false;
	thread_read(&now);
	if (now.program_counter < start || now.program_counter >= end)
		return true;
	return block(thread, thread->blocked) && write_registers(thread, thread->registers);
}

static void detach(const struct stopped_thread *thread)
{
	ptrace(PTRACE_DETACH, thread->tid, NULL, (void *)(intptr_t)thread->signal);
}

void stop_release(struct stopped *stopped)
{
	for (size_t i = 0; i < stopped->count; i++)
		if (stopped->thread[i].stopped)
			detach(&stopped->thread[i]);
}

void stop_settle(struct stopped *stopped)
{
	uint64_t start = now_us();

	for (size_t i = 0; i < stopped->count; i++) {
		struct stopped_thread *thread = &stopped->thread[i];

		if (thread->stopped || thread->gone)
			continue;
		while (!thread_heard(thread, WNOHANG) && now_us() - start < WAIT_MS * UINT64_C(1000))
			pause_ns(SLICE_NS);
		if (thread->stopped)
			detach(thread);
	}
}

void stop_forget(struct stopped *stopped)
{
	free(stopped->thread);
	*stopped = (struct stopped){0};
}
