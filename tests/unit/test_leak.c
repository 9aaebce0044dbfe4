/* SPDX-License-Identifier: MIT */
/* ma_leak_check(): what it returns, how it fails, from where it may be called. */
#include "leak_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "heap.h"
#include "scripted_source.h"
#include "stacks.h"

static void *kept;
static int quiet;

/* A list of `length`, of which nothing is left on the stack. */
static __attribute__((noinline)) void make_list(void **head, int length)
{
	for (*head = NULL; length > 0; length--) {
		void **node = ma_calloc(1, 64);
		*node = *head;
		*head = hide(node);
	}
}

static __attribute__((noinline)) void wipe(void)
{
	char stack[32768];

	memset(stack, 0, sizeof(stack));
	look_at(stack);
}

static __attribute__((noinline)) int lost(void)
{
	wipe();
	return ma_leak_check(quiet);
}

static void begin(void)
{
	quiet = open("/dev/null", O_WRONLY);
	expect(quiet >= 0);
}

START_TEST(counts)
{
	begin();
	expect(lost() == 0); /* no heap yet */
	make_list(&kept, 10);
	errno = 77;
	expect(lost() == 0 && errno == 77);
	kept = NULL;
	expect(lost() == 10 && lost() == 10);
	make_list(&kept, 100000);
	expect(lost() == 10);
	memset(&kept, 0, sizeof(kept));
#if UINTPTR_MAX > UINT32_MAX /* else some other word may look like a pointer to one of so many */
	expect(lost() == 100010);
#endif
	expect(ma_check() == 0);
}
END_TEST

/* As a program has them that keeps sites: there may be a group for each. */
START_TEST(many_stacks)
{
	begin();
	for (uintptr_t i = 1; i <= 50000; i++)
		expect(ma_stacks_number(&i, 1) != 0);
	make_list(&kept, 10);
	kept = NULL;
	lost(); /* a register may still lead there: clang leaves one */
	expect(lost() == 10);
}
END_TEST

static __attribute__((noinline)) int lost_while_local(void)
{
	void *head;
	int count;

	make_list(&head, 10);
	count = lost();
	hide(head);
	return count;
}

START_TEST(from_the_stack)
{
	begin();
	expect(lost_while_local() == 0);
	expect(lost() == 10);
}
END_TEST

static volatile int lost_in_handler = -2;

static void handler(int number)
{
	(void)number;
	lost_in_handler = ma_leak_check(quiet);
}

START_TEST(in_a_handler)
{
	begin();
	make_list(&kept, 5);
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	expect(lost_in_handler == 0);
	kept = NULL;
	wipe();
	raise(SIGUSR1);
#if UINTPTR_MAX > UINT32_MAX /* else a register that was saved on the stack may still hold one */
	expect(lost_in_handler == 5);
#endif
}
END_TEST

START_TEST(failures)
{
	uint64_t requests;

	begin();
	make_list(&kept, 5);
	errno = 0;
	expect(ma_leak_check(-1) == -1 && errno == EBADF);
	errno = 0;
	expect(ma_leak_check(open("/dev/full", O_WRONLY)) == -1 && errno == ENOSPC);
	scripted_refuse(1, UINT64_MAX);
	errno = 0;
	expect(ma_leak_check(quiet) == -1 && errno == ENOMEM);
	scripted_relent();
	requests = scripted_requests();
	expect(ma_leak_check(quiet) == 0);
	expect(scripted_requests() == requests + 1); /* all memory is one mapping, */
	requests = scripted_held();
	expect(ma_leak_check(quiet) == 0);
	expect(scripted_held() == requests); /* and goes back */
}
END_TEST

#if MA_THREADS
/* Nobody may wait for a lock that he holds himself. */
START_TEST(lock_is_held)
{
	begin();
	make_list(&kept, 5);
	expect(ma_heaps_hold());
	errno = 0;
	expect(ma_leak_check(quiet) == -1 && errno == EBUSY);
	ma_heaps_let_go();
	expect(ma_leak_check(quiet) == 0);
}
END_TEST
#endif

int main(void)
{
	const TTest *const tests[] = {
		counts,
		many_stacks,
		from_the_stack,
		in_a_handler,
		failures,
#if MA_THREADS
		lock_is_held
#endif
	};

	return unit_run("leak", tests, LENGTH(tests));
}
