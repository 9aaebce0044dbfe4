/* SPDX-License-Identifier: MIT */
/*
 * walk.c - ma_walk(): every block, slot and large mapping in address order.
 *
 * Chunks come from the registry, blocks from the tiling, slots from the slab's descriptor. Which slots are free
 * is on the slab's lists, which are in no order; they are first marked in a bitmap on the stack.
 */
#include "ma.h"

#include <string.h>

#include "heap.h"
#include "inside.h"
#include "large.h"
#include "mode.h"

struct walk {
	ma_visitor *visitor;
	void *arg;
	struct ma_place place; /* of the chunk: chunk and heap are filled in */
};

static int show(struct walk *walk, enum ma_kind kind, const void *address, size_t size, size_t slot_size)
{
	uintptr_t mark;
	int result;

	walk->place.kind = kind;
	walk->place.address = address;
	walk->place.size = size;
	walk->place.slot_size = slot_size;
	mark = ma_inside_let_out();
	result = walk->visitor(&walk->place, walk->arg);
	ma_inside_mark(mark);
	return result;
}

static int walk_slots(struct walk *walk, const struct slab *slab)
{
	uint64_t free[SLAB_MOST_SLOTS / 64];
	int result = 0;

	memset(free, 0, sizeof(free));
	ma_slab_mark_free(slab, free);
	for (uint32_t i = 0; i < slab->carved && result == 0; i++) {
		bool is_free = free[i / 64] >> (i % 64) & 1;
		result = show(walk, is_free ? MA_SLOT_FREE : MA_SLOT_USED,
			      slab->start + (size_t)i * slab->slot_size, slab->slot_size, slab->slot_size);
	}
	return result;
}

static int walk_block(struct walk *walk, struct chunk *chunk, const struct mem_block *block)
{
	const void *payload = ma_block_payload(block);
	struct slab *slab;
	int result;

	switch (block->state) {
	case BLOCK_USED:
		return show(walk, ma_slab_block_is_free(chunk, payload) ? MA_BLOCK_FREE : MA_BLOCK_USED,
			    payload, ma_block_size(block), 0);
	case BLOCK_FREE:
	case BLOCK_WAITING:
		return show(walk, MA_BLOCK_FREE, payload, ma_block_size(block), 0);
	case BLOCK_SLAB:
		slab = ma_slab_in_chunk(chunk, payload);
		if (slab == NULL) /* its owner is at work on it */
			return 0;
		result = show(walk, MA_BLOCK_SLAB, payload, ma_block_size(block), slab->slot_size);
		return result != 0 ? result : walk_slots(walk, slab);
	default:
		return 0;
	}
}

static int walk_chunk(struct walk *walk, struct chunk *chunk)
{
	const struct heap *owner = ma_load_relaxed(&chunk->owner);
	const struct mem_block *block = ma_block_first(chunk);
	const char *end = ma_chunk_end(chunk);
	int result = 0;

	walk->place.chunk = chunk;
	walk->place.heap = owner->number;
	while ((const char *)block < end && ma_block_is_sound(block) && result == 0) {
		result = walk_block(walk, chunk, block);
		block = ma_block_right(block);
	}
	return result;
}

static int walk_large(struct walk *walk, const struct large_place *large)
{
	walk->place.chunk = large->start;
	walk->place.heap = 0;
	return show(walk, large->free ? MA_LARGE_FREE : MA_LARGE_USED, large->start, large->size, 0);
}

int ma_walk(ma_visitor *visitor, void *arg)
{
	struct walk walk = {.visitor = visitor, .arg = arg};
	struct chunk *chunk = ma_chunk_after(NULL);
	struct large_place large;
	bool more;
	int result = 0;
	bool marked;

	marked = ma_mode_begin();
	more = ma_large_after(NULL, &large);
	while (result == 0 && (chunk != NULL || more)) {
		if (chunk != NULL && (!more || (const char *)chunk < large.start)) {
			result = walk_chunk(&walk, chunk);
			chunk = ma_chunk_after(chunk);
		} else {
			result = walk_large(&walk, &large);
			more = ma_large_after(large.start, &large);
		}
	}
	ma_mode_end(marked);
	return result;
}
