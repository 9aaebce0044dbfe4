/* SPDX-License-Identifier: MIT */
/*
 * pins.c - what pins this memory? A chunk goes back to the system as a whole when nothing in it is in use, and the
 * break goes down to the last block in use. So what keeps memory are the few blocks of a nearly empty chunk, and the
 * last one below the break: they are named here.
 */
#include "pins.h"

#include "map.h"
#include "residency.h"

/* Nearly empty: this part of a chunk, or less, is in use. */
#define NEARLY_EMPTY 8

const struct slab *ma_pins_slab(struct chunk *chunk, const struct mem_block *pin)
{
	return pin->state == BLOCK_SLAB ? ma_slab_in_chunk(chunk, ma_block_payload(pin)) : NULL;
}

static const struct slabs *slabs_of(const struct chunk *chunk)
{
	const struct heap *owner = ma_load_relaxed(&chunk->owner);

	return &owner->slabs;
}

/* Bytes of a block that are in use. */
static size_t bytes_in_use(struct chunk *chunk, const struct mem_block *block)
{
	const struct slab *slab = ma_pins_slab(chunk, block);

	if (slab != NULL)
		return (size_t)ma_slab_live(slabs_of(chunk), slab) * slab->slot_size;
	if (block->state != BLOCK_USED || ma_map_is_free(chunk, block))
		return 0;
	return ma_block_size(block);
}

struct mem_block *ma_pins_next(struct chunk *chunk, struct mem_block *after)
{
	struct mem_block *block = after == NULL ? ma_block_first(chunk) : ma_block_right(after);

	for (; (const char *)block < ma_chunk_end(chunk) && ma_block_is_sound(block);
	     block = ma_block_right(block))
		if (bytes_in_use(chunk, block) != 0)
			return block;
	return NULL;
}

static struct pinned look_at(struct chunk *chunk)
{
	const char *end = ma_chunk_end(chunk);
	struct pinned pinned = {
		.chunk = chunk,
		.held = (size_t)(end - (const char *)chunk),
		.resident = ma_residency_sum((const char *)chunk, end),
	};

	for (struct mem_block *pin = ma_pins_next(chunk, NULL); pin != NULL; pin = ma_pins_next(chunk, pin)) {
		pinned.pins++;
		pinned.used += bytes_in_use(chunk, pin);
	}
	return pinned;
}

static size_t waste(const struct pinned *pinned)
{
	return pinned->resident > pinned->used ? pinned->resident - pinned->used : 0;
}

unsigned ma_pins_find(struct pinned *found, unsigned room, size_t *all, size_t *wasted)
{
	unsigned count = 0, at;

	*all = *wasted = 0;
	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		struct pinned pinned = look_at(chunk);
		if (pinned.pins == 0 || pinned.used > pinned.held / NEARLY_EMPTY)
			continue;
		++*all;
		*wasted += waste(&pinned);
		for (at = count; at > 0 && waste(&found[at - 1]) < waste(&pinned); at--)
			if (at < room)
				found[at] = found[at - 1];
		if (at < room)
			found[at] = pinned;
		count += count < room;
	}
	return count;
}

/* The chunk whose end is the break: the topmost of those on it. */
static struct chunk *top_chunk(void)
{
	struct chunk *top = NULL;

	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk))
		if (chunk->on_break)
			top = chunk;
	return top;
}

struct pinned_break ma_pins_break(void)
{
	struct pinned_break found = {.chunk = top_chunk()};
	struct mem_block *block;

	if (found.chunk == NULL)
		return found;
	found.end = ma_chunk_end(found.chunk);
	for (block = ma_pins_next(found.chunk, NULL); block != NULL; block = ma_pins_next(found.chunk, block))
		found.pin = block;
	if (found.pin == NULL)
		return found;
	found.above = (size_t)(found.end - (const char *)ma_block_right(found.pin));
	block = ma_block_left(found.pin);
	if (block != NULL && bytes_in_use(found.chunk, block) == 0)
		found.below = (size_t)block->units * MA_UNIT;
	return found;
}
