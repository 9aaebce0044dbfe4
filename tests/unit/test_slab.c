/* SPDX-License-Identifier: MIT */
/* Slabs against a plain set of live objects: slots never overlap, none is lost, whoever frees it. */
#include "unit.h"

#include "scripted_source.h"
#include "slab_side.h"
#include "source.h"

START_TEST(classes)
{
	expect(ma_slab_class_size(SLAB_CLASSES - 1) == SLAB_MAX);
	expect(ma_slab_class(0) == 0);
	for (size_t size = 1; size <= SLAB_MAX; size++) {
		unsigned class = ma_slab_class(size);
		size_t has = ma_slab_class_size(class);
		expect(class < SLAB_CLASSES && has >= size && has % MA_UNIT == 0);
		expect(class == 0 || ma_slab_class_size(class - 1) < size);
		expect(has - size < MA_UNIT || (has - size) * 8 <= has);
	}
}
END_TEST

/* Fills slabs of one class until one is full, and tries every offset of the first. */
static void holds_in_class(unsigned class)
{
	size_t size = ma_slab_class_size(class), carved;
	struct slab *slab = slab_of(take_slot(size));

	do {
		carved = slab->carved;
		for (size_t at = 0; at < carved * size + 5000; at += carved == slab->slots ? 1 : 8) {
			bool is_slot = at % size == 0 && at / size < carved;
			expect(ma_slab_holds(slab, at) == is_slot);
			expect(ma_slab_holds_shared(slab, at) == is_slot);
			expect(ma_slab_slot_around(slab, slab->start + at) ==
			       (at < carved * size ? slab->start + at / size * size : NULL));
		}
		for (uint64_t below = 1; below < 100000; below += 3)
			expect(!ma_slab_holds(slab, -below) && !ma_slab_holds_shared(slab, -below));
		while (slab->carved == carved && carved < slab->slots)
			take(&mine, size);
	} while (carved < slab->slots);
	expect(!ma_slab_holds(&mine.slabs.none, 0) && !ma_slab_holds_shared(&mine.slabs.none, 0));
}

START_TEST(which_offsets_are_slots)
{
	begin();
	for (unsigned class = 0; class < SLAB_CLASSES; class ++)
		holds_in_class(class);
	used_slots(&mine);
}
END_TEST

START_TEST(wild_offsets_are_no_slots)
{
	struct random random = {3};
	struct slab *slab;

	begin();
	slab = slab_of(take_slot(48));
	for (size_t i = 0; i < 1000000; i++) {
		uint64_t at = random_next(&random) >> (16 + random_below(&random, 48));
		expect(ma_slab_holds(slab, at) == (at % 48 == 0 && at / 48 < slab->carved));
	}
}
END_TEST

/* Slots are aligned as their size is; none leaves its block. */
START_TEST(places)
{
	begin();
	for (unsigned class = 0; class < SLAB_CLASSES; class ++) {
		size_t size = ma_slab_class_size(class), align = size & -size;
		give(&mine, take_slot(size));
		for (unsigned i = 0; i < 100; i++) {
			char *p = take(&mine, size);
			struct slab *slab = slab_of(p);
			struct mem_block *block;
			if (slab == NULL)
				continue;
			block = ma_block_around(ma_chunk_of(p), p);
			expect((uintptr_t)p % align == 0);
			expect(p >= (char *)ma_block_payload(block) &&
			       p + size <= (char *)ma_block_right(block));
			expect(slab->slot_size == size && slab->class == class);
			expect(ma_slab_mapped(&mine.slabs, p) == slab);
			expect(ma_chunk_of_slab(slab) == ma_chunk_of(p));
		}
	}
	used_slots(&mine);
}
END_TEST

