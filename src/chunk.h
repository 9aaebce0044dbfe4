/* SPDX-License-Identifier: MIT */
/*
 * chunk.h - chunks: the pieces of address space that blocks tile, their headers, and the registry that tells
 * libma's memory from a stranger's.
 *
 *   a window of 4 MiB of address space, aligned to its size; at most one chunk lies in it
 *   |<------------------------------------------------------------------------------------->|
 *        +--------------+-----------------------------------------------+- - - - - - - - - -+
 *        | struct chunk | blocks, end to end                            |  not yet ours     |
 *        +--------------+-----------------------------------------------+- - - - - - - - - -+
 *     the chunk         start                                           end            limit
 *
 * A chunk on the break grows from end towards limit; one that is mapped has end == limit. The first chunk on
 * the break starts where the break stood, so it need not begin on a window's edge; every other one does.
 *
 * Threads: the registry is read without a lock and written under the chunk lock. A chunk's fields belong to
 * the thread that owns its heap, but `owner`, which any thread may read, and the slabs' second cache lines.
 */
#ifndef MA_CHUNK_H
#define MA_CHUNK_H

#include "atomic.h"
#include "base.h"

/*
 * A slab: a block that is cut into equal slots. Its descriptor is kept in the chunk's header, dense in cache
 * and out of reach of a small overflow. The files of the slab layer alone touch the fields.
 *
 *   every carved slot is live, or on the ready list, or on the remote list
 *   used  = live slots + slots on the remote list (+ 1 while the slab is its class's current one;
 *           but 1 while the slab is full and so on no list: its next local free must be noticed)
 *   ready = link to the first slot that is ready; each ready slot holds the next one's
 *   (offset * inverse) mod 2^64 < bound  if and only if  a carved slot starts at that offset
 *
 * Descriptor 0 of a chunk stands for the chunk itself: its remote list takes the blocks, not slots, that
 * other threads free.
 */
#define SLAB_END UINT32_MAX /* no slot's offset: a list is empty, or ends */

/*
 * A link leads to a slot: it is the slot's offset with the sign bit set and all bits between the two clear. So one
 * signed comparison with the link of the first slot that isn't carved proves it, and what is written over a link by a
 * program (zero, a small number, a pointer, text, -1) fails that: of all 64-bit words but those below SLAB_LINK(limit)
 * do not.
 */
#define SLAB_LINK(offset) (INT64_MIN + (int64_t)(offset))
#define REMOTE_PENDING (UINT64_C(1) << 63)
#define REMOTE_NOTIFY (UINT64_C(1) << 62)
#define REMOTE_ONE (UINT64_C(1) << 32)
#define REMOTE_EMPTY ((uint64_t)SLAB_END)

struct slab {
	/* The owner's line: both fast paths need nothing else. */
	uint64_t base;	  /* address of slot 0 less 2^63: what a link is added to */
	uint64_t inverse; /* 2^64 / slot_size, rounded down, plus 1 or 2: an even number */
	uint64_t bound;	  /* carved slots * (inverse * slot_size mod 2^64) */
	int64_t ready;	  /* link to the first ready slot; SLAB_LINK(SLAB_END) if none is */
	int64_t limit;	  /* link to the first slot that isn't carved; 0 in the slab that stands for none */
	uint32_t used;	  /* see above */
	uint32_t slot_size;
	uint32_t slots;	  /* that fit in the block */
	uint32_t carved;  /* slots that were ever ready */
	uint8_t index;	  /* of this descriptor in its chunk */
	uint8_t class;	  /* size class */
	bool full;	  /* no slot is ready, and the slab is on no list */
	bool queued;	  /* on the list of its class */
	uint8_t granules; /* of its block */

