/* SPDX-License-Identifier: MIT */
/* All threads of a process are stopped outside of a piece of code, also those that others start meanwhile. */
#include "../unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../../tools/ma/stop.h"
#include "../../tools/ma/target.h"

/* Of tools/ma/target.c, of which stop.c wants nothing else. */
bool target_read(pid_t pid, uintptr_t from, void *to, size_t size)
{
	struct iovec here = {to, size}, there = {(void *)from, size};

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

#if defined __x86_64__ || defined __aarch64__

#define ROUNDS 50

/* What counts as inside here. */
#define INSIDE __attribute__((section("inside"), noinline))
extern char __start_inside[], __stop_inside[];

static struct shared {
	atomic_ulong counter;
} * shared;

static _Thread_local volatile unsigned mark;

static uintptr_t distance(void)
{
#if defined __x86_64__
	uintptr_t pointer;

	__asm__("mov %%fs:0, %0" : "=r"(pointer));
#else
	uintptr_t pointer = (uintptr_t)__builtin_thread_pointer();
#endif
	return (uintptr_t)&mark - pointer;
}

static void rest(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* Starts a child that does this, and waits until it counts. */
static pid_t start(void (*act)(void))
{
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	expect(shared != MAP_FAILED);
	pid = fork();
	expect(pid >= 0);
	if (pid == 0)
		act();
	while (atomic_load(&shared->counter) == 0)
		rest(1000000);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	expect(waitpid(pid, NULL, 0) == pid);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* For some milliseconds. */
static void *counts(void *unused)
{
	for (uint64_t until = now_ns() + 5000000; now_ns() < until;)
		atomic_fetch_add(&shared->counter, 1);
	return unused;
}

INSIDE static void spin(void)
{
	for (volatile int i = 0; i < 50000; i++)
		;
}

static void start_threads(void)
{
	for (;;) {
		pthread_t thread;
		spin();
		if (pthread_create(&thread, NULL, counts, NULL) == 0)
			pthread_detach(thread);
	}
}

START_TEST(threads_that_are_started_meanwhile_are_stopped)
{
	pid_t pid = start(start_threads);

	for (int round = 0; round < ROUNDS; round++) {
		struct stop_inside inside = {(uintptr_t)__start_inside, (uintptr_t)__stop_inside, 0};
		struct stopped stopped;
		unsigned long before;

		expect(stop_all(&stopped, pid) == 0);
		stop_outside(&stopped, &inside);
		before = atomic_load(&shared->counter);
		rest(10000000);
		expect(atomic_load(&shared->counter) == before);
		stop_release(&stopped);
		stop_settle(&stopped);
		stop_forget(&stopped);
		rest(1000000);
	}
	end(pid);
}
END_TEST

static void mark_by_turns(void)
{
	for (;;) {
		mark = 1;
		for (volatile int i = 0; i < 100000; i++)
			;
		mark = 0;
		for (volatile int i = 0; i < 30000; i++)
			;
		atomic_fetch_add(&shared->counter, 1);
	}
}

/* The child has its variable where this process has it. */
START_TEST(whose_mark_is_set_is_inside)
{
	pid_t pid = start(mark_by_turns);
	int outside = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct stop_inside inside = {.mark = distance()};
		struct stopped stopped;
		unsigned seen;
		size_t left;

		expect(stop_all(&stopped, pid) == 0 && stopped.count == 1);
		left = stop_outside(&stopped, &inside);
		expect(target_read(pid, (uintptr_t)&mark, &seen, sizeof(seen)) && left == seen);
		outside += seen == 0;
		stop_release(&stopped);
		stop_settle(&stopped);
		stop_forget(&stopped);
	}
	expect(outside > 0);
	end(pid);
}
END_TEST

/* As earlier calls leave them. */
static void keep_old_addresses(void)
{
	volatile uintptr_t words[64];

	for (size_t i = 0; i < LENGTH(words); i++)
		words[i] = (uintptr_t)spin;
	atomic_fetch_add(&shared->counter, 1);
	while (words[0] != 0)
		;
}

START_TEST(old_addresses_on_a_stack_count_only_without_a_mark)
{
	pid_t pid = start(keep_old_addresses);

	for (int marked = 0; marked < 2; marked++) {
		struct stop_inside inside = {(uintptr_t)__start_inside, (uintptr_t)__stop_inside,
					     marked ? distance() : 0};
		struct stopped stopped;

		expect(stop_all(&stopped, pid) == 0 && stopped.count == 1);
		expect(stop_outside(&stopped, &inside) == (marked ? 0 : 1));
		stop_release(&stopped);
		stop_settle(&stopped);
		stop_forget(&stopped);
	}
	end(pid);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		threads_that_are_started_meanwhile_are_stopped,
		whose_mark_is_set_is_inside,
		old_addresses_on_a_stack_count_only_without_a_mark,
	};

	if (is_emulated())
		return 77;
	return unit_run("stop", tests, LENGTH(tests));
}

#else

int main(void)
{
	return 77; /* there is no mark on this machine */
}

#endif
