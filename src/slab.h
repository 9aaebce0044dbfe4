/* SPDX-License-Identifier: MIT */
/*
 * slab.h - small objects: slabs, their slots, and the two lists of slots that are ready or freed by others.
 *
 *     a slab's block, on a granule's edge                                   the next block's header
 *     |                                                                              |
 *     +--------+---+------+------+------+- - -+------+- - - - - - - - - - - -+-----+ +----
 *     | header |pad| slot | slot | slot |     | slot |    not yet carved     | end | |
 *     +--------+---+------+------+------+- - -+------+- - - - - - - - - - - -+-----+ +----
 *                  start                             start + limit
 *
 *     a free slot:  | link to the next one, 8 bytes | address of the slab, 8 | …
 *
 * The idea of lists that belong to one slab, and of slots carved only as they are needed, is mimalloc's
 * (Leijen, Zorn and de Moura, 2019); new here are lists of offsets, checked against the slab at each step,
 * and the one multiplication that tells whether a pointer is a slot's start.
 *
 * The address of its slab marks a free slot, so that a double free is known at once; malloc wipes it.
 *
 * Threads: a slab belongs to one heap. Its owner alone calls the functions here, but the remote ones.
 */
#ifndef MA_SLAB_H
#define MA_SLAB_H

#include "atomic.h"
#include "base.h"
#include "block.h"
#include "chunk.h"

/* Size classes: steps of 16 bytes up to 512, then sixteen to a doubling, so at most 6.25 % apart. */
#define SLAB_CLASSES 80u
#define SLAB_MAX ((size_t)4096)

/* The largest slab. */
#define SLAB_MOST_GRANULES 16u
#define SLAB_MOST_SLOTS (SLAB_MOST_GRANULES * MA_GRANULE / MA_UNIT)

/* Slabs are found from pointers through a map of the low 32 bits of the address, in granules. */
#define SLAB_MAP_ENTRIES ((size_t)1 << (32 - MA_GRANULE_SHIFT))

struct slot {
	int64_t next;		    /* link to the next slot of the list; SLAB_LINK(SLAB_END) ends it */
	const struct slab *free_in; /* the slab, while the slot is free */
};
static_assert(sizeof(struct slot) <= MA_UNIT, "the smallest slot holds its list words");

/* One size class of one heap. */
struct slab_bin {
	struct slab *carving;	   /* the slab with room that is not carved yet, or NULL */
	struct slab *first, *last; /* slabs with free slots, but the current and the carving one */
	size_t early;		   /* bytes that were served as blocks: see ma_slab_is_rare() */
	uint32_t bytes;		   /* of all slabs of the class, in granules */
};

/*
 * The slabs of one heap. All zero is a heap without slabs, from which every allocation and every free fails
 * over into the slow path: places are kept as distances from `none`, so 0 means none, whose limit and bound
 * are 0.
 */
struct slabs {
	struct slab none;
	ptrdiff_t current[SLAB_CLASSES];	  /* by class: the slab that slots are popped from */
	ptrdiff_t direct[SLAB_MAX / MA_UNIT + 1]; /* the same, by size in units */
	struct slab_bin bin[SLAB_CLASSES];
	MA_SHARED(struct slab *) pending; /* slabs that were full when another thread freed into them */
	bool hidden[SLAB_CLASSES];	  /* `direct` leads nowhere for the class: see ma_slab_hide() */
	/* By granule: the slab that lies there. A cache: two granules may share an entry, and the later wins. */
	_Alignas(64) ptrdiff_t map[SLAB_MAP_ENTRIES];
};

/* The class that serves `size`, which is at most SLAB_MAX. */
MA_INLINE unsigned ma_slab_class(size_t size)
{
	size_t last = size <= MA_UNIT ? 0 : (size - 1) / MA_UNIT; /* index of the last unit */
	unsigned log;

	if (last < 32)
		return (unsigned)last;
	log = 63 - (unsigned)__builtin_clzll(last);
	return 32 + (log - 5) * 16 + (unsigned)(last >> (log - 4)) - 16;
}

/* Bytes of a slot of a class. */
MA_INLINE size_t ma_slab_class_size(unsigned class)
{
	if (class < 32)
		return (class + 1) * MA_UNIT;
	return ((size_t)((class - 32) % 16 + 17) << ((class - 32) / 16 + 1)) * MA_UNIT;
}

/* What to ask for so that a slot serves `size` with the alignment, as a slot is aligned as its size is; SIZE_MAX if none
 * does. A small object on a large boundary gets much more than it needs, but of blocks on such boundaries each keeps as much
 * free before it. */
MA_INLINE size_t ma_slab_aligned_size(size_t size, size_t align)
{
	return size <= SLAB_MAX && align <= SLAB_MAX ? ma_round_up(ma_max(size, 1), align) : SIZE_MAX;
}

MA_INLINE struct slab *ma_slab_at(struct slabs *slabs, ptrdiff_t distance)
{
	return (struct slab *)((char *)slabs + distance);
}