/* Blocks fit what there are few of; what there are many of gets slots. */
START_TEST(large_slots_are_for_many)
{
	static void *kept[2 * SLAB_MANY];

	begin();
	for (size_t i = 0; i < LENGTH(kept); i++) {
		kept[i] = take(&mine, 4000);
		expect((slab_of(kept[i]) == NULL) == (i < SLAB_MANY));
		expect(i >= SLAB_MANY || ma_block_size(ma_block_of(kept[i])) <= 4016);
	}
	for (size_t i = 0; i < LENGTH(kept); i++)
		give(&mine, kept[i]);
}
END_TEST

/* A class that has much gets larger slabs, but none that is a large part of it. */
START_TEST(slabs_grow_with_their_class)
{
	static void *kept[100000];
	unsigned largest = 0, bytes;

	begin();
	for (size_t i = 0; i < LENGTH(kept); i++) {
		struct slab *slab;
		bytes = mine.slabs.bin[ma_slab_class(48)].bytes;
		kept[i] = take(&mine, 48);
		slab = slab_of(kept[i]);
		if (slab == NULL)
			continue;
		expect(slab->granules * MA_GRANULE ==
		       ma_block_bytes(ma_block_around(ma_chunk_of_slab(slab), slab->start)));
		expect(slab->granules <= ma_max(bytes / 8, 1) && slab->granules <= SLAB_MOST_GRANULES);
		largest = (unsigned)ma_max(largest, slab->granules);
	}
	expect(largest == SLAB_MOST_GRANULES);
	expect(used_slots(&mine) > LENGTH(kept) * 9 / 10);
	for (size_t i = 0; i < LENGTH(kept); i++)
		give(&mine, kept[i]);
	expect(used_slots(&mine) == 0);
}
END_TEST

/* A class that has few objects shall not hold much memory for them, from its second slab on it has more than a few. */
START_TEST(the_first_slab_is_small)
{
	enum { SIZE = 1024 };
	static void *kept[100];
	size_t seen = 0, bytes[2] = {0};

	begin();
	for (size_t i = 0; i < LENGTH(kept); i++) {
		struct slab *slab;
		kept[i] = take(&mine, SIZE);
		slab = slab_of(kept[i]);
		if (slab == NULL || (i > 0 && slab == slab_of(kept[i - 1])))
			continue;
		if (seen < 2)
			bytes[seen++] = slab->granules * MA_GRANULE;
	}
	expect(seen == 2);
	expect(bytes[0] >= 7 * SIZE && bytes[0] <= 16 * SIZE);
	expect(bytes[1] >= 31 * SIZE);
	for (size_t i = 0; i < LENGTH(kept); i++)
		give(&mine, kept[i]);
	expect(used_slots(&mine) == 0);
}
END_TEST

/* What classes keep in reserve can be had back: all that is empty, and nothing else. */
START_TEST(reserves_are_shed)
{
	static void *kept[3000];
	void *one;

	begin();
	for (size_t size = 16; size <= 1024; size *= 4) {
		for (size_t i = 0; i < LENGTH(kept); i++)
			kept[i] = take(&mine, size);
		for (size_t i = 0; i < LENGTH(kept); i++)
			give(&mine, kept[i]);
	}
	one = take_slot(64);
	expect(mine.slabs.bin[ma_slab_class(16)].bytes != 0);
	expect(ma_slab_shed(&mine.slabs, &mine.blocks));
	for (unsigned class = 0; class < SLAB_CLASSES; class ++)
		expect((mine.slabs.bin[class].bytes != 0) == (class == ma_slab_class(64)));
	expect(used_slots(&mine) == 1);
	expect(!ma_slab_shed(&mine.slabs, &mine.blocks));
	give(&mine, one);
}
END_TEST

