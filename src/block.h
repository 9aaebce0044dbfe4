/* SPDX-License-Identifier: MIT */
/*
 * block.h - the tiling: headed blocks that fill a chunk end to end, each linked to its neighbours.
 *
 *                 one block: `units` * 16 bytes, left_units = the left neighbour's units
 *          |<------------------------------------------------------------------->|
 *   - - - -+-------+-------+-------+-------+----------------------------- - - - -+-------+- - -
 *   left   | units | left_ | state | check |  payload: the program's bytes       | header of
 *   block  |       | units |       |       |  while free: two links of the fit   | the right one
 *   - - - -+-------+-------+-------+-------+----------------------------- - - - -+-------+- - -
 *           4 bytes each
 *
 * Between two calls of this layer:
 *   - the blocks of a chunk tile [start, end) without gaps; chunk->last is the one that ends at end;
 *   - block + units is the right neighbour, block - left_units the left one, and each agrees with the other;
 *   - no two neighbours are both free; every free block is in the fit index, no other is;
 *   - every header's check is the keyed hash of its fields and its address.
 */
#ifndef MA_BLOCK_H
#define MA_BLOCK_H

#include "atomic.h"
#include "base.h"
#include "chunk.h"
#include "fit.h"
#include "quick.h"

enum block_state {
	BLOCK_FREE = 0x66726565,    /* "free" */
	BLOCK_USED = 0x75736564,    /* "used" */
	BLOCK_SLAB = 0x736c6162,    /* "slab": cut into slots */
	BLOCK_WAITING = 0x77616974, /* "wait": freed, on a quick list, not merged */
	BLOCK_GONE = 0x676f6e65, /* "gone": a header that a merge has swallowed, kept to know a double free */
};

struct mem_block {
	uint32_t units;	     /* of 16 bytes, the header included */
	uint32_t left_units; /* the left neighbour's; 0: this is the chunk's first block */
	uint32_t state;	     /* enum block_state */
	uint32_t check;
};
static_assert(sizeof(struct mem_block) == MA_UNIT, "a header is one unit");

/* A free block's payload begins with its links in the fit index. */
#define BLOCK_LEAST_UNITS 2

/* What can be wrong with a pointer or with what lies beside it. */
enum block_fault {
	BLOCK_SOUND,
	BLOCK_NOT_ONE, /* no block starts there */
	BLOCK_IS_FREE, /* one does, and it is free: a double free */
	BLOCK_DAMAGED, /* its header was overwritten */
};

/* A free block of this size or more is worth a system call of its own, and knows how much of it may be
 * resident. */
#define BLOCK_BIG_UNITS (64 * 1024 / MA_UNIT)

/* The free blocks and the chunks of one heap. */
struct blocks {
	struct fit fit;
	struct quick quick;
	struct chunk *chunks; /* the one that came last first */
	struct chunk *top;    /* the highest of them on the break */
	void *owner;	      /* what new chunks are marked with */
	size_t held;	      /* bytes of all chunks */
	size_t touched;	      /* bytes that all chunks know to be resident */
	size_t peak;	      /* the most that held was */
	size_t dirty;	    /* bytes of big free blocks that may be resident: what a purge would give back */
	size_t kept;	    /* of them, what the last purge let be: parts of huge pages, and little pieces */
	size_t spare;	    /* the least that dirty was since window: nobody needed these */
	uint64_t window;    /* milliseconds: when spare began to be watched */
	size_t regret;	    /* bytes that dirty may rise higher, since purged memory was soon wanted again */
	uint64_t purged_at; /* milliseconds: the last purge that gave something back */
	size_t purged;	    /* bytes that it gave back and that were not taken into use again since */
	size_t changes; /* of the index so far: for who has copied a heap and asks whether it is still so */
	bool reluctant; /* rather fail than grow: the caller has another idea first */
	bool steady;	/* no chunk may go now: somebody walks them */
	bool on_break;	/* new chunks come from the break where they can */
};

/* What a block is asked for. */
struct block_request {
	size_t size;   /* bytes of payload */
	size_t align;  /* (payload - offset) is a multiple of it; a power of two, 16 at least */
	size_t offset; /* 0, or 16: the header, not the payload, is aligned */
	bool lazily;   /* the caller makes the payload resident himself, by ma_block_touch() */
};

/* Takes a block, as BLOCK_USED: best fit, that is the smallest free block that serves, the lowest of equals;
 * grows the heap when none does. From byte `*zero` of the payload on the memory is known to be zero. NULL: out
 * of memory, nothing changed. */
struct mem_block *ma_block_alloc(struct blocks *blocks, const struct block_request *request, size_t *zero);