/* The slab that has slots for `size`, at most SLAB_MAX, ready; or one that has none: one table look-up. */
MA_INLINE struct slab *ma_slab_direct(struct slabs *slabs, size_t size)
{
	return ma_slab_at(slabs, slabs->direct[(size + MA_UNIT - 1) / MA_UNIT]);
}

MA_INLINE struct slab *ma_slab_current(struct slabs *slabs, unsigned class)
{
	return ma_slab_at(slabs, slabs->current[class]);
}

/* The slab that may hold `p`; only the multiplication in ma_slab_holds() tells. */
MA_INLINE struct slab *ma_slab_mapped(struct slabs *slabs, const void *p)
{
	return ma_slab_at(slabs, slabs->map[(uint32_t)(uintptr_t)p >> MA_GRANULE_SHIFT]);
}

/* Up to this a block's header costs more than a slot's share of its slab: a few objects do. Above it, slabs of many
 * classes would hold little each: so many objects are asked for, and such a part of the heap. */
#define SLAB_FEW_UP_TO 1024
#define SLAB_MANY 64
#define SLAB_MANY_PART 512

/* Is a class still served with blocks? A program that has few objects of a size shall not pay OS pages for them. What
 * waited on a quick list counts less. */
MA_INLINE bool ma_slab_is_rare(const struct slab_bin *bin, const struct blocks *blocks, size_t size)
{
	return bin->early < (size <= SLAB_FEW_UP_TO
				     ? ma_clamp(8192, 4 * size, 16 * size)
				     : ma_max(SLAB_MANY * size, blocks->held / SLAB_MANY_PART));
}

/* What a link leads to. */
MA_INLINE struct slot *ma_slab_slot(const struct slab *slab, int64_t link)
{
	return (struct slot *)(uintptr_t)(slab->base + (uint64_t)link);
}

/* Takes a ready slot; NULL if there is none or the list is damaged: the slow path tells which. */
MA_INLINE void *ma_slab_pop(struct slab *slab)
{
	int64_t link = slab->ready;
	struct slot *slot;

	if (MA_UNLIKELY(link >= slab->limit))
		return NULL;
	slot = ma_slab_slot(slab, link);
	slab->ready = slot->next;
	slot->free_in = NULL;
	slab->used++;
	return slot;
}

/*
 * Is `offset` from the slab's start that of a carved slot? With inverse = floor(2^64 / size) + 1 or 2 and e =
 * inverse * size - 2^64, which is at most 2 * size: an offset q * size + r gives q * e + r * inverse mod 2^64, which
 * is below bound = carved * e just if r is 0 and q below carved, as long as size < 2^15 and the offset < 2^48 (after
 * Lemire, Kaser and Kurz, 2019: "Faster remainder by direct computation"). As inverse is even, a link, which differs
 * from the offset by 2^63, will do in its place.
 */
MA_INLINE bool ma_slab_holds(const struct slab *slab, uint64_t offset)
{
	return offset * slab->inverse < slab->bound;
}

/* The same for any thread. */
MA_INLINE bool ma_slab_holds_shared(const struct slab *slab, uint64_t offset)
{
	/* A number to compare with: orders nothing. */
	return offset * slab->shared_inverse < ma_load_relaxed(&slab->shared_bound);
}

/* The slab of these in which a slot that is in use starts at `p`; NULL if a quick look does not tell. */
MA_INLINE struct slab *ma_slab_of_used(struct slabs *slabs, const void *p)
{
	struct slab *slab = ma_slab_mapped(slabs, p);

	return ma_slab_holds(slab, (uintptr_t)p - slab->base) && ((const struct slot *)p)->free_in != slab
		       ? slab
		       : NULL;
}

enum slab_push {
	SLAB_PUSHED,
	SLAB_NOT_HERE, /* the slab does not hold it */
	SLAB_FREE,     /* it seems to be free already */
	SLAB_EVENT,    /* pushed, and the slab wants ma_slab_event() */
};

/* Gives a slot back to a slab of the own heap. */
MA_INLINE enum slab_push ma_slab_push(struct slab *slab, void *p)
{
	uint64_t link = (uintptr_t)p - slab->base;
	struct slot *slot = p;

	if (MA_UNLIKELY(!ma_slab_holds(slab, link)))
		return SLAB_NOT_HERE;
	if (MA_UNLIKELY(slot->free_in == slab))
		return SLAB_FREE;
	slot->free_in = slab;
	slot->next = slab->ready;
	slab->ready = (int64_t)link;
	if (MA_UNLIKELY(--slab->used == 0))
		return SLAB_EVENT;
	return SLAB_PUSHED;
}

/* The parts of a remote word; see slab_remote.c. */
MA_INLINE uint32_t ma_slab_remote_first(uint64_t word)
{
	return (uint32_t)word;
}

MA_INLINE uint32_t ma_slab_remote_count(uint64_t word)
{
	return (uint32_t)(word >> 32) & 0x3fffffff;
}