	/* The shared line: all that other threads need, so that they leave the owner's alone. */
	_Alignas(64) MA_SHARED(uint64_t) remote; /* the remote list: see slab_remote.c */
	MA_SHARED(uint32_t) shared_limit;	 /* bytes from start that are carved */
	char *start;				 /* of slot 0 */
	struct slab *pending;	  /* next on the owner's list of slabs that were full and got remote frees */
	struct slab *next, *prev; /* on the list of its class; the owner writes */
	uint64_t shared_inverse;  /* the same as inverse */
	MA_SHARED(uint64_t) shared_bound; /* the same as bound */
};

/* What residency is counted in: the smallest OS page there is. */
#define CHUNK_CELL ((size_t)4096)
#define CHUNK_CELLS (MA_WINDOW / CHUNK_CELL)

struct chunk {
	MA_SHARED(void *) owner;   /* the heap; written by the adopter under the heaps lock */
	struct chunk *next, *prev; /* of the same heap; the owner writes */
	char *foot;  /* on the break: where it stood before this chunk; up to the header nothing is used */
	char *start; /* first block's header */
	void *last;  /* last block's header; the block layer's */
	MA_SHARED(char *) end; /* one past the last byte that is ours; anyone reads */
	char *limit;	       /* where end may grow to */
	char *fresh;	       /* no byte from here on was ever written, but for the headers of free blocks */
	bool on_break;
	bool huge;  /* marked for huge pages */
	bool split; /* was so, until a part of one was given back: see ma_chunk_purge() */
	uint64_t resident[CHUNK_CELLS / 64];	/* by cell: known to be resident; a clear bit says nothing */
	uint64_t slab_in_use[MA_GRANULES / 64]; /* descriptors taken; bit 0 always is */
	/* Which descriptor's slab lies in each granule of the window; 0: none. */
	uint8_t slab_at[MA_GRANULES];
	struct slab slab[MA_GRANULES];
};

/* The registry: a radix tree of two levels over windows, see chunk.c. */
#if UINTPTR_MAX > UINT32_MAX
#define REGISTRY_ADDRESS_BITS 48
#define REGISTRY_LEAF_BITS 17
#else
#define REGISTRY_ADDRESS_BITS 32
#define REGISTRY_LEAF_BITS (REGISTRY_ADDRESS_BITS - MA_WINDOW_SHIFT)
#endif
#define REGISTRY_LEAF_ENTRIES ((size_t)1 << REGISTRY_LEAF_BITS)
#define REGISTRY_ENTRIES ((size_t)1 << (REGISTRY_ADDRESS_BITS - MA_WINDOW_SHIFT - REGISTRY_LEAF_BITS))

struct chunk_leaf {
	MA_SHARED(struct chunk *) chunk[REGISTRY_LEAF_ENTRIES];
};

extern MA_SHARED(struct chunk_leaf *) ma_chunk_registry[REGISTRY_ENTRIES];

/* Makes a chunk of at least `need` bytes for blocks, or NULL. On the break if asked for and possible; a huge one
 * fills its window and is backed by huge pages. */
struct chunk *ma_chunk_new(void *owner, size_t need, bool on_break, bool huge);

/* Moves a chunk's end up by at least `need` bytes. Returns by how many, 0 if it can't grow. */
size_t ma_chunk_extend(struct chunk *chunk, size_t need, size_t step);

/* Moves the end down by `size` bytes (whole OS pages); false, and nothing done, if the break isn't there. */
bool ma_chunk_shrink(struct chunk *chunk, size_t size);

/* Gives back a chunk that holds no block; false if it is on the break and something lies above it. */
bool ma_chunk_delete(struct chunk *chunk);

/* The first chunk whose window lies above that of `chunk`, in address order; the first of all for NULL. */
struct chunk *ma_chunk_after(const struct chunk *chunk);

/* Calls `see` for each piece of memory that the registry takes. */
void ma_chunk_own(void (*see)(const void *start, size_t size, void *arg), void *arg);

/* Makes [from, to) of a chunk resident where it is not known to be, and up to `ahead` bytes behind its first such
 * place. Returns how many bytes are now known to be that were not. */
size_t ma_chunk_touch(struct chunk *chunk, const char *from, const char *to, size_t ahead);

