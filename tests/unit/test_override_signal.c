/* SPDX-License-Identifier: MIT */
/*
 * sigaction() and its kin. In this program, which is linked over them, they are ours: it sees what it has set, and a
 * handler that has interrupted libma has no heap. tests/preload/interrupts.sh has real interruptions.
 */
#include "unit.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "busy.h"
#include "options.h"
#include "thread.h"

typedef void plain_handler(int number);

plain_handler *bsd_signal(int number, plain_handler *handler);
plain_handler *sysv_signal(int number, plain_handler *handler);
plain_handler *__sysv_signal(int number, plain_handler *handler);

static volatile int called, called_with;
static void *volatile given;

static void handle(int number)
{
	called++;
	called_with = number;
	given = malloc(10);
}

static void handle_fully(int number, siginfo_t *info, void *context)
{
	expect(info->si_signo == number && context != NULL);
	handle(number);
}

/* Sends the signal; was the handler called, and with a heap? */
static bool runs(int number, bool with_heap)
{
	int before = called;

	given = NULL;
	expect(raise(number) == 0);
	if (called != before + 1 || called_with != number || (given != NULL) != with_heap)
		return false;
	free(given);
	return true;
}

static struct sigaction now(int number)
{
	struct sigaction action;

	expect(sigaction(number, NULL, &action) == 0);
	return action;
}

START_TEST(seen_as_set)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART}, old;

	sigaddset(&action.sa_mask, SIGUSR2);
	expect(sigaction(SIGUSR1, &action, &old) == 0 && old.sa_handler == SIG_DFL);
	expect(now(SIGUSR1).sa_handler == handle && !(now(SIGUSR1).sa_flags & SA_SIGINFO));
	expect(now(SIGUSR1).sa_flags & SA_RESTART &&
	       sigismember(
		       &(struct sigaction[]) { now(SIGUSR1) } -> sa_mask, SIGUSR2));
	expect(runs(SIGUSR1, true));
	action.sa_sigaction = handle_fully;
	action.sa_flags = SA_SIGINFO | SA_NODEFER;
	expect(sigaction(SIGUSR1, &action, &old) == 0);
	expect(old.sa_handler == handle && !(old.sa_flags & SA_SIGINFO));
	expect(now(SIGUSR1).sa_sigaction == handle_fully && now(SIGUSR1).sa_flags & SA_SIGINFO);
	expect(runs(SIGUSR1, true));
	action.sa_handler = SIG_IGN;
	expect(sigaction(SIGUSR1, &action, &old) == 0 && old.sa_sigaction == handle_fully);
	expect(now(SIGUSR1).sa_handler == SIG_IGN && raise(SIGUSR1) == 0);
}
END_TEST

START_TEST(once)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = (int)SA_RESETHAND};

	expect(sigaction(SIGUSR1, &action, NULL) == 0 && runs(SIGUSR1, true));
	expect(now(SIGUSR1).sa_handler == SIG_DFL && !(now(SIGUSR1).sa_flags & SA_SIGINFO));
	action.sa_sigaction = handle_fully;
	action.sa_flags |= SA_SIGINFO;
	expect(sigaction(SIGUSR1, &action, NULL) == 0 && runs(SIGUSR1, true));
	expect(now(SIGUSR1).sa_handler == SIG_DFL && now(SIGUSR1).sa_flags & SA_SIGINFO);
}
END_TEST

START_TEST(refused)
{
	struct sigaction action = {.sa_handler = handle};
	const int wrong[] = {-1, 0, SIGKILL, SIGSTOP, 65, 1000000};

	for (size_t i = 0; i < LENGTH(wrong); i++) {
		errno = 0;
		expect(sigaction(wrong[i], &action, NULL) == -1 && errno == EINVAL);
		errno = 0;
		expect(signal(wrong[i], handle) == SIG_ERR && errno == EINVAL);
	}
	expect(sigaction(SIGKILL, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
}
END_TEST

static void simply(plain_handler *(*set)(int number, plain_handler *handler))
{
	expect(set(SIGUSR1, handle) == SIG_DFL && now(SIGUSR1).sa_handler == handle);
	expect(!(now(SIGUSR1).sa_flags & SA_SIGINFO) && runs(SIGUSR1, true));
	set(SIGUSR1, handle);
	expect(set(SIGUSR1, SIG_IGN) == handle && now(SIGUSR1).sa_handler == SIG_IGN);
	expect(set(SIGUSR1, SIG_DFL) == SIG_IGN && now(SIGUSR1).sa_handler == SIG_DFL);
}

START_TEST(simple_ones)
{
	simply(signal);
	simply(bsd_signal);
	simply(sysv_signal);
	simply(__sysv_signal);
	signal(SIGUSR1, handle);
	expect(now(SIGUSR1).sa_flags & SA_RESTART);
	sysv_signal(SIGUSR1, handle);
	expect(!(now(SIGUSR1).sa_flags & SA_RESTART) && now(SIGUSR1).sa_flags & (int)SA_RESETHAND);
	expect(runs(SIGUSR1, true) && now(SIGUSR1).sa_handler == SIG_DFL);
}
END_TEST

START_TEST(inside)
{
	void *kept = malloc(10);

	signal(SIGUSR1, handle);
	ma_busy_begin();
	expect(runs(SIGUSR1, false) && ma_busy == 1 && ma_busy_interrupted == 0);
	ma_busy_end();
	expect(runs(SIGUSR1, true));
	free(kept);
}
END_TEST

static sigjmp_buf out;

static void jump(int number)
{
	handle(number);
	siglongjmp(out, 1);
}

static void on_a_stack(void (*function)(int number), int flags)
{
	struct sigaction action = {.sa_handler = function, .sa_flags = flags};
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	expect(sigaltstack(&stack, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
}

START_TEST(alternate_stack)
{
	on_a_stack(handle, SA_ONSTACK);
	expect(runs(SIGUSR1, true));
	ma_busy_begin();
	expect(runs(SIGUSR1, false) && ma_busy == 1);
	ma_busy_end();
}
END_TEST

/* By longjmp() out of a handler that has interrupted libma. */
static void leave(int flags)
{
	void *p;

	on_a_stack(jump, flags);
	for (int i = 0; i < 3; i++) {
		ma_busy_begin();
		if (sigsetjmp(out, 1) == 0)
			raise(SIGUSR1);
		expect(given == NULL && called == i + 1);
		p = malloc(10);
		expect(p != NULL && ma_busy == 0 && ma_thread_own != &ma_heap_none);
		free(p);
	}
}

START_TEST(left)
{
	leave(0);
}
END_TEST

START_TEST(left_from_alternate_stack)
{
	leave(SA_ONSTACK);
}
END_TEST

START_TEST(turned_off)
{
	ma_options.sigaction = true;
	signal(SIGUSR1, handle);
	expect(now(SIGUSR1).sa_handler == handle && runs(SIGUSR1, true));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		seen_as_set, once, refused,	    simple_ones,
		inside,	     left, alternate_stack, left_from_alternate_stack,
		turned_off,
	};

	return unit_run("override_signal", tests, LENGTH(tests));
}