/* The slab of `chunk` that lies at `p`, NULL if none does. */
MA_INLINE struct slab *ma_slab_in_chunk(struct chunk *chunk, const void *p)
{
	unsigned index = chunk->slab_at[ma_chunk_granule(p)];

	return index == 0 ? NULL : &chunk->slab[index];
}

/* Can a used block's payload lie at `offset` from the chunk? */
MA_INLINE bool ma_slab_is_payload(const struct chunk *chunk, uint64_t offset)
{
	return offset % MA_UNIT == 0 && offset >= sizeof(*chunk) + sizeof(struct mem_block) &&
	       offset < (uint64_t)(ma_chunk_end(chunk) - (const char *)chunk);
}

MA_INLINE bool ma_slab_is_current(const struct slabs *slabs, const struct slab *slab)
{
	return (const char *)slab - (const char *)slabs == slabs->current[slab->class];
}

/* Slots that the current slab of a class has ready. */
MA_INLINE uint32_t ma_slab_ready(struct slabs *slabs, unsigned class)
{
	const struct slab *slab = ma_slab_current(slabs, class);

	return slab == &slabs->none ? 0 : slab->carved + 1 - slab->used;
}

/* Takes a ready slot of a class, finding or making one if the current slab has none. NULL: out of memory. If the class
 * is rare, what the request asks for is taken as a plain block; frees know either. From byte `*zero` on it is known to
 * be zero. The class's slots are such that they serve the request. */
void *ma_slab_refill(struct slabs *slabs, struct blocks *blocks, unsigned class,
		     const struct block_request *request, size_t *zero);

/* From here on every allocation of the class fails over into the slow path; or none that need not. */
void ma_slab_hide(struct slabs *slabs, unsigned class, bool hide);

/* From here on slots are carved in an order that the seed and the slab's address decide on. Before main(). */
void ma_slab_shuffle(uint64_t seed);

/* To be called when a push says so: a full slab has a slot again, or a slab is empty and goes back. */
void ma_slab_event(struct slabs *slabs, struct blocks *blocks, struct slab *slab);

/* Takes in what other threads have freed into slabs that were full, and blocks. Returns whether anything came. */
bool ma_slab_drain(struct slabs *slabs, struct blocks *blocks);

/* Takes in all remote frees of every slab of a chunk, and gives back the slabs that are empty. */
void ma_slab_collect(struct slabs *slabs, struct blocks *blocks, struct chunk *chunk);

/* Gives back the slabs that classes keep in reserve, empty as they are. Returns whether there were any. */
bool ma_slab_shed(struct slabs *slabs, struct blocks *blocks);

/* A pop or push may have been left in its middle: counts anew what the slabs of a chunk have ready. */
void ma_slab_recount(struct slabs *slabs, struct blocks *blocks, struct chunk *chunk);

/* Before a chunk changes hands: from here on no thread tells the old owner anything. False, and nothing done,
 * if one is about to. */
bool ma_slab_freeze(struct slabs *slabs, struct blocks *blocks, struct chunk *chunk);

/* Afterwards, with the chunk's owner and blocks already changed: takes over its slabs. */
void ma_slab_adopt(struct slabs *slabs, struct blocks *blocks, struct slabs *from, struct chunk *chunk);

/* --- slab_remote.c --- */

/* Frees a slot of a slab that another heap owns; any thread may. True: the slab's owner must be told of it
 * with ma_slab_notify(). */
bool ma_slab_push_remote(struct slab *slab, void *p);

/* The same for a block of a chunk, through the chunk's own descriptor 0. */
bool ma_slab_push_remote_block(struct chunk *chunk, void *payload);

/* Puts a slab on its owner's list of pending ones. */
void ma_slab_notify(struct slabs *owner, struct slab *slab);

/* --- slab_look.c --- */

/* Does a block look as if another thread had freed it? Mostly only by chance: ma_slab_block_is_free() knows. */
MA_INLINE bool ma_slab_block_may_be_free(const struct chunk *chunk, const void *payload)
{
	return ((const struct slot *)payload)->free_in == &chunk->slab[0];
}

/* The start of the slot that `p` lies in, NULL if none was carved there. */
void *ma_slab_slot_around(const struct slab *slab, const void *p);

/* Exactly: is this slot on a list of its slab? Walks the lists. */
bool ma_slab_is_free(const struct slab *slab, const void *slot);

/* Exactly: has another thread freed this block, which its owner has not taken in yet? */
bool ma_slab_block_is_free(const struct chunk *chunk, const void *payload);

/* Sets the bit of each free slot, by its index, in a bitmap of slab->carved bits. */
void ma_slab_mark_free(const struct slab *slab, uint64_t *bitmap);

/* How many slots are on the ready list; UINT32_MAX if it is damaged. */
uint32_t ma_slab_count_ready(const struct slab *slab);

/* How many slots are in use, told from the counts alone. */
uint32_t ma_slab_live(const struct slabs *slabs, const struct slab *slab);

/* What is wrong with a slab, NULL if nothing is: its lists against its counts, its place in map and registry. */
const char *ma_slab_audit(const struct slabs *slabs, const struct slab *slab);

#endif /* MA_SLAB_H */
