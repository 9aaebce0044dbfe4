/* SPDX-License-Identifier: MIT */
/* The modes: off they change nothing; on they see every call. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "front.h"
#include "guard.h"
#include "ma.h"
#include "mode.h"
#include "options.h"
#include "scripted_source.h"
#include "sites.h"
#include "stacks.h"

static const size_t sizes[] = {0, 1, 16, 100, 1000, 1025, 8000, 9000, 100000, 3000000};

static void turn_on(const char *options)
{
	ma_options_read(options);
	ma_mode_start(NULL, 0);
}

static bool all_are(const void *p, size_t size, unsigned char byte)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)p)[i] != byte)
			return false;
	return true;
}

START_TEST(off)
{
	turn_on("");
	expect(ma_modes() == 0);
	ma_free(ma_malloc(1));
	expect(ma_thread_heap != &ma_heap_none && ma_thread_own == ma_thread_heap);
}
END_TEST

static void *fast_paths_see_no_heap(void *arg)
{
	void *p = ma_malloc(100);

	(void)arg;
	expect(p != NULL && ma_thread_heap == &ma_heap_none && ma_thread_own != &ma_heap_none);
	ma_free(p);
	expect(ma_thread_heap == &ma_heap_none);
	return NULL;
}

/* What was allocated before keeps its heap, and is freed into it. */
START_TEST(on_after_the_first_calls)
{
	struct objects objects;
	struct heap *heap;

	objects_begin(&objects, 1000);
	for (size_t i = 0; i < 1000; i++)
		objects_add(&objects, ma_malloc(i * 10), i * 10);
	heap = ma_thread_heap;
	turn_on("fill=1");
	expect(ma_thread_own == heap);
	fast_paths_see_no_heap(NULL);
	expect(ma_thread_own == heap);
	objects_are_the_heap(&objects);
	while (objects.count > 0)
		ma_free(objects_take(&objects, 0).at);
	objects_are_the_heap(&objects);
	objects_end(&objects);
#if MA_THREADS
	pthread_t thread;
	expect(pthread_create(&thread, NULL, fast_paths_see_no_heap, NULL) == 0);
	expect(pthread_join(thread, NULL) == 0);
#endif
}
END_TEST

START_TEST(new_memory_is_filled)
{
	turn_on("fill=1");
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		void *p = ma_malloc(sizes[i]), *q = ma_aligned_alloc(256, sizes[i]),
		     *r = ma_calloc(1, sizes[i]);
		expect(all_are(p, sizes[i], 0xa5) && all_are(q, sizes[i], 0xa5));
		expect(pattern_is_zero(r, sizes[i]) && (uintptr_t)q % 256 == 0);
		ma_free(p);
		ma_free(q);
		ma_free(r);
	}
	expect(ma_check() == 0);
}
END_TEST

/* What freed memory holds, but for the words that the lists of free memory have in it. */
static void freed_memory_is(unsigned char byte)
{
	for (size_t i = 0; i < LENGTH(sizes) - 1; i++) { /* large ones may be unmapped */
		void *beside = ma_malloc(sizes[i]), *p = ma_malloc(sizes[i]), *behind = ma_malloc(sizes[i]);
		const char *freed = hide(p);
		memset(p, 1, sizes[i]);
		ma_free(p);
		expect(sizes[i] < 48 || all_are(freed + 40, sizes[i] - 40, byte));
		ma_free(beside);
		ma_free(behind);
	}
}

START_TEST(freed_memory_is_filled)
{
	turn_on("fill=1");
	freed_memory_is(0xdf);
}
END_TEST

START_TEST(freed_memory_is_cleared)
{
	turn_on("zero_on_free=1");
	freed_memory_is(0);
}
END_TEST

START_TEST(clearing_goes_before_filling)
{
	turn_on("zero_on_free=1,fill=1");
	freed_memory_is(0);
}
END_TEST

/* Every kind of call, on objects of every kind, with patterns that must hold. */
static void churn(const char *options)
{
	struct random random = {7};
	struct objects objects;

	turn_on(options);
	objects_begin(&objects, 300);
	for (size_t step = 0; step < test_rounds(20000); step++) {
		size_t size = random_size(&random, random_once_in(&random, 200) ? 4000000 : 20000);
		struct object object;
		void *moved;
		if (objects.count < 20 || (objects.count < objects.room && random_once_in(&random, 2))) {
			objects_add(&objects,
				    random_once_in(&random, 4)	 ? ma_aligned_alloc(64, size)
				    : random_once_in(&random, 2) ? ma_calloc(1, size)
								 : ma_malloc(size),
				    size);
			continue;
		}
		object = objects_take(&objects, random_below(&random, objects.count));
		if (random_once_in(&random, 2)) {
			ma_free(object.at);
			continue;
		}
		moved = ma_realloc(object.at, size + 1);
		expect(pattern_holds(moved, object.size < size ? object.size : size, object.seed));
		objects_add(&objects, moved, size + 1);
	}
	expect(ma_check() == 0);
	objects_hold(&objects);
	while (objects.count > 0)
		ma_free(objects_take(&objects, 0).at);
	expect(ma_check() == 0);
	objects_end(&objects);
}