/* Gives a block of `chunk` back: merges it with free neighbours, and gives memory back to the system when much
 * of it has been free for long. */
void ma_block_free(struct blocks *blocks, struct chunk *chunk, struct mem_block *block);

/* Makes a block's payload hold `size` bytes without moving it: false, and nothing done, if it can't. */
bool ma_block_resize(struct blocks *blocks, struct chunk *chunk, struct mem_block *block, size_t size);

/* Makes [from, to) of a used block resident, and some of what lies behind it, in one system call: in proportion
 * to the heap, so that a small heap stays small and a large one asks seldom. */
void ma_block_touch(struct blocks *blocks, struct chunk *chunk, const char *from, const char *to);

/* Gives back what was not needed for a window of time, if one is over, as frees of big blocks do. */
void ma_block_age(struct blocks *blocks);

/* Bytes of blocks and slabs that are resident, as far as is known, and not free. */
MA_INLINE size_t ma_block_in_use(const struct blocks *blocks)
{
	return blocks->touched - ma_min(blocks->dirty, blocks->touched);
}

/* Marks a used block as cut into slots, or as plain again. */
void ma_block_mark(struct mem_block *block, enum block_state state);

/* Tells whether `payload` is the payload of a used block of `chunk`. Any pointer into the chunk may be asked
 * about; only its would-be header is read. */
enum block_fault ma_block_inspect(const struct chunk *chunk, const void *payload);

/* The block that `p` lies in, found by walking the chunk: for reports. NULL if the walk meets a damaged one. */
struct mem_block *ma_block_around(const struct chunk *chunk, const void *p);

/* Gives back what is free: the top of the break down to `pad` bytes, big blocks inside chunks, whole chunks.
 * Returns how many bytes. */
size_t ma_block_trim(struct blocks *blocks, size_t pad);

/* Takes over a chunk with all its blocks from another heap. */
void ma_block_adopt(struct blocks *blocks, struct blocks *from, struct chunk *chunk);

/*
 * The check of a header is a keyed hash of its other fields and of the block's address, in two steps: the sizes first,
 * then the state. So a block that changes its state and nothing else is proved and written anew for three
 * multiplications.
 */

/* Keys every check; whoever sets it sets it to the same, before his first block. */
extern MA_SHARED(uint64_t) ma_header_secret;

MA_INLINE uint64_t ma_header_sizes(const struct mem_block *block)
{
	uint64_t fields = (uint64_t)block->units << 32 | block->left_units;

	fields = (fields ^ ma_load_relaxed(&ma_header_secret) ^ (uintptr_t)block) * MA_HASH;
	return fields ^ (fields >> 29);
}

MA_INLINE uint32_t ma_header_check(uint64_t sizes, uint32_t state)
{
	return (uint32_t)(((sizes ^ state) * UINT64_C(0xbf58476d1ce4e5b9)) >> 32);
}

/* Never returns if the header is not what this layer wrote. */
MA_INLINE void ma_header_prove(const struct mem_block *block, uint64_t sizes)
{
	MA_CHECK(block->check == ma_header_check(sizes, block->state),
		 "block header overwritten (an overflow of the block before it?)", block);
}

/* True if it is. */
MA_INLINE bool ma_block_is_sound(const struct mem_block *block)
{
	return block->check == ma_header_check(ma_header_sizes(block), block->state);
}

MA_INLINE void ma_block_verify(const struct mem_block *block)
{
	ma_header_prove(block, ma_header_sizes(block));
}

MA_INLINE void *ma_block_payload(const struct mem_block *block)
{
	return (char *)(uintptr_t)block + sizeof(*block);
}

MA_INLINE struct mem_block *ma_block_of(const void *payload)
{
	return (struct mem_block *)((char *)(uintptr_t)payload - sizeof(struct mem_block));
}

MA_INLINE size_t ma_block_size(const struct mem_block *block)
{
	return (size_t)block->units * MA_UNIT - sizeof(*block);
}

/* With its header. */
MA_INLINE size_t ma_block_bytes(const struct mem_block *block)
{
	return (size_t)block->units * MA_UNIT;
}

MA_INLINE struct mem_block *ma_block_right(const struct mem_block *block)
{
	return (struct mem_block *)(uintptr_t)block + block->units;
}

MA_INLINE struct mem_block *ma_block_left(const struct mem_block *block)
{
	return block->left_units == 0 ? NULL : (struct mem_block *)(uintptr_t)block - block->left_units;
}

MA_INLINE struct mem_block *ma_block_first(const struct chunk *chunk)
{
	return (struct mem_block *)chunk->start;
}

#endif /* MA_BLOCK_H */
