/* SPDX-License-Identifier: MIT */
/* Both fast paths and what they fail over to: the first call of a thread, errno, zeroing, moving. */
#include "unit.h"

#include <errno.h>

#include "front.h"
#include "large.h"
#include "limit.h"
#include "ma.h"
#include "scripted_source.h"

static bool known;

static void not_a_slot(void *p)
{
	known = ma_front_free_slow(p);
}

/* Frees, and tells whether libma knew the pointer. */
static bool front_free(void *p)
{
	known = true;
	ma_front_free(p, not_a_slot);
	return known;
}

START_TEST(first_allocation_binds)
{
	void *p;

	expect(ma_thread_heap == &ma_heap_none);
	p = ma_front_alloc(10);
	expect(p != NULL && ma_thread_heap != &ma_heap_none && ma_heaps_first() == ma_thread_heap);
	expect(front_free(p));
}
END_TEST

START_TEST(free_before_any_allocation)
{
	static char place[64];

	expect(front_free(hide(NULL)) && !front_free(place) && !front_free((void *)8));
	expect(ma_thread_heap == &ma_heap_none && ma_heaps_first() == NULL && scripted_requests() == 0);
}
END_TEST

START_TEST(refused_from_the_start)
{
	scripted_refuse(1, UINT64_MAX);
	for (size_t size = 1; size < 10000000; size *= 3) {
		errno = 0;
		expect(ma_front_alloc(size) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_front_calloc(1, size) == NULL && errno == ENOMEM);
		errno = 0;
		expect(ma_front_alloc_aligned(size, 4096) == NULL && errno == ENOMEM);
	}
	scripted_relent();
	for (size_t size = 1; size < 10000000; size *= 3)
		expect(front_free(ma_front_alloc(size)));
	expect(ma_check() == 0);
}
END_TEST

START_TEST(errno_is_kept)
{
	errno = 99;
	for (size_t size = 0; size < 10000000; size = size * 2 + 1) {
		void *p = ma_front_alloc(size), *q = ma_front_calloc(1, size);
		expect(p != NULL && q != NULL && errno == 99);
		expect(front_free(p) && front_free(q) && errno == 99);
	}
	ma_large_trim();
	expect(front_free(hide(NULL)) && errno == 99);
}
END_TEST

START_TEST(fast_path_serves_all_small_sizes)
{
	struct objects objects;

	objects_begin(&objects, SLAB_MAX * 40);
	for (int round = 0; round < 40; round++)
		for (size_t size = 1; size <= SLAB_MAX; size++) {
			void *p = ma_front_alloc(size);
			struct slab *slab = ma_slab_mapped(&ma_thread_heap->slabs, p);
			expect(!ma_slab_holds(slab, (uintptr_t)p - (uintptr_t)slab->start) ||
			       slab->slot_size >= size);
			objects_add(&objects, p, size);
		}
	objects_are_the_heap(&objects);
	while (objects.count > 0)
		expect(front_free(objects_take(&objects, 0).at));
	objects_are_the_heap(&objects);
	objects_end(&objects);
}
END_TEST

/* What was dirtied, freed and handed out again by calloc is zero, wherever it comes from. */
START_TEST(calloc_after_any_history)
{
	struct random random = {3};
	struct objects objects;

	objects_begin(&objects, 200);
	for (size_t step = 0; step < test_rounds(40000); step++) {
		size_t size = random_size(&random, random_once_in(&random, 50) ? 4000000 : 40000);
		if (objects.count == objects.room || random_once_in(&random, 2)) {
			if (objects.count > 0)
				front_free(objects_take(&objects, random_below(&random, objects.count)).at);
			continue;
		}
		if (random_once_in(&random, 2)) {
			char *p = ma_front_calloc(1, size);
			expect(p != NULL && pattern_is_zero(p, size));
			objects_add(&objects, p, size);
		} else {
			objects_add(&objects, ma_front_alloc(size), size);
		}
		if (random_once_in(&random, 1000))
			ma_trim(random_size(&random, 1000000));
	}
	objects_are_the_heap(&objects);
	objects_end(&objects);
}
END_TEST

/* A block that has grown in place may be as large as large objects are, and does not start with an OS page. */
START_TEST(calloc_in_a_block_as_large_as_large_objects)
{
	char *block = ma_front_alloc(1200000), *behind = ma_front_alloc(1100000), *p;

	expect(ma_front_alloc(5000) != NULL && front_free(behind));
	expect(ma_front_resize(block, LARGE_MIN));
	expect(ma_front_alloc(150000) != NULL); /* right behind the block */
	memset(block, 1, LARGE_MIN);
	expect(front_free(block));
	p = ma_front_calloc(1, LARGE_MIN - MA_UNIT - 1);
	expect(p == block && ma_usable_size(p) == LARGE_MIN);
	expect(pattern_is_zero(p, LARGE_MIN) && ma_check() == 0);
}
END_TEST

