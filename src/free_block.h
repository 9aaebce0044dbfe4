/* SPDX-License-Identifier: MIT */
/* free_block.h - what a free block knows, and its way into the index: for block.c and block_purge.c, and for no others. */
#ifndef MA_FREE_BLOCK_H
#define MA_FREE_BLOCK_H

#include "block.h"
#include "header.h"

/* The links of the fit index, and what a big free block knows besides. */
struct free_block {
	struct mem_block header;
	uint64_t links[2];
	uint64_t dirty; /* of a big block: see ma_block_set_dirty() */
};

static_assert(offsetof(struct free_block, dirty) <= BLOCK_LEAST_UNITS * MA_UNIT,
	      "the links fit into the smallest free block; only big ones have room for more");

MA_INLINE bool ma_block_is_big(const struct mem_block *block)
{
	return block->units >= BLOCK_BIG_UNITS;
}

/* `dirty` is kept as a multiple of MA_HASH, as the links of the index are: what is written over it is no number
 * of bytes that the block can have. */
MA_INLINE void ma_block_set_dirty(struct mem_block *block, size_t dirty)
{
	((struct free_block *)block)->dirty = (dirty + 1) * MA_HASH;
}

MA_INLINE size_t ma_block_dirty(const struct mem_block *block)
{
	uint64_t dirty = ((const struct free_block *)block)->dirty * MA_UNHASH - 1;

	MA_CHECK(dirty <= ma_block_bytes(block), "free block overwritten (a write after free?)",
		 ma_block_payload(block));
	return (size_t)dirty;
}

/* So many dirty bytes are not there any more. */
MA_INLINE void ma_block_less_dirty(struct blocks *blocks, size_t dirty)
{
	blocks->dirty -= dirty;
	blocks->spare = ma_min(blocks->spare, blocks->dirty);
	blocks->kept = ma_min(blocks->kept, blocks->dirty);
}

/* --- block.c --- */

/* Puts a free block into the index: `dirty` bytes of it may be resident. */
void ma_block_index_insert(struct blocks *blocks, struct mem_block *block, size_t dirty);

/* Takes it out; returns how many bytes of the block may be resident. */
size_t ma_block_index_remove(struct blocks *blocks, struct mem_block *block);

/* The heap's list of chunks. */
void ma_block_link_chunk(struct blocks *blocks, struct chunk *chunk);
void ma_block_unlink_chunk(struct blocks *blocks, struct chunk *chunk);

/* --- block_purge.c --- */

/* `size` bytes were made resident: if memory was given back just before, it had better been kept. */
void ma_block_note_regret(struct blocks *blocks, size_t size);

/* To be called when a big block has come free. */
void ma_block_consider_purge(struct blocks *blocks);

#endif /* MA_FREE_BLOCK_H */