START_TEST(double_push_shows)
{
	void *p, *q;

	begin();
	p = take_slot(100);
	q = take(&mine, 100);
	give(&mine, p);
	expect(ma_slab_push(slab_of(p), p) == SLAB_FREE && ma_slab_is_free(slab_of(p), p));
	give(&mine, q);
	expect(ma_slab_push(slab_of(p), p) == SLAB_FREE && ma_slab_is_free(slab_of(p), p));
	expect(take(&mine, 100) != NULL && take(&mine, 100) != NULL);
	expect(!ma_slab_is_free(slab_of(p), p) && !ma_slab_is_free(slab_of(q), q));
	used_slots(&mine);
}
END_TEST

/* An aligned request that slots can serve gets one. */
START_TEST(sizes_of_aligned_slots)
{
	for (size_t align = MA_UNIT; align <= 2 * SLAB_MAX; align *= 2)
		for (size_t size = 0; size <= SLAB_MAX + 1; size++) {
			size_t got = ma_slab_aligned_size(size, align);
			expect((got == SIZE_MAX) == (size > SLAB_MAX || align > SLAB_MAX));
			if (got != SIZE_MAX)
				expect(got >= size && got > 0 && got % align == 0 &&
				       got <= ma_max(size, 1) + align - 1);
			if (got <= SLAB_MAX)
				expect(ma_slab_class_size(ma_slab_class(got)) % align == 0);
		}
}
END_TEST

/* --- histories --- */

static size_t draw_size(struct random *random, unsigned phase)
{
	switch (phase % 3) {
	case 0:
		return 1 + random_below(random, 64);
	case 1:
		return 1 + random_size(random, 1024);
	default:
		return 1 + random_size(random, SLAB_MAX - 1);
	}
}

static void one_step(struct objects *objects, struct random *random, unsigned phase, unsigned remote)
{
	bool grow = (phase / 3) % 2 == 0;

	if (objects->count < objects->room && random_below(random, 10) < (grow ? 6 : 4)) {
		size_t size = draw_size(random, phase);
		void *p = take(&mine, size);
		expect(p != NULL || scripted_refusals() != 0);
		if (p != NULL)
			objects_add(objects, p, size);
	} else if (objects->count > 0) {
		void *p = objects_take(objects, random_below(random, objects->count)).at;
		if (random_below(random, 10) < remote)
			give_remotely(&mine, p);
		else
			give(&mine, p);
	}
}

static size_t live_slots(const struct objects *objects)
{
	size_t slots = 0;

	for (size_t i = 0; i < objects->count; i++)
		slots += slab_of(objects->object[i].at) != NULL;
	return slots;
}

static void history(unsigned remote, bool refusing)
{
	struct random random = {20 + remote};
	struct objects objects;
	size_t steps = test_rounds(60000);

	begin();
	objects_begin(&objects, 3000);
	for (size_t step = 0; step < steps; step++) {
		if (refusing) {
			scripted_relent();
			if (random_once_in(&random, 3))
				scripted_refuse(1, 2);
		}
		one_step(&objects, &random, (unsigned)(step * 12 / steps), remote);
		if (random_once_in(&random, 200))
			ma_slab_drain(&mine.slabs, &mine.blocks);
		if (step % 64 == 0)
			expect(used_slots(&mine) == live_slots(&objects));
	}
	scripted_relent();
	objects_hold(&objects);
	while (objects.count > 0)
		give(&mine, objects_take(&objects, 0).at);
	ma_slab_drain(&mine.slabs, &mine.blocks);
	for (struct chunk *chunk = mine.blocks.chunks, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		ma_slab_collect(&mine.slabs, &mine.blocks, chunk);
	}
	expect(used_slots(&mine) == 0);
	ma_quick_flush(&mine.blocks);
	ma_block_trim(&mine.blocks, 0);
	expect(mine.blocks.held <= MA_WINDOW); /* all slabs went back */
	objects_end(&objects);
}

START_TEST(history_of_one)
{
	history(0, false);
}
END_TEST

START_TEST(history_with_remote_frees)
{
	history(5, false);
}
END_TEST

START_TEST(history_of_remote_frees_only)
{
	history(10, false);
}
END_TEST

