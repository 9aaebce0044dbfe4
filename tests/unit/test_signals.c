/* SPDX-License-Identifier: MIT */
/* What handlers free while their thread is inside libma: refused, put aside, and freed later. */
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

static int count_used(const struct ma_place *place, void *count)
{
	*(size_t *)count += place->kind == MA_SLOT_USED || place->kind == MA_BLOCK_USED ||
			    place->kind == MA_LARGE_USED;
	return 0;
}

static size_t used(void)
{
	size_t count = 0;

	ma_walk(count_used, &count);
	return count;
}

/* As if a handler had interrupted libma. */
static void inside(const char *options)
{
	const size_t size[] = {0, 10, 100, 1000, 5000, 50000, 3000000};
	void *allocated[LENGTH(size)], *kept;

	turn_on(options);
	kept = ma_malloc(40);
	for (size_t i = 0; i < LENGTH(size); i++)
		allocated[i] = ma_malloc(size[i]);
	ma_mode_begin();
	for (size_t i = 0; i < LENGTH(size); i++) {
		errno = 0;
		expect(ma_malloc(size[i]) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_calloc(1, size[i]) == NULL && errno == ENOMEM);
		expect(ma_aligned_alloc(64, size[i]) == NULL);
		errno = 0;
		expect(ma_realloc(kept, size[i] + 1) == NULL && errno == ENOMEM);
		expect(ma_expand(kept, 20) == NULL);
		ma_free_sized(allocated[i], size[i]);
	}
	ma_free(NULL);
	expect(used() == LENGTH(size) + 1);
	ma_mode_end();
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
	ma_mode_begin();
	for (size_t i = 0; i < LENGTH(allocated); i++)
		ma_free(allocated[i]);
	ma_mode_begin();
	ma_mode_end(); /* not the outermost */
	expect(used() == LENGTH(allocated));
	ma_mode_end();
	expect(used() == 1 && ma_check() == 0);
}
END_TEST

static void free_twice(void *p)
{
	void *again = hide(p);

	ma_mode_begin();
	ma_free(p);
	ma_free(again);
	ma_mode_end();
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
	turn_on("fill=1");
	ma_mode_begin();
	ma_free(ma_malloc(100));
	expect(ma_thread_busy == 0 && used() == 0);
	ma_mode_end();
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
	void *p;

	turn_on("signals=1");
	ma_thread_enter();
	expect(ma_thread_own == &ma_heap_none && ma_malloc(1) == NULL && ma_thread_own == &ma_heap_none);
	ma_thread_leave();
	p = ma_malloc(1);
	expect(p != NULL);
	ma_free(p);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		places,
		refused_and_put_aside,
		beside_other_modes,
		more_than_there_is_room_for,
		misuse_is_found_later,
		off,
		limits_may_allocate,
		before_the_first_heap,
	};

	return unit_run("signals", tests, LENGTH(tests));
}
