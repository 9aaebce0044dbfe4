/* SPDX-License-Identifier: MIT */
/*
 * Heaps: every size goes to its layer and comes back, every pointer is judged. Here several heaps belong to this
 * one thread, so that what threads do to each other happens in a fixed order.
 */
#include <unistd.h>

#include "unit.h"

#include "heap.h"
#include "large.h"
#include "ma.h"
#include "scripted_source.h"

#define HEAPS 3u

static struct heap *heap[HEAPS];

static void begin(void)
{
	for (unsigned i = 0; i < HEAPS; i++)
		expect((heap[i] = ma_heaps_take()) != NULL);
}

static void *take(struct heap *from, size_t size)
{
	size_t zero;
	char *p = ma_heap_alloc(from, size, &zero);

	if (p != NULL && zero < size)
		expect(pattern_is_zero(p + zero, size - zero));
	return p;
}

static enum heap_place place_of(struct heap *asking, const void *p, size_t *size)
{
	enum heap_place place;

	*size = ma_heap_size(asking, p, &place);
	return place;
}

START_TEST(every_size)
{
	struct objects objects;
	size_t usable;

	begin();
	objects_begin(&objects, 2000);
	for (size_t size = 0; size < 10000000; size += 1 + size / 8) {
		char *p = take(heap[0], size);
		enum heap_place place = place_of(heap[0], p, &usable);
		expect(usable >= size);
		expect(usable <= ma_heap_good_size(size) + (place == PLACE_LARGE ? size / 8 : MA_UNIT));
		expect((place == PLACE_LARGE) == (size >= LARGE_MIN - MA_UNIT));
		expect(place_of(heap[1], p, &usable) == place); /* other heaps see the same */
		objects_add(&objects, p, size);
	}
	objects_are_the_heap(&objects);
	while (objects.count > 0)
		expect(ma_heap_free(heap[0], objects_take(&objects, 0).at) != PLACE_STRANGE);
	objects_are_the_heap(&objects);
	objects_end(&objects);
}
END_TEST

START_TEST(every_alignment)
{
	struct objects objects;
	size_t zero;

	begin();
	objects_begin(&objects, 5000);
	for (size_t align = 1; align <= (size_t)64 << 20; align *= 2)
		for (size_t size = 0; size < 3000000; size = size * 3 + 7) {
			char *p = ma_heap_alloc_aligned(heap[0], size, align, &zero);
			expect(p != NULL && ((uintptr_t)p & (align - 1)) == 0);
			if (zero < size)
				expect(pattern_is_zero(p + zero, size - zero));
			objects_add(&objects, p, size);
		}
	objects_are_the_heap(&objects);
	while (objects.count > 0)
		ma_heap_free(heap[0], objects_take(&objects, objects.count / 2).at);
	objects_are_the_heap(&objects);
	objects_end(&objects);
}
END_TEST

START_TEST(strangers)
{
	static char place[64];
	size_t size;
	char *large;

	begin();
	large = take(heap[0], 3000000);
	expect(ma_heap_free(heap[0], place) == PLACE_STRANGE &&
	       ma_heap_free(heap[0], &size) == PLACE_STRANGE);
	expect(ma_heap_free(heap[0], (void *)16) == PLACE_STRANGE);
	expect(ma_heap_free(heap[0], (void *)(UINTPTR_MAX - 15)) == PLACE_STRANGE);
	expect(ma_heap_free(heap[0], large + 16) == PLACE_STRANGE);
	expect(place_of(heap[0], place, &size) == PLACE_STRANGE && size == 0);
	expect(!ma_heap_resize(heap[0], place, 10));
	expect(ma_heap_free(&ma_heap_none, large) == PLACE_LARGE);
	expect(ma_heap_free(&ma_heap_none, place) == PLACE_STRANGE);
}
END_TEST

/* What lies behind a chunk in its window is a stranger's, as the break is not libma's alone. */
START_TEST(stranger_behind_the_chunk)
{
	struct chunk *chunk;
	char *p, *his;
	size_t size;

	begin();
	p = take(heap[0], 100);
	chunk = ma_chunk_of(p);
	expect(chunk->on_break);
	his = scripted_foreign(4096);
	expect(his == ma_chunk_end(chunk) && his < chunk->limit);
	expect(place_of(heap[0], his + 64, &size) == PLACE_STRANGE);
	expect(ma_heap_free(heap[0], his + 64) == PLACE_STRANGE);
	expect(ma_heap_free(heap[0], his) == PLACE_STRANGE);
}
END_TEST