START_TEST(churn_fill)
{
	churn("fill=1,zero_on_free=1");
}
END_TEST

START_TEST(churn_guard)
{
	churn("guard=50,guard_rate=0");
}
END_TEST

START_TEST(churn_guard_all)
{
	churn("guard=all,sites=1,fill=1");
}
END_TEST

START_TEST(churn_sites)
{
	churn("sites=1");
}
END_TEST

START_TEST(churn_samples)
{
	churn("sites=5000,guard=70,guard_rate=0");
}
END_TEST

START_TEST(churn_redzone)
{
	churn("redzone=1,shuffle=1,fill=7");
}
END_TEST

START_TEST(churn_quarantine)
{
	churn("quarantine=1M,redzone=1,sites=3000,guard=100");
}
END_TEST

START_TEST(churn_hardened)
{
	churn("hardened=1");
}
END_TEST

/* How many of new slots lie right behind the one handed out before, and how many further away than a sweep reaches. */
static void order_of_slots(size_t *behind, size_t *away)
{
	enum { COUNT = 3000 };
	static uintptr_t at[COUNT];

	*behind = *away = 0;
	for (size_t i = 0; i < COUNT; i++) {
		at[i] = (uintptr_t)ma_malloc(64);
		*behind += i > 0 && at[i] == at[i - 1] + 64;
		*away += i > 0 && at[i] + 2048 - at[i - 1] > 4096;
	}
	expect(ma_check() == 0);
	for (size_t i = 0; i < COUNT; i++)
		ma_free((void *)at[i]);
}

START_TEST(slots_are_shuffled)
{
	size_t behind, away;

	order_of_slots(&behind, &away);
	expect(behind > 2800);
	ma_trim(0);
	turn_on("shuffle=1");
	order_of_slots(&behind, &away);
	expect(behind > 300 && behind < 1500 && away < 150);
}
END_TEST

/* --- the short way --- */

static bool is_quick(const char *options)
{
	turn_on(options);
	return ma_modes() & MODE_SHORT;
}

static void not_quick(void *options)
{
	expect(!is_quick(options));
}

START_TEST(short_way_is_for_some_modes)
{
	static char sites[] = "hardened=1,sites=512k", fill[] = "hardened=1,fill=1", guard[] = "guard=5000",
		    samples[] = "zero_on_free=1,sites=1";

	for (size_t i = 0; i < 4; i++)
		unit_says(not_quick, (char *[]){sites, fill, guard, samples}[i], "");
	expect(is_quick("hardened=1,quarantine=1M"));
}
END_TEST

/* Sizes, zeros and contents by the short way and where it ends, with redzones and without. */
static void small_ones(void *options)
{
	turn_on(options);
	for (size_t size = 0; size < 1100; size++) {
		unsigned char *p = ma_malloc(size), *q = ma_calloc(1, size);
		size_t usable = ma_usable_size(p);
		expect(ma_options.redzone ? usable == size : usable >= size);
		expect(pattern_is_zero(q, ma_usable_size(q)));
		pattern_fill(p, usable, size);
		memset(q, 1, ma_usable_size(q)); /* so that what is freed is not zero */
		p = ma_realloc(p, size + 5);
		expect(pattern_holds(p, size, size) && ma_usable_size(p) >= size + 5);
		expect(ma_realloc(p, hide_size(SIZE_MAX - size % 32)) == NULL);
		p = ma_realloc(p, size / 3 + 1);
		expect(pattern_holds(p, ma_min(size, size / 3 + 1), size));
		ma_free(p);
		ma_free(q);
	}
	expect(ma_check() == 0);
}

START_TEST(small_ones_are_the_same)
{
	static char all[] = "hardened=1", redzone[] = "redzone=1", zero[] = "zero_on_free=1",
		    quarantine[] = "quarantine=100k,redzone=1";

	for (size_t i = 0; i < 4; i++)
		unit_says(small_ones, (char *[]){all, redzone, zero, quarantine}[i], "");
}
END_TEST

