/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers that leave by siglongjmp(3), out of the middle of a ma_malloc or ma_free as likely as not; from the
 * program's stack or an alternate one, with others above them. The program goes on to allocate, from further down its stack
 * than it was, or further up.
 *
 * What is interrupted is a fast path, which leaves no more behind than a slot.
 */
#include "stress.h"

#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#define OBJECTS 20000

static sigjmp_buf out;
static volatile sig_atomic_t leaps, granted;

static void on_inner(int number)
{
	(void)number;
	ma_free(ma_malloc(100));
}

static void on_alarm(int number)
{
	(void)number;
	ma_free(ma_malloc(64));
	raise(SIGUSR1);
	leaps++;
	siglongjmp(out, 1);
}

/* Half-empty slabs, so that the next few thousand allocations are fast paths all. */
static void prepare(void)
{
	static void *object[OBJECTS];

	for (size_t i = 0; i < OBJECTS; i++)
		object[i] = ma_malloc(64);
	for (size_t i = 0; i < OBJECTS; i += 2)
		ma_free(object[i]);
}

static __attribute__((noinline)) void pairs(size_t depth, int count)
{
	volatile char *space = alloca(depth);

	space[0] = 0;
	for (int i = 0; i < count; i++) {
		void *volatile p = ma_malloc(64);
		if (p != NULL)
			granted++;
		ma_free(p);
	}
}

static void handle(int number, void (*handler)(int number), int flags)
{
	const struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	expect(sigaction(number, &action, NULL) == 0);
}

/* Once: one that comes as soon as siglongjmp() lets it would come ever further down the stack, where all is slow. */
static void set_timer(long microseconds)
{
	const struct itimerval once = {.it_value = {0, microseconds}};

	expect(setitimer(ITIMER_REAL, &once, NULL) == 0);
}

static void run(double end, int flags, int inner_flags)
{
	volatile sig_atomic_t before = -1, idle = 0;

	handle(SIGALRM, on_alarm, flags);
	handle(SIGUSR1, on_inner, inner_flags);
	sigsetjmp(out, 1);
	if (stress_now() < end) {
		idle = granted == before ? idle + 1 : 0; /* it was too short, or another process had it */
		expect(idle < 100);
		before = granted;
		set_timer(100 + leaps % 17 + idle * 100);
		pairs((size_t)leaps % 8 * 1000 + 16, 100000000);
		expect(false);
	}
	before = granted;
	pairs(16, 1000);
	expect(granted == before + 1000);
	prepare(); /* comes to the ends of lists, where a wrong count shows */
	expect(ma_check() == 0);
}

int main(void)
{
	static char alternate[256 * 1024];
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	double now = stress_now(), quarter = (stress_end() - now) / 4;

	if (stress_handlers_wait())
		return 77;
	expect(sigaltstack(&stack, NULL) == 0);
	prepare();
	for (int i = 0; i < 4; i++)
		run(now + quarter * (i + 1), i & 1 ? SA_ONSTACK : 0, i & 2 ? SA_ONSTACK : 0);
	expect(leaps > 100);
	return 0;
}