/* What takes no more than a push. */
START_TEST(at_hand)
{
	static char place[64];
	char *slot[600], *block, *large;

	begin();
	for (size_t i = 0; i < LENGTH(slot); i++) /* more than are served as blocks */
		slot[i] = take(heap[0], 100);
	block = take(heap[0], 20000);
	take(heap[0], 9000000 / 8);
	large = take(heap[0], 9000000);
	expect(!ma_heap_free_at_hand(heap[0], NULL) && !ma_heap_free_at_hand(heap[0], place));
	expect(!ma_heap_free_at_hand(heap[0], large) && !ma_heap_free_at_hand(heap[0], block + 16));
	expect(!ma_heap_free_at_hand(heap[0], slot[LENGTH(slot) - 1]));
	expect(ma_heap_free_at_hand(heap[1], slot[LENGTH(slot) - 1]));
	expect(ma_heap_free_at_hand(&ma_heap_none, slot[LENGTH(slot) - 2]));
	expect(ma_heap_alloc_at_hand(heap[0], 20000) == NULL && ma_heap_alloc_at_hand(heap[0], 100) == NULL);
	expect(ma_heap_free_at_hand(heap[0], block) && !ma_heap_free_at_hand(heap[0], block));
	expect(ma_heap_alloc_at_hand(heap[0], 30000) == NULL &&
	       ma_heap_alloc_at_hand(&ma_heap_none, 20000) == NULL);
	expect(ma_heap_alloc_at_hand(heap[0], 20000) == block && take(heap[0], 20000) != block);
	expect(ma_check() == 0);
}
END_TEST

/* --- resize --- */

START_TEST(resize_in_place)
{
	char *slot, *block, *large, *wall;
	size_t size;

	begin();
	for (int i = 0; i < 100; i++) /* past the first of the class, which are blocks */
		slot = take(heap[0], 100);
	expect(place_of(heap[0], slot, &size) == PLACE_SLOT);
	expect(ma_heap_resize(heap[0], slot, size) && ma_heap_resize(heap[0], slot, 0));
	expect(!ma_heap_resize(heap[0], slot, size + 1));
	block = take(heap[0], 200000);
	pattern_fill(block, 200000, 1);
	expect(ma_heap_resize(heap[0], block, 50000) && place_of(heap[0], block, &size) == PLACE_BLOCK);
	expect(size >= 50000 && size < 50000 + 2 * MA_UNIT);
	expect(ma_heap_resize(heap[0], block, 120000) && pattern_holds(block, 50000, 1));
	wall = take(heap[0], 100000);
	expect(wall > block);
	expect(!ma_heap_resize(heap[0], block, (size_t)(wall - block) + 20000));
	expect(!ma_heap_resize(heap[1], block, 200000) && ma_heap_resize(heap[1], block, 100));
	large = take(heap[0], 3000000);
	expect(ma_heap_resize(heap[1], large, 4000000) && ma_heap_resize(heap[0], large, 0));
	expect(place_of(heap[0], large, &size) == PLACE_LARGE && size > 0);
	expect(ma_check() == 0);
}
END_TEST

/* What is free in chunks, here and in heaps whose threads have ended, goes back if a large object needs it. */
START_TEST(large_object_after_small_ones)
{
	static void *p[2][30000];

	begin();
	for (unsigned i = 0; i < LENGTH(p[0]); i++)
		for (unsigned h = 0; h < 2; h++)
			p[h][i] = take(heap[h], 1000);
	for (unsigned i = 0; i < LENGTH(p[0]); i++)
		for (unsigned h = 0; h < 2; h++)
			ma_heap_free(heap[h], p[h][i]);
	ma_heaps_leave(heap[1]);
	scripted_limit(scripted_held() + 4096);
	p[0][0] = take(heap[0], scripted_held() - 8 * MA_WINDOW);
	expect(p[0][0] != NULL && take(heap[0], SCRIPTED_REGION) == NULL);
	scripted_limit(SIZE_MAX);
	expect(ma_heap_free(heap[0], p[0][0]) == PLACE_LARGE && ma_check() == 0);
}
END_TEST

/* Who has small objects only looks now and then whether memory has waited for long. */
START_TEST(small_objects_make_large_ones_go)
{
	begin();
	expect(ma_heap_free(heap[0], take(heap[0], 5000000)) == PLACE_LARGE && ma_large_waits);
	for (unsigned i = 0; i < 500; i++)
		take(heap[0], 100);
	expect(ma_large_waits); /* not for long yet */
	usleep(700 * 1000);
	for (unsigned i = 0; i < 50000; i++)
		take(heap[0], 100);
	expect(!ma_large_waits);
}
END_TEST