START_TEST(history_with_refusals)
{
	history(3, true);
}
END_TEST

/* --- a chunk changes hands --- */

/* Moves all that `from` has, as heaps.c does. */
static void adopt_all(struct side *to, struct side *from)
{
	for (struct chunk *chunk = from->blocks.chunks, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		ma_slab_drain(&from->slabs, &from->blocks);
		expect(ma_slab_freeze(&from->slabs, &from->blocks, chunk));
		ma_block_adopt(&to->blocks, &from->blocks, chunk);
		ma_store_relaxed(&chunk->owner, to);
		ma_slab_adopt(&to->slabs, &to->blocks, &from->slabs, chunk);
	}
	expect(from->blocks.chunks == NULL && used_slots(from) == 0);
}

START_TEST(adoption_to_and_fro)
{
	struct random random = {77};
	struct objects objects;
	struct side *owner = &mine, *idle = &other, *swap;

	begin();
	mine.blocks.on_break = false;
	objects_begin(&objects, 2000);
	for (size_t step = 0; step < test_rounds(20000); step++) {
		if (objects.count < objects.room && random_below(&random, 10) < 5) {
			size_t size = 1 + random_size(&random, SLAB_MAX - 1);
			objects_add(&objects, take(owner, size), size);
		} else if (objects.count > 0) {
			void *p = objects_take(&objects, random_below(&random, objects.count)).at;
			if (random_once_in(&random, 3))
				give_remotely(owner, p);
			else
				give(owner, p);
		}
		if (random_once_in(&random, 500)) {
			size_t live = live_slots(&objects);
			expect(used_slots(owner) == live);
			adopt_all(idle, owner);
			swap = owner;
			owner = idle;
			idle = swap;
			expect(used_slots(owner) == live);
			objects_hold(&objects);
		}
	}
	objects_end(&objects);
}
END_TEST

START_TEST(no_change_of_hands_during_a_notice)
{
	void *p[1000];
	struct slab *slab;

	begin();
	for (unsigned i = 0; i < LENGTH(p); i++)
		p[i] = take(&mine, 100);
	slab = slab_of(p[500]);
	expect(slab->full && ma_slab_push_remote(slab, p[500])); /* the notice is due, and late */
	expect(!ma_slab_freeze(&mine.slabs, &mine.blocks, ma_chunk_of(p[500])));
	used_slots(&mine);
	for (unsigned i = 501; i < LENGTH(p); i++)
		give_remotely(&mine, p[i]);
	ma_slab_notify(&mine.slabs, slab);
	adopt_all(&other, &mine);
	expect(used_slots(&other) > 0);
	used_slots(&mine);
}
END_TEST

/* --- faults --- */

static void take_some(void *size)
{
	for (unsigned i = 0; i < 100; i++)
		take(&mine, *(size_t *)size);
}

START_TEST(overwritten_link_is_reported)
{
	size_t size = 100;
	uint64_t *p;
	char text[256];

	begin();
	p = take_slot(size);
	give(&mine, p);
	unit_says(take_some, &size, "");
	p[0] = UINT64_C(0x4141414141414141);
	expect(WIFSIGNALED(unit_child(take_some, &size, text, sizeof(text))));
	expect(strstr(text, "libma: free list of a slab overwritten (a write after free?): 0x") == text);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		classes,
		which_offsets_are_slots,
		wild_offsets_are_no_slots,
		places,
		sizes_of_aligned_slots,
		large_slots_are_for_many,
		slabs_grow_with_their_class,
		the_first_slab_is_small,
		reserves_are_shed,
		double_push_shows,
		history_of_one,
		history_with_remote_frees,
		history_of_remote_frees_only,
		history_with_refusals,
		adoption_to_and_fro,
		no_change_of_hands_during_a_notice,
		overwritten_link_is_reported,
	};

	return unit_run("slab", tests, LENGTH(tests));
}
