/* SPDX-License-Identifier: MIT */
/* The mark of a thread that is in a public function: who finds it is a handler, or it is left of one that leapt. */
#include "../used.h"
#include "unit.h"

#include <alloca.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include "front.h"
#include "inside.h"
#include "ma.h"
#include "mode.h"
#include "options.h"
#include "scripted_source.h"

static const size_t sizes[] = {0, 10, 100, 1000, 5000, 50000, 3000000};
static void *object_of[LENGTH(sizes)], *kept;
static sigjmp_buf out;
static volatile sig_atomic_t handled;

static void allocate(void)
{
	for (int i = 0; i < 1000; i++)
		ma_free(ma_malloc(i % 2 == 0 ? 10 : 40)); /* slots from here on */
	kept = ma_malloc(40);
	for (size_t i = 0; i < LENGTH(sizes); i++)
		object_of[i] = ma_malloc(sizes[i]);
}

static bool grants(void)
{
	void *p = ma_malloc(40), *q = ma_calloc(1, 40);

	ma_free(p);
	ma_free(q);
	return p != NULL && q != NULL;
}

/* What a handler calls that has interrupted another call. */
static void refused(void)
{
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		void *out_of = &out;
		errno = 0;
		expect(ma_malloc(sizes[i]) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_calloc(1, sizes[i]) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_realloc(kept, sizes[i] + 1) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_realloc(NULL, sizes[i]) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_aligned_alloc(64, sizes[i]) == NULL && errno == ENOMEM);
		expect(ma_memalign(64, sizes[i]) == NULL && ma_expand(kept, 20) == NULL);
		expect(ma_posix_memalign(&out_of, 64, sizes[i]) == ENOMEM && out_of == &out);
		errno = 7;
		if (i % 2 == 0)
			ma_free(object_of[i]);
		else
			ma_free_sized(object_of[i], sizes[i]);
		ma_free(NULL);
		expect(errno == 7);
	}
}

static void refuse(int number)
{
	handled++;
	if (number == SIGUSR1)
		refused();
	else
		raise(SIGUSR1);
}

static void leap(int number)
{
	(void)number;
	expect(ma_malloc(1) == NULL);
	siglongjmp(out, 1);
}

static void handle(int number, void (*handler)(int number), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	expect(sigaction(number, &action, NULL) == 0);
}

static char alternate[256 * 1024];

static void stand_by(void)
{
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	expect(sigaltstack(&stack, NULL) == 0);
}

/* As if the signal came in a public function. */
static void interrupt(int number)
{
	handled = 0;
	allocate();
	expect(ma_inside_enter());
	raise(number);
	expect(ma_inside_is());
	ma_inside_leave();
	expect(handled == (number == SIGUSR1 ? 1 : 2));
	expect(grants());
	ma_free(ma_malloc(100000)); /* takes in what was put aside */
	ma_trim(0);
	expect(used() == 1 && ma_check() == 0);
	ma_free(kept);
}

START_TEST(on_the_same_stack)
{
	handle(SIGUSR1, refuse, 0);
	interrupt(SIGUSR1);
}
END_TEST

START_TEST(on_the_alternate_stack)
{
	stand_by();
	handle(SIGUSR1, refuse, SA_ONSTACK);
	interrupt(SIGUSR1);
}
END_TEST

/* All four ways to run one above the other. */
START_TEST(one_above_the_other)
{
	stand_by();
	for (int i = 0; i < 4; i++) {
		handle(SIGUSR1, refuse, i & 1 ? SA_ONSTACK : 0);
		handle(SIGUSR2, refuse, i & 2 ? SA_ONSTACK : 0);
		interrupt(SIGUSR2);
	}
}
END_TEST

/* Further below than the signal frame is looked for. */
static void refuse_deep(int number)
{
	volatile char *space = alloca(200000);

	space[0] = (char)number;
	refuse(number);
}

START_TEST(deep_in_a_handler)
{
	handle(SIGUSR1, refuse_deep, 0);
	interrupt(SIGUSR1);
	stand_by();
	handle(SIGUSR2, refuse_deep, 0);
	handle(SIGUSR1, refuse, SA_ONSTACK);
	handled = 0;
	allocate();
	expect(ma_inside_enter());
	raise(SIGUSR2);
	ma_inside_leave();
	expect(handled == 2 && grants() && ma_check() == 0);
}
END_TEST

/* A handler that has interrupted none may do all. */
static void grant(int number)
{
	(void)number;
	expect(grants());
	handled++;
}