/* --- histories --- */

static void any_step(struct objects *objects, struct random *random, size_t most)
{
	struct heap *actor = heap[random_below(random, HEAPS)];
	size_t size = random_size(random, most), zero;
	struct object *object;
	void *p;

	if (objects->count < objects->room && random_below(random, 10) < 5) {
		if (random_once_in(random, 5))
			p = ma_heap_alloc_aligned(actor, size, (size_t)1 << random_below(random, 16), &zero);
		else
			p = take(actor, size);
		expect(p != NULL || scripted_refusals() > 0);
		if (p != NULL)
			objects_add(objects, p, size);
		return;
	}
	if (objects->count == 0)
		return;
	object = &objects->object[random_below(random, objects->count)];
	if (!random_once_in(random, 4)) {
		expect(ma_heap_free(actor, objects_take(objects, (size_t)(object - objects->object)).at) !=
		       PLACE_STRANGE);
	} else if (ma_heap_resize(actor, object->at, size)) {
		expect(pattern_holds(object->at, size < object->size ? size : object->size, object->seed));
		object->size = size;
		pattern_fill(object->at, size, object->seed);
	}
}

/* Now and then a heap's thread ends, and another begins. */
static void change_hands(struct random *random)
{
	unsigned i = (unsigned)random_below(random, HEAPS);

	ma_heaps_leave(heap[i]);
	if (random_once_in(random, 2))
		ma_heaps_adopt(heap[(i + 1) % HEAPS]);
	if (random_once_in(random, 4))
		ma_heaps_trim_idle(0);
	heap[i] = ma_heaps_take();
	expect(heap[i] != NULL);
}

static void history(uint64_t seed, size_t most, bool refusing)
{
	struct random random = {seed};
	struct objects objects;

	begin();
	objects_begin(&objects, 400);
	for (size_t step = 0; step < test_rounds(6000); step++) {
		if (refusing) {
			scripted_relent();
			if (random_once_in(&random, 5))
				scripted_refuse(1 + random_below(&random, 2), 3);
		}
		any_step(&objects, &random, most);
		if (random_once_in(&random, 100))
			change_hands(&random);
		if (random_once_in(&random, 300))
			ma_heap_trim(heap[0], random_size(&random, 100000));
		if (random_once_in(&random, 300))
			ma_heap_collect(heap[0]);
		expect(ma_check() == 0);
		if (step % 16 == 0)
			objects_are_the_heap(&objects);
	}
	scripted_relent();
	objects_hold(&objects);
	objects_are_the_heap(&objects);
	while (objects.count > 0)
		ma_heap_free(heap[0], objects_take(&objects, 0).at);
	for (unsigned i = 0; i < HEAPS; i++)
		ma_heap_trim(heap[i], 0);
	objects_are_the_heap(&objects);
	objects_end(&objects);
}

START_TEST(history_of_small_ones)
{
	history(1, 1000, false);
}
END_TEST

START_TEST(history_of_all_sizes)
{
	history(2, 3000000, false);
}
END_TEST

START_TEST(history_with_refusals)
{
	history(3, 500000, true);
}
END_TEST

/* All that was taken goes back, whoever frees it. */
START_TEST(nothing_is_kept)
{
	struct random random = {8};
	static void *p[20000];
	size_t held;

	begin();
	for (unsigned i = 0; i < LENGTH(p); i++)
		p[i] = take(heap[i % HEAPS], random_size(&random, 2000));
	held = scripted_held();
	for (unsigned i = 0; i < LENGTH(p); i++)
		ma_heap_free(heap[(i / 7) % HEAPS], p[i]);
	for (unsigned i = 0; i < HEAPS; i++)
		ma_heap_trim(heap[i], 0);
	expect(ma_check() == 0);
	expect(held > 10000000 && scripted_held() <= HEAPS * (MA_WINDOW + (sizeof(struct heap) * 5) / 4));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_size,
		every_alignment,
		strangers,
		stranger_behind_the_chunk,
		at_hand,
		resize_in_place,
		large_object_after_small_ones,
		small_objects_make_large_ones_go,
		history_of_small_ones,
		history_of_all_sizes,
		history_with_refusals,
		nothing_is_kept,
	};

	return unit_run("heap", tests, LENGTH(tests));
}