/* From here on [from, to) counts as resident: the program will touch it. Returns how many bytes of it did not. */
size_t ma_chunk_assume(struct chunk *chunk, const char *from, const char *to);

/* Is all of [from, to), which is not empty, known to be resident? A quick look: false for what it would take long to
 * tell. */
MA_INLINE bool ma_chunk_is_resident(const struct chunk *chunk, const char *from, const char *to)
{
	size_t first = (uintptr_t)from % MA_WINDOW / CHUNK_CELL;
	size_t more = ((uintptr_t)to - 1) / CHUNK_CELL - (uintptr_t)from / CHUNK_CELL;

	return first % 64 + more < 64 &&
	       (~chunk->resident[first / 64] >> (first % 64) & ((UINT64_C(2) << more) - 1)) == 0;
}

/* Bytes of the cells that hold [from, to), which is not empty, that are known to be resident. */
size_t ma_chunk_resident(const struct chunk *chunk, const char *from, const char *to);

/* Gives back the OS pages inside [from, to); unless thorough, a huge page as a whole or not at all. Returns how many bytes of
 * them were known to be resident. Where a part of a huge page goes, the kernel would fill it up again in the background:
 * so the chunk is refused huge pages until what is touched makes all of them whole. */
size_t ma_chunk_purge(struct chunk *chunk, char *from, char *to, bool thorough);

/* A free slab descriptor, or NULL; and back. */
struct slab *ma_chunk_take_slab(struct chunk *chunk);
void ma_chunk_drop_slab(struct chunk *chunk, struct slab *slab);

/* Does not wait: false if another thread is inside. */
bool ma_chunk_try_lock(void);

/* Around fork: no other thread is inside the chunk layer between these. */
void ma_chunk_lock_all(void);
void ma_chunk_unlock_all(void);

/* The registry's entry for a window; NULL if none was ever made. */
MA_INLINE MA_SHARED(struct chunk *) *ma_chunk_entry(uintptr_t window)
{
	struct chunk_leaf *leaf;

	if (MA_UNLIKELY(window >> REGISTRY_LEAF_BITS >= REGISTRY_ENTRIES))
		return NULL;
	/* Pairs with registry_set's release. */
	leaf = ma_load_acquire(&ma_chunk_registry[window >> REGISTRY_LEAF_BITS]);
	return MA_LIKELY(leaf != NULL) ? &leaf->chunk[window & (REGISTRY_LEAF_ENTRIES - 1)] : NULL;
}

/* The chunk in the window of `p`, NULL if libma has none there. Any pointer may be asked about. */
MA_INLINE struct chunk *ma_chunk_near(const void *p)
{
	MA_SHARED(struct chunk *) *entry = ma_chunk_entry((uintptr_t)p >> MA_WINDOW_SHIFT);

	/* Pairs with registry_set's release: the header is whole. */
	return MA_LIKELY(entry != NULL) ? ma_load_acquire(entry) : NULL;
}

/* The same, but NULL as well if `p` lies before its blocks. */
MA_INLINE struct chunk *ma_chunk_of(const void *p)
{
	struct chunk *chunk = ma_chunk_near(p);

	return MA_LIKELY((uintptr_t)p >= (uintptr_t)chunk + sizeof(*chunk)) ? chunk : NULL;
}

MA_INLINE struct chunk *ma_chunk_of_slab(const struct slab *slab)
{
	const struct slab *first = slab - slab->index;

	return (struct chunk *)((char *)(uintptr_t)first - offsetof(struct chunk, slab));
}

MA_INLINE char *ma_chunk_end(const struct chunk *chunk)
{
	return ma_load_relaxed(&chunk->end); /* only compared with: orders nothing */
}

MA_INLINE unsigned ma_chunk_granule(const void *p)
{
	return ((uintptr_t)p >> MA_GRANULE_SHIFT) & (MA_GRANULES - 1);
}

#endif /* MA_CHUNK_H */
