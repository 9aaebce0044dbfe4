/* SPDX-License-Identifier: MIT */
/* The walk shows every object once, in address order, and tells of each what it is; the unit tests all lean on it. */
#include "unit.h"

#include "heap.h"
#include "large.h"
#include "ma.h"
#include "scripted_source.h"
#include "thread.h"

struct seen {
	size_t count[MA_LARGE_FREE + 1], bytes[MA_LARGE_FREE + 1];
	size_t stop_after; /* places; 0: none */
	size_t places;
	const void *last;
	struct ma_place slab; /* the slab that slots belong to now */
};

static int see(const struct ma_place *place, void *arg)
{
	struct seen *seen = arg;
	const char *at = place->address;

	expect(place->kind <= MA_LARGE_FREE && place->size != 0);
	expect(at > (const char *)seen->last || seen->slab.address == at || place->kind == MA_SLOT_FREE ||
	       place->kind == MA_SLOT_USED);
	expect(scripted_gives(at, place->size));
	if (place->kind == MA_LARGE_USED || place->kind == MA_LARGE_FREE) {
		expect(place->heap == 0 && place->chunk == at && place->slot_size == 0);
	} else {
		expect(place->chunk == ma_chunk_of(at) && place->heap != 0);
		expect(at + place->size <= ma_chunk_end(place->chunk));
	}
	if (place->kind == MA_BLOCK_SLAB)
		seen->slab = *place;
	if (place->kind == MA_SLOT_FREE || place->kind == MA_SLOT_USED) {
		expect(place->size == place->slot_size && place->slot_size == seen->slab.slot_size);
		expect(at >= (const char *)seen->slab.address);
		expect(at + place->size <= (const char *)seen->slab.address + seen->slab.size);
	}
	seen->count[place->kind]++;
	seen->bytes[place->kind] += place->size;
	seen->last = at;
	return ++seen->places == seen->stop_after ? 42 : 0;
}

static struct seen walk(void)
{
	struct seen seen = {.stop_after = 0};

	expect(ma_walk(see, &seen) == 0);
	return seen;
}

START_TEST(empty)
{
	expect(walk().places == 0);
}
END_TEST

START_TEST(all_kinds)
{
	struct seen seen;
	void *p[500], *block = ma_malloc(100000), *large = ma_malloc(3000000), *cached = ma_malloc(2500000);
	size_t used;

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(100);
	for (size_t i = 0; i < LENGTH(p); i += 5)
		ma_free(p[i]);
	ma_free(cached);
	seen = walk();
	expect(seen.count[MA_LARGE_USED] == 1 && seen.bytes[MA_LARGE_USED] == ma_usable_size(large));
	expect(seen.count[MA_LARGE_FREE] == 1 && seen.bytes[MA_LARGE_FREE] >= 2500000);
	expect(seen.count[MA_BLOCK_SLAB] > 0 && seen.count[MA_BLOCK_FREE] > 0);
	expect(seen.count[MA_SLOT_USED] > 0 && seen.count[MA_SLOT_FREE] > 0);
	used = seen.count[MA_SLOT_USED] + seen.count[MA_BLOCK_USED];
	expect(used == 1 + LENGTH(p) * 4 / 5);
	expect(seen.bytes[MA_BLOCK_USED] >= ma_usable_size(block));
	ma_large_trim();
	expect(walk().count[MA_LARGE_FREE] == 0);
}
END_TEST

/* With the headers, the blocks of a chunk are all of it. */
START_TEST(blocks_fill_their_chunks)
{
	struct random random = {1};
	struct seen seen;
	size_t blocks, chunks = 0;

	for (int i = 0; i < 3000; i++) {
		void *p = ma_malloc(random_size(&random, 200000));
		if (random_once_in(&random, 2))
			ma_free(p);
	}
	ma_large_trim();
	seen = walk();
	for (const struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk))
		chunks++;
	blocks = seen.count[MA_BLOCK_FREE] + seen.count[MA_BLOCK_USED] + seen.count[MA_BLOCK_SLAB];
	expect(seen.bytes[MA_BLOCK_FREE] + seen.bytes[MA_BLOCK_USED] + seen.bytes[MA_BLOCK_SLAB] +
		       blocks * sizeof(struct mem_block) ==
	       ma_thread_heap->blocks.held - chunks * sizeof(struct chunk));
}
END_TEST

START_TEST(a_visitor_may_stop)
{
	struct seen all, some;

	for (int i = 0; i < 100; i++)
		expect(ma_malloc(50) != NULL);
	expect(ma_malloc(3000000) != NULL);
	all = walk();
	for (size_t stop = 1; stop <= all.places; stop++) {
		some = (struct seen){.stop_after = stop};
		expect(ma_walk(see, &some) == 42 && some.places == stop);
	}
	some = (struct seen){.stop_after = all.places + 1};
	expect(ma_walk(see, &some) == 0 && some.places == all.places);
}
END_TEST

/* What another thread has freed and the owner has not yet taken in is free. */
START_TEST(remotely_freed)
{
	struct heap *other;
	void *slot = NULL, *block;
	struct seen before, after;
	size_t zero;

	for (int i = 0; i < 200; i++)
		slot = ma_malloc(100);
	block = ma_malloc(100000);
	other = ma_heaps_take();
	expect(ma_heap_alloc(other, 10, &zero) != NULL);
	before = walk();
	ma_heap_free(other, slot);
	ma_heap_free(other, block);
	after = walk();
	expect(after.count[MA_SLOT_USED] == before.count[MA_SLOT_USED] - 1);
	expect(after.count[MA_SLOT_FREE] == before.count[MA_SLOT_FREE] + 1);
	expect(after.count[MA_BLOCK_USED] == before.count[MA_BLOCK_USED] - 1);
	expect(after.count[MA_BLOCK_FREE] == before.count[MA_BLOCK_FREE] + 1);
}
END_TEST

START_TEST(agrees_with_any_history)
{
	struct random random = {2};
	struct objects objects;

	objects_begin(&objects, 1000);
	for (size_t step = 0; step < test_rounds(20000); step++) {
		if (objects.count < objects.room && random_below(&random, 10) < 6) {
			size_t size = random_size(&random, 100000);
			objects_add(&objects, ma_malloc(size), size);
		} else if (objects.count > 0) {
			ma_free(objects_take(&objects, random_below(&random, objects.count)).at);
		}
		if (step % 50 == 0)
			objects_are_the_heap(&objects);
	}
	objects_end(&objects);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {empty,
				      all_kinds,
				      blocks_fill_their_chunks,
				      a_visitor_may_stop,
				      remotely_freed,
				      agrees_with_any_history};

	return unit_run("walk", tests, LENGTH(tests));
}
