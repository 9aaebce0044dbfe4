/* SPDX-License-Identifier: MIT */
/* header.h - how a block's header is written: for the files of the block layer, and for no others. */
#ifndef MA_HEADER_H
#define MA_HEADER_H

#include "block.h"

MA_INLINE void ma_header_write(struct mem_block *block, uint32_t units, uint32_t left_units,
			       enum block_state state)
{
	block->units = units;
	block->left_units = left_units;
	block->state = state;
	block->check = ma_header_check(ma_header_sizes(block), state);
}

/* A list has led to a block that is not of the list's state, or the block's header was overwritten: says which, and aborts. */
_Noreturn void ma_header_strange(const struct mem_block *block);

/* Never returns if a header is not what this layer wrote for the state. */
MA_INLINE void ma_header_prove_state(const struct mem_block *block, uint64_t sizes, enum block_state state)
{
	if (MA_UNLIKELY(block->state != state || block->check != ma_header_check(sizes, state)))
		ma_header_strange(block);
}

/* Gives a block that is proved to be of one state another one. */
MA_INLINE void ma_header_turn(struct mem_block *block, enum block_state from, enum block_state to)
{
	uint64_t sizes = ma_header_sizes(block);

	ma_header_prove_state(block, sizes, from);
	block->state = to;
	block->check = ma_header_check(sizes, to);
}

#endif /* MA_HEADER_H */
