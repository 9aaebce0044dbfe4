/* SPDX-License-Identifier: MIT */
/*
 * block_link.h - links from one free block to another, kept in the block itself, where a program may write after its free.
 *
 * A link is a block's address times MA_HASH. So it is the block's priority in a treap at the same time (distinct for
 * distinct addresses), and MA_UNHASH leads back to the address. What a program writes over any byte of a link spreads
 * in that product over all bits above: unless these are zero it is no address, which all but 1 in 2^16 of such writes
 * show. Zero is no link either.
 */
#ifndef MA_BLOCK_LINK_H
#define MA_BLOCK_LINK_H

#include "base.h"

struct mem_block;

#define LINK_NONE UINT64_C(0x656e6f6e656e6f6e)
#define ADDRESS_END (UINT64_C(1) << (UINTPTR_MAX > UINT32_MAX ? 48 : 32))
static_assert(LINK_NONE * MA_UNHASH >= ADDRESS_END, "no block's");

MA_INLINE uint64_t ma_link_to(const struct mem_block *block)
{
	return (uintptr_t)block * MA_HASH;
}

/* What the link at `at` leads to; NULL if it is LINK_NONE, or no link. */
MA_INLINE struct mem_block *ma_link_peek(const uint64_t *at)
{
	uint64_t address = *at * MA_UNHASH;

	return MA_LIKELY(address < ADDRESS_END) ? (struct mem_block *)(uintptr_t)address : NULL;
}

/* Was nothing else written over it? */
MA_INLINE bool ma_link_is_sound(const uint64_t *at)
{
	return ma_link_peek(at) != NULL || *at == LINK_NONE;
}

/* What it leads to, as ma_link_peek(); but what is no link is fatal. */
MA_INLINE struct mem_block *ma_link_follow(const uint64_t *at)
{
	struct mem_block *block = ma_link_peek(at);

	if (MA_LIKELY(block != NULL))
		return block;
	MA_CHECK(*at == LINK_NONE, "free block overwritten (a write after free?)",
		 (const void *)ma_round_down((uintptr_t)at, MA_UNIT));
	return NULL;
}

#endif /* MA_BLOCK_LINK_H */
