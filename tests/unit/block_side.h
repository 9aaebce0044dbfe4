/* SPDX-License-Identifier: MIT */
/* block_side.h - blocks as a heap has them, and their tiling read as a list, for the tests of block*.c. */
#ifndef BLOCK_SIDE_H
#define BLOCK_SIDE_H

#include "../expect.h"
#include "../pattern.h"
#include "block.h"
#include "scripted_source.h"
#include "source.h"

#define MOST_BLOCKS 4096u

struct tile {
	struct mem_block *block;
	uint32_t units;
	bool free;
};

struct tiling {
	struct tile tile[MOST_BLOCKS];
	unsigned count;
};

static struct blocks blocks;

static inline unsigned chunks_by_address(struct chunk *sorted[100])
{
	unsigned count = 0;

	for (struct chunk *chunk = blocks.chunks; chunk != NULL; chunk = chunk->next) {
		unsigned i = count++;
		expect(count <= 100);
		for (; i > 0 && sorted[i - 1] > chunk; i--)
			sorted[i] = sorted[i - 1];
		sorted[i] = chunk;
	}
	return count;
}

static inline void tiling_read_chunk(struct tiling *tiling, const struct chunk *chunk, size_t *free_blocks)
{
	struct mem_block *block = ma_block_first(chunk), *left = NULL;

	for (; (char *)block < ma_chunk_end(chunk); left = block, block = ma_block_right(block)) {
		bool free = block->state == BLOCK_FREE;
		expect(tiling->count < MOST_BLOCKS && ma_block_is_sound(block));
		expect(block->units >= BLOCK_LEAST_UNITS && ma_block_left(block) == left);
		expect(free || block->state == BLOCK_USED);
		expect(!free || left == NULL || left->state != BLOCK_FREE);
		expect(ma_fit_has(&blocks.fit, block) == free);
		*free_blocks += free;
		tiling->tile[tiling->count++] = (struct tile){block, block->units, free};
	}
	expect((char *)block == ma_chunk_end(chunk) && chunk->last == left);
}

/* Reads the tiling of all chunks in address order, and checks what block.h says of it. */
static inline void tiling_read(struct tiling *tiling)
{
	struct chunk *chunk[100];
	unsigned chunks = chunks_by_address(chunk);
	size_t free_blocks = 0, held = 0;

	tiling->count = 0;
	for (unsigned i = 0; i < chunks; i++) {
		tiling_read_chunk(tiling, chunk[i], &free_blocks);
		held += (size_t)(ma_chunk_end(chunk[i]) - (char *)chunk[i]);
	}
	expect(ma_fit_count(&blocks.fit) == free_blocks);
	expect(blocks.held == held);
}
static inline void tiling_is(const struct tiling *tiling, const struct tiling *expected)
{
	expect(tiling->count == expected->count);
	for (unsigned i = 0; i < tiling->count; i++) {
		expect(tiling->tile[i].block == expected->tile[i].block);
		expect(tiling->tile[i].units == expected->tile[i].units);
		expect(tiling->tile[i].free == expected->tile[i].free);
	}
}

/* --- the model --- */

static __attribute__((unused)) struct tiling before, after;

static inline void begin(void)
{
	blocks.owner = &blocks;
	blocks.on_break = true;
}

static inline struct mem_block *take(const struct block_request *request)
{
	size_t zero = 0;
	struct mem_block *block = ma_block_alloc(&blocks, request, &zero);
	char *payload;

	if (block == NULL)
		return NULL;
	payload = ma_block_payload(block);
	expect(block->state == BLOCK_USED && ma_block_size(block) >= request->size);
	expect(ma_block_size(block) < request->size + 3 * MA_UNIT);
	expect((uintptr_t)(payload - request->offset) % request->align == 0);
	expect(scripted_gives(payload, ma_block_size(block)));
	if (zero < ma_block_size(block))
		expect(pattern_is_zero(payload + zero, ma_block_size(block) - zero));
	return block;
}

static inline struct mem_block *take_plain(size_t size)
{
	return take(&(struct block_request){.size = size, .align = MA_UNIT});
}

static inline void give(struct mem_block *block)
{
	ma_block_free(&blocks, ma_chunk_of(block), block);
}

/* A plain block, exactly where best fit has it. */

#endif /* BLOCK_SIDE_H */
