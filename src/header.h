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

/* Verifies a header and gives the block another state. */
MA_INLINE void ma_header_turn(struct mem_block *block, enum block_state state)
{
	uint64_t sizes = ma_header_sizes(block);

	ma_header_prove(block, sizes);
	block->state = state;
	block->check = ma_header_check(sizes, state);
}

#endif /* MA_HEADER_H */
