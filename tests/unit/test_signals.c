/* SPDX-License-Identifier: MIT */
/* Handlers that have interrupted libma: refused; what they free goes by the remote lists, or is put aside. */
#include "../used.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>

#include "front.h"
#include "ma.h"
#include "mode.h"
#include "options.h"
#include "scripted_source.h"
#include "signals.h"
#include "thread.h"

static char object[SIGNALS_ASIDE + 1];
static size_t released[SIGNALS_ASIDE + 1];

static void release(void *p)
{
	size_t n = (size_t)((char *)p - object);

	released[n]++;
	if (n == 5) /* a handler interrupts */
		expect(ma_signals_put(&object[SIGNALS_ASIDE]));
}

START_TEST(places)
{
	ma_signals_take(release);
	for (size_t i = 0; i < SIGNALS_ASIDE; i++)
		expect(ma_signals_put(&object[i]));
	expect(ma_signals_any && !ma_signals_put(&object[SIGNALS_ASIDE]));
	ma_signals_take(release);
	for (size_t i = 0; i <= SIGNALS_ASIDE; i++)
		expect(released[i] == 1);
	expect(!ma_signals_any);
}
END_TEST

static void turn_on(const char *options)
{
	ma_options_read(options);
	ma_mode_start(NULL, 0);
}

/* Objects of all kinds. */
static const size_t sizes[] = {0, 10, 100, 1000, 5000, 50000, 3000000};
static void *object_of[LENGTH(sizes)], *kept;

static void allocate(void)
{
	kept = ma_malloc(40);
	for (size_t i = 0; i < LENGTH(sizes); i++)
		object_of[i] = ma_malloc(sizes[i]);
}

/* In a handler: every allocation is refused, and every free taken. */
static void refuse(void)
{
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		errno = 0;
		expect(ma_malloc(sizes[i]) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_calloc(1, sizes[i]) == NULL && errno == ENOMEM);
		expect(ma_aligned_alloc(64, sizes[i]) == NULL);
		errno = 0;
		expect(ma_realloc(kept, sizes[i] + 1) == NULL && errno == ENOMEM);
		expect(ma_expand(kept, 20) == NULL);
		ma_free_sized(object_of[i], sizes[i]);
	}
	ma_free(NULL);
}

/* As if a handler had interrupted libma. */
static void inside(const char *options)
{
	turn_on(options);
	allocate();
	ma_busy_begin();
	refuse();
	expect(used() == LENGTH(sizes) + 1);
	ma_mode_leave();
	expect(used() == 1 && ma_check() == 0);
	ma_free(kept);
	expect(used() == 0);
}

START_TEST(refused_and_put_aside)
{
	inside("signals=1");
}
END_TEST

START_TEST(beside_other_modes)
{
	inside("hardened=1,guard=0,signals=1");
}
END_TEST

/* The one beyond the last place stays, and no more is lost. */
START_TEST(more_than_there_is_room_for)
{
	void *allocated[SIGNALS_ASIDE + 1];

	turn_on("signals=1");
	for (size_t i = 0; i < LENGTH(allocated); i++)
		allocated[i] = ma_malloc(i);
	ma_busy_begin();
	for (size_t i = 0; i < LENGTH(allocated); i++)
		ma_free(allocated[i]);
	ma_busy_begin();
	ma_mode_leave(); /* not the outermost */
	expect(used() == LENGTH(allocated));
	ma_mode_leave();
	expect(used() == 1 && ma_check() == 0);
}
END_TEST

/* --- the preload library's way --- */

/* As if a handler, which is to be called by the caller, had interrupted libma. */
static unsigned interrupt(void)
{
	return ma_signals_interrupt(0, UINTPTR_MAX);
}

START_TEST(without_a_heap)
{
	unsigned level;

	allocate();
	ma_busy_begin();
	level = interrupt();
	refuse();
	expect(ma_trim(0) == 0 && ma_usable_size(kept) == 0 && ma_busy == 2);
	ma_signals_resume(level);
	expect(ma_busy == 1 && ma_busy_interrupted == 0);
	ma_busy_end();
	expect(ma_signals_any); /* the large one */
	ma_free(ma_malloc(100000));
	ma_trim(0);
	expect(!ma_signals_any && used() == 1 && ma_check() == 0);
	ma_free(kept);
	expect(used() == 0);
}
END_TEST

/* The thread has its heap again, or gets one. */
static void allocates(void)
{
	void *p = ma_malloc(1);

	expect(p != NULL);
	ma_free(p);
}

/* A handler of a thread that had no heap yet gets none either. */
START_TEST(before_the_first_call)
{
	unsigned level = interrupt();

	expect(ma_malloc(1) == NULL && ma_thread_own == &ma_heap_none);
	ma_signals_resume(level);
	allocates();
}
END_TEST