START_TEST(realloc_to_and_from_every_size)
{
	static const size_t sizes[] = {1,	16,	 17,	  100,	   1000,    1024,
				       1025,	5000,	 16384,	  16385,   100000,  1000000,
				       2097136, 2097152, 3000000, 5000000, 20000000};

	for (size_t i = 0; i < LENGTH(sizes); i++)
		for (size_t j = 0; j < LENGTH(sizes); j++) {
			size_t kept = sizes[i] < sizes[j] ? sizes[i] : sizes[j];
			bool strange = true;
			char *p = ma_front_alloc(sizes[i]), *q;
			pattern_fill(p, sizes[i], i + 1);
			q = ma_front_realloc(p, sizes[j], &strange);
			expect(q != NULL && !strange && pattern_holds(q, kept, i + 1));
			expect(ma_usable_size(q) >= sizes[j] && ma_check() == 0);
			expect(sizes[i] < 3000000 || sizes[j] > 1000000 ||
			       ma_usable_size(q) < 2 * sizes[j] + 64);
			front_free(q);
		}
}
END_TEST

START_TEST(realloc_of_a_stranger)
{
	static char place[64];
	bool strange = false;

	expect(ma_front_realloc(place, 100, &strange) == NULL && strange);
	front_free(ma_front_alloc(10));
	strange = false;
	expect(ma_front_realloc(place, 100, &strange) == NULL && strange);
}
END_TEST

START_TEST(realloc_that_fails_changes_nothing)
{
	static const size_t sizes[] = {100, 10000, 100000, 3000000};

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		bool strange;
		char *p = ma_front_alloc(sizes[i]);
		size_t usable = ma_usable_size(p);
		pattern_fill(p, sizes[i], i + 1);
		scripted_refuse(1, UINT64_MAX);
		errno = 0;
		expect(ma_front_realloc(p, 100000000, &strange) == NULL && !strange && errno == ENOMEM);
		expect(ma_front_realloc(p, SIZE_MAX, &strange) == NULL && !strange);
		scripted_relent();
		expect(ma_usable_size(p) == usable && pattern_holds(p, sizes[i], i + 1) && ma_check() == 0);
		front_free(p);
	}
}
END_TEST

/* Programs rely on it. */
START_TEST(realloc_to_less_never_fails)
{
	static const size_t sizes[] = {300, 3000, 20000, 1000000, 5000000};

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		size_t less = sizes[i] / 5;
		bool strange;
		char *p = ma_front_alloc(sizes[i]);
		pattern_fill(p, sizes[i], i + 1);
		scripted_refuse(1, UINT64_MAX);
		while (ma_front_alloc(less) != NULL)
			continue;
		expect(ma_front_realloc(p, less, &strange) == p && !strange);
		expect(pattern_holds(p, less, i + 1) && ma_check() == 0);
		scripted_relent();
		expect(front_free(p));
	}
}
END_TEST

/* What waits to be used again counts as held, but is given back before a growth is refused. */
START_TEST(realloc_that_needs_what_waits)
{
	enum { MB = 1 << 20 };
	char *p = ma_front_alloc(30 * MB), *waits = ma_front_alloc(10 * MB), *behind = ma_front_alloc(3 * MB);
	size_t used, cached, count;
	bool strange;

	pattern_fill(p, 30 * MB, 1);
	expect(front_free(waits));
	ma_large_count(&used, &cached, &count);
	expect(used >= 33 * MB && cached == 10 * MB);
	ma_limit_set(0, 50 * MB, NULL, NULL);
	expect(ma_front_realloc(p, 60 * MB, &strange) == NULL && errno == ENOMEM);
	expect(front_free(ma_front_alloc(10 * MB))); /* waits again */
	p = ma_front_realloc(p, 42 * MB, &strange);
	expect(p != NULL && !strange && ma_usable_size(p) >= 42 * MB && pattern_holds(p, 30 * MB, 1));
	ma_limit_set(0, 0, NULL, NULL);
	expect(front_free(p) && front_free(behind) && ma_check() == 0);
}
END_TEST

START_TEST(start_is_done_once)
{
	ma_front_start();
	ma_front_start();
	expect(front_free(ma_front_alloc(1)));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		first_allocation_binds,
		free_before_any_allocation,
		refused_from_the_start,
		errno_is_kept,
		fast_path_serves_all_small_sizes,
		calloc_after_any_history,
		calloc_in_a_block_as_large_as_large_objects,
		realloc_to_and_from_every_size,
		realloc_of_a_stranger,
		realloc_that_fails_changes_nothing,
		realloc_to_less_never_fails,
		realloc_that_needs_what_waits,
		start_is_done_once,
	};

	return unit_run("front", tests, LENGTH(tests));
}
