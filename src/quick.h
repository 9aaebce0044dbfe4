/* SPDX-License-Identifier: MIT */
/*
 * quick.h - blocks that were just freed and wait on lists, by size, to be taken again as they are.
 *
 * A program that frees 20,000 bytes soon asks for about as many again. Merging the block with its neighbours and
 * cutting it out anew would touch their headers and the index's nodes, most of them cold in cache. So what is
 * freed waits a while, unmerged: quick lists (Weinstock and Wulf, 1988; Wilson and others, 1995, "deferred
 * coalescing"). The tiling has a waiting block as BLOCK_WAITING: neither used, nor free and merged.
 *
 *     lists by size class, 32 to a doubling:   | 1 KiB | + 3 % | … |
 *                                                  |
 *                                                newest block -> older -> older
 *
 *   - a list holds blocks of at least its class's size, and below the next one's; each is BLOCK_WAITING;
 *   - all together are at most 1/QUICK_PART of what the heap has in use, or QUICK_ALWAYS: they don't make it larger, as
 *     they are merged before it grows.
 *
 * Called by the heap layer, and by the slab layer for what it serves with blocks; only by the thread that owns the heap.
 */
#ifndef MA_QUICK_H
#define MA_QUICK_H

#include "base.h"

struct blocks;
struct chunk;
struct mem_block;

#define QUICK_LEAST_UNITS 64u			   /* 1 KiB: below it slabs serve what comes and goes */
#define QUICK_MOST_UNITS (QUICK_LEAST_UNITS << 10) /* 1 MiB */
#define QUICK_STEPS 32u				   /* classes to a doubling */
#define QUICK_CLASSES (QUICK_STEPS * 10u + 1)
#define QUICK_ABOVE 4u /* a block that is so many classes larger than was asked for will do: 3 % each */
#define QUICK_PART 4
#define QUICK_ALWAYS ((size_t)256 * 1024)

struct quick {
	/* By class. The last few stay empty: a search may end there. */
	struct mem_block *first[QUICK_CLASSES + QUICK_ABOVE];
	size_t bytes;	/* of all that wait, headers included */
	unsigned count; /* and how many they are */
	unsigned hand;	/* the class that went last when too much waited */
};

/* A block that has room for `size` bytes, and little more, as BLOCK_USED, if its payload has the alignment; NULL if none
 * waits. Nothing of it is known to be zero. */
struct mem_block *ma_quick_alloc(struct blocks *blocks, size_t size, size_t align);

/* Frees a block if its header is that of a used one, and it may wait as things are: false, and nothing done, if not. */
bool ma_quick_put(struct blocks *blocks, struct chunk *chunk, struct mem_block *block);

/* Frees a used block, whose header was proved just now: it waits, or goes back to the tiling at once if it is none that should. */
void ma_quick_free(struct blocks *blocks, struct chunk *chunk, struct mem_block *block);

/* Gives all that wait back to the tiling; true if there were any. */
bool ma_quick_flush(struct blocks *blocks);

/* For the audit: how many blocks stand on the lists. What is no waiting block of its list's sizes ends a list; so does a link
 * that was written over, and what would make more of them than wait, as a list that runs in a circle does. */
unsigned ma_quick_listed(const struct quick *quick);

/* For the audit: is a waiting block's link none that was written over? */
bool ma_quick_sound(const struct mem_block *block);

#endif /* MA_QUICK_H */