/* Handlers that interrupt each other, more than are told apart: each gives back what it found. */
START_TEST(nested)
{
	unsigned level[10], busy[10];
	void *p = ma_malloc(1);

	for (unsigned i = 0; i < LENGTH(level); i++) {
		if (i % 2 == 0)
			ma_busy_begin();
		busy[i] = ma_busy;
		level[i] = interrupt();
		expect(ma_malloc(1) == NULL && ma_thread_own == &ma_heap_none);
	}
	for (unsigned i = LENGTH(level); i-- > 0;) {
		expect(ma_malloc(1) == NULL);
		ma_signals_resume(level[i]);
		expect(ma_busy == busy[i]);
		if (i % 2 == 0)
			ma_busy_end();
	}
	expect(ma_thread_own != &ma_heap_none && ma_busy == 0 && ma_busy_interrupted == 0);
	ma_free(p);
	allocates();
}
END_TEST

/* Handlers that were left by longjmp(): the one on a stack below here, the other on an alternate stack. */
START_TEST(left)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	void *p = ma_malloc(1);
	unsigned level;

	ma_busy_begin();
	ma_signals_interrupt(0, here - 100000);
	ma_busy_begin();
	ma_signals_interrupt(here + 100000, here + 200000);
	expect(ma_malloc(100) != NULL);
	expect(ma_busy == 0 && ma_busy_interrupted == 0);
	/* Into a handler that runs still. */
	ma_busy_begin();
	level = interrupt();
	ma_signals_interrupt(here + 100000, here + 200000);
	expect(ma_malloc(1) == NULL && ma_busy_interrupted == 1 && ma_busy == 2);
	ma_signals_resume(level);
	ma_busy_end();
	ma_free(p);
	expect(ma_malloc(1) != NULL && ma_check() == 0);
}
END_TEST

/* A pop or push that the handler had interrupted, and that never came to its end: its slab would count wrong. */
START_TEST(left_in_the_fast_path)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	char *alone;
	struct slab *slab;

	for (int i = 0; i < 1000; i++)
		ma_free(ma_malloc(i % 2 == 0 ? 48 : 200)); /* not rare any more */
	kept = ma_malloc(48);
	alone = ma_malloc(200);
	slab = ma_slab_mapped(&ma_thread_own->slabs, kept);
	expect(slab->slot_size == 48);
	slab->ready = ma_slab_slot(slab, slab->ready)->next;
	ma_slab_mapped(&ma_thread_own->slabs, alone)->used--;
	expect(ma_check() == 2);
	ma_signals_interrupt(0, here - 100000);
	ma_free(ma_malloc(48));
	expect(ma_check() == 0);
}
END_TEST

/* As a thread frees that has no heap: the owner finds it. */
START_TEST(freed_by_the_remote_lists)
{
	void *p[100];
	unsigned level;

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(i % 2 == 0 ? 64 : 20000);
	level = interrupt();
	for (size_t i = 0; i < LENGTH(p); i++)
		ma_free(p[i]);
	expect(!ma_signals_any);
	ma_signals_resume(level);
	ma_trim(0);
	expect(used() == 0 && ma_check() == 0);
}
END_TEST

static void free_twice(void *p)
{
	void *again = hide(p);

	ma_busy_begin();
	ma_free(p);
	ma_free(again);
	ma_mode_leave();
}

START_TEST(misuse_is_found_later)
{
	char text[2048];
	int status;

	turn_on("signals=1");
	status = unit_child(free_twice, ma_malloc(100), text, sizeof(text));
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
	       strstr(text, "libma: double free: 0x") == text);
}
END_TEST

/* Without the option nothing is refused: walks and checks may be gone through by those who allocate. */
START_TEST(off)
{
	bool marked;

	turn_on("fill=1");
	marked = ma_mode_begin();
	ma_free(ma_malloc(100));
	expect(ma_busy == 0 && used() == 0);
	ma_mode_end(marked);
}
END_TEST

static void *grown;
static size_t held_then;

/* The program's own function is none of libma's: it may do all. */
static void on_limit(size_t held, size_t wanted, void *arg)
{
	(void)wanted;
	(void)arg;
	held_then = held;
	grown = ma_realloc(ma_malloc(100), 1000);
}

START_TEST(limits_may_allocate)
{
	turn_on("signals=1");
	expect(ma_set_limit(1, 0, on_limit, NULL) == 0);
	ma_free(ma_malloc(100000));
	expect(held_then > 0 && grown != NULL);
	ma_free(grown);
}
END_TEST

/* A thread without a heap whose taking of one is interrupted. */
START_TEST(before_the_first_heap)
{
	turn_on("signals=1");
	ma_busy_begin();
	expect(ma_thread_own == &ma_heap_none && ma_malloc(1) == NULL && ma_thread_own == &ma_heap_none);
	ma_busy_end();
	allocates();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		places,
		refused_and_put_aside,
		beside_other_modes,
		more_than_there_is_room_for,
		without_a_heap,
		before_the_first_call,
		nested,
		left,
		left_in_the_fast_path,
		freed_by_the_remote_lists,
		misuse_is_found_later,
		off,
		limits_may_allocate,
		before_the_first_heap,
	};

	return unit_run("signals", tests, LENGTH(tests));
}