START_TEST(short_way_counts)
{
	size_t guarded = 0, all = 100000;

	turn_on("hardened=1,guard=100,guard_rate=0");
	for (size_t i = 0; i < all; i++) {
		void *p = ma_malloc(i % 600);
		guarded += ma_guard_has(p);
		ma_free(p);
	}
	expect(guarded > all / 110 && guarded < all / 90);
}
END_TEST

/* What a thread frees of another's goes the long way, and is looked at all the same. */
static void *free_it(void *p)
{
	ma_free(p);
	return NULL;
}

static void free_elsewhere(void *arg)
{
	char *p = hide(ma_malloc(30));

	p[30] ^= arg != NULL;
#if MA_THREADS
	pthread_t thread;
	expect(pthread_create(&thread, NULL, free_it, p) == 0 && pthread_join(thread, NULL) == 0);
#else
	free_it(p);
#endif
	expect(ma_check() == 0);
}

START_TEST(another_threads)
{
	char text[2048];
	int status;

	turn_on("hardened=1");
	for (size_t i = 0; i < 1000; i++) /* so that there are slots */
		expect(ma_malloc(30) != NULL);
	unit_says(free_elsewhere, NULL, "");
	status = unit_child(free_elsewhere, text, text, sizeof(text));
	expect(WIFSIGNALED(status) && strstr(text, "memory behind an object was written to") != NULL);
}
END_TEST

START_TEST(churn_free_sites)
{
	churn("sites=1,free_sites=1");
}
END_TEST

/* The allocation at `p` came from a call in main()'s callees, this program's. */
static void has_site(const void *p, size_t size)
{
	const uintptr_t *frames;
	struct site site;

	expect(ma_sites_get(p, ma_usable_size(p), &site));
	expect(site.alive && site.size == size && site.thread == (uint32_t)getpid());
	expect(ma_stacks_frames(site.stack, &frames) >= 2);
}

START_TEST(sites_of_every_kind_of_call)
{
	turn_on("sites=1,free_sites=1,sites_depth=5");
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		struct site site;
		const void *freed;
		char *p = ma_malloc(sizes[i]), *q = ma_calloc(1, sizes[i]),
		     *r = ma_aligned_alloc(64, sizes[i]);
		has_site(p, sizes[i]);
		has_site(q, sizes[i]);
		has_site(r, sizes[i]);
		p = ma_realloc(p, sizes[i] + 1);
		has_site(p, sizes[i] + 1);
		p = ma_realloc(p, 2 * sizes[i] + 50);
		has_site(p, 2 * sizes[i] + 50);
		freed = hide(q);
		ma_free(q);
		expect(ma_sites_get(freed, 5000000, &site) && !site.alive && site.freed != 0);
		ma_free(p);
		ma_free(r);
	}
}
END_TEST

START_TEST(out_of_memory)
{
	turn_on("fill=1");
	scripted_refuse(1, UINT64_MAX);
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		errno = 0;
		expect(ma_malloc(sizes[i]) == NULL && errno == ENOMEM);
	}
	scripted_relent();
	ma_free(ma_malloc(1000));
	expect(ma_check() == 0);
}
END_TEST

static void free_twice(void *arg)
{
	void *p = ma_malloc((size_t)arg), *again = hide(p);

	ma_free(p);
	ma_free(again);
}

static void free_inside(void *arg)
{
	ma_free(hide((char *)ma_malloc((size_t)arg) + 16));
}

START_TEST(misuse_is_still_caught)
{
	char text[2048];

	turn_on("fill=1");
	for (size_t i = 2; i < LENGTH(sizes); i++) {
		int status = unit_child(free_twice, (void *)sizes[i], text, sizeof(text));
		expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
		       strstr(text, "double free") != NULL);
		status = unit_child(free_inside, (void *)sizes[i], text, sizeof(text));
		expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
		       strstr(text, "invalid pointer") != NULL);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		off,
		on_after_the_first_calls,
		new_memory_is_filled,
		freed_memory_is_filled,
		freed_memory_is_cleared,
		clearing_goes_before_filling,
		churn_fill,
		churn_guard,
		churn_guard_all,
		churn_sites,
		churn_samples,
		churn_redzone,
		churn_quarantine,
		churn_hardened,
		churn_free_sites,
		slots_are_shuffled,
		short_way_is_for_some_modes,
		small_ones_are_the_same,
		short_way_counts,
		another_threads,
		sites_of_every_kind_of_call,
		out_of_memory,
		misuse_is_still_caught,
	};

	return unit_run("mode", tests, LENGTH(tests));
}