START_TEST(outside)
{
	stand_by();
	handle(SIGUSR1, grant, 0);
	handle(SIGUSR2, grant, SA_ONSTACK);
	raise(SIGUSR1);
	raise(SIGUSR2);
	expect(handled == 2);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__ /* it surrounds local arrays with what nobody writes to: a frame's remains show there */
static __attribute__((noinline)) bool grants_deep(size_t depth)
{
	volatile char *space = alloca(depth);

	for (size_t i = 0; i < depth; i++)
		space[i] = 0;
	return grants();
}

static __attribute__((noinline)) void enter_and_raise(size_t depth, int number)
{
	volatile char *space = alloca(depth);

	space[0] = 0;
	expect(ma_inside_enter());
	raise(number);
	expect(false); /* and the frame lasts until here */
}

/* Above the mark, at it, a little and much below. */
START_TEST(left)
{
	static const size_t depths[] = {16, 3000, 30000, 300000};

	stand_by();
	handle(SIGUSR1, leap, 0);
	handle(SIGUSR2, leap, SA_ONSTACK);
	allocate();
	for (volatile size_t i = 0; i < 32; i++) {
		if (sigsetjmp(out, 1) == 0)
			enter_and_raise(depths[i % 4], i & 16 ? SIGUSR2 : SIGUSR1);
		expect(ma_inside_is());
		if (i & 1)
			expect(ma_realloc(ma_malloc(10), 100) != NULL);
		else
			expect(grants_deep(depths[i / 4 % 4]));
		expect(!ma_inside_is() && ma_busy == 0 && ma_busy_interrupted == 0);
		expect(ma_check() == 0);
	}
}
END_TEST
#endif

/* Out of what calls out of libma; and a pop that never came to its end. */
START_TEST(left_half_done)
{
	struct slab *slab;

	handle(SIGUSR1, leap, 0);
	allocate();
	slab = ma_slab_mapped(&ma_thread_own->slabs, kept);
	expect(slab->slot_size == 48);
	if (sigsetjmp(out, 1) == 0) {
		expect(ma_inside_enter());
		slab->ready = ma_slab_slot(slab, slab->ready)->next;
		raise(SIGUSR1);
	}
	expect(grants() && ma_check() == 0);
	if (sigsetjmp(out, 1) == 0) {
		expect(ma_inside_enter());
		ma_busy_begin();
		raise(SIGUSR1);
	}
	expect(grants() && ma_busy == 0 && ma_check() == 0);
}
END_TEST

/* The mark is left on an alternate stack, by a handler that is left. */
static void leap_inside(int number)
{
	(void)number;
	expect(ma_inside_enter());
	siglongjmp(out, 1);
}

START_TEST(left_on_the_alternate_stack)
{
	stand_by();
	handle(SIGUSR1, leap_inside, SA_ONSTACK);
	handle(SIGUSR2, grant, SA_ONSTACK);
	if (sigsetjmp(out, 1) == 0)
		raise(SIGUSR1);
	expect(ma_inside_is() && grants());
	if (sigsetjmp(out, 1) == 0)
		raise(SIGUSR1);
	raise(SIGUSR2);
	expect(handled == 1 && grants());
}
END_TEST

static void settle(int number)
{
	(void)number;
	ma_inside_settle();
	expect(ma_inside_is());
	handled++;
}

/* Before fork takes its locks a mark that is left over goes; that of who was interrupted stays. */
START_TEST(settled)
{
	handle(SIGUSR1, leap_inside, 0);
	handle(SIGUSR2, settle, 0);
	for (int i = 0; i < (MA_THREADS ? 2 : 1); i++) { /* else fork takes none */
		if (sigsetjmp(out, 1) == 0)
			raise(SIGUSR1);
		expect(ma_inside_is());
		if (i == 0)
			ma_inside_settle();
		else if (fork() == 0)
			_exit(0);
		expect(!ma_inside_is() && grants());
	}
	expect(ma_inside_enter());
	raise(SIGUSR2);
	ma_inside_leave();
	expect(handled == 1 && grants() && ma_check() == 0);
}
END_TEST

/* Where fork holds the locks: what takes no lock is granted. A push that has emptied a slab is taken back. */
START_TEST(while_locks_are_held)
{
	void *slots[500];

	allocate();
	for (size_t i = 0; i < LENGTH(slots); i++)
		slots[i] = ma_malloc(40);
	ma_busy_begin();
	expect(ma_malloc(50000) == NULL && ma_malloc(3000000) == NULL && ma_calloc(1, 50000) == NULL);
	expect(ma_realloc(kept, 5000) == NULL && ma_aligned_alloc(4096, 50000) == NULL);
	for (size_t i = 0; i < LENGTH(sizes); i++)
		ma_free(object_of[i]);
	for (size_t i = 0; i < LENGTH(slots); i++)
		ma_free(slots[i]);
	expect(!ma_inside_is() && ma_busy == 1 && ma_busy_interrupted == 0);
	ma_busy_end();
	ma_free(ma_malloc(100000));
	ma_trim(0);
	expect(used() == 1 && ma_check() == 0);
}
END_TEST

static int visit(const struct ma_place *place, void *arg)
{
	(void)place;
	(void)arg;
	return grants() && !ma_inside_is() ? 7 : 8;
}

static void on_limit(size_t held, size_t wanted, void *arg)
{
	(void)held;
	(void)wanted;
	*(bool *)arg = grants();
}

/* The program's own functions, called out of libma, are not inside. */
START_TEST(called_out)
{
	bool granted = false;

	allocate();
	expect(ma_walk(visit, NULL) == 7);
	expect(ma_set_limit(1, 0, on_limit, &granted) == 0);
	ma_free(ma_malloc(100000));
	expect(granted && !ma_inside_is());
}
END_TEST

static void read_in_handler(int number)
{
	(void)number;
	expect(ma_malloc(10) == NULL);
	handled++;
}

/* Whoever reads the heaps is inside, and ends so; one inside another, too. */
START_TEST(reading)
{
	bool outer, inner;

	handle(SIGUSR1, read_in_handler, 0);
	outer = ma_mode_begin();
	inner = ma_mode_begin();
	raise(SIGUSR1);
	ma_mode_end(inner);
	raise(SIGUSR1);
	ma_mode_end(outer);
	expect(handled == 2 && grants());
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		on_the_same_stack,
		on_the_alternate_stack,
		one_above_the_other,
		deep_in_a_handler,
		outside,
#ifndef __SANITIZE_ADDRESS__
		left,
#endif
		left_half_done,
		left_on_the_alternate_stack,
		settled,
		while_locks_are_held,
		called_out,
		reading,
	};

#ifdef __SANITIZE_THREAD__ /* it puts signals off to the next system call: there is no kernel's frame then */
	(void)tests;
	return 77; /* skipped, as Automake knows it */
#else
	return unit_run("inside", tests, LENGTH(tests));
#endif
}
