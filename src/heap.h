/* SPDX-License-Identifier: MIT */
/*
 * heap.h - heaps: one a thread. A heap owns chunks, the blocks that tile them and the slabs in some of those.
 *
 * A heap outlives its thread: it is then idle, until another thread starts with it, or takes over its chunks
 * because it needs memory. Heaps are never unmapped, so a late notice may always be left with one.
 *
 *   heap.c   allocation, free and resize, with the judgement of every pointer that a caller gives
 *   heaps.c  the set of all heaps: taking, leaving, adopting; fork
 */
#ifndef MA_HEAP_H
#define MA_HEAP_H

#include "atomic.h"
#include "base.h"
#include "block.h"
#include "slab.h"

/* What --enable-stats counts; the thread that has the heap writes, anyone reads. */
struct heap_counts {
	MA_SHARED(uint64_t) allocated, freed; /* calls */
	MA_SHARED(uint64_t) freed_by_others;  /* of the frees: of what another heap owns */
	MA_SHARED(uint64_t) bytes;	      /* asked for, in all */
	int64_t use;  /* usable bytes that this thread took less those that it freed */
	int64_t told; /* what of them the sum of all heaps has */
};

/* So far may the sum of what is in use be off, for each thread. */
#define COUNTS_STEP ((int64_t)64 * 1024)

struct heap {
	struct slabs slabs; /* first: the fast paths reach the slabs by their distance from the heap */
	struct blocks blocks;
	unsigned number;       /* from 1 on; 0: the heap that stands for none */
	MA_SHARED(int) thread; /* the system's number of the thread that has it, or had it last */
	MA_SHARED(bool) idle;  /* no thread has it; changed under the heaps lock */
	bool lost;	       /* its thread was not there after a fork: never touched again */
	unsigned searches;     /* allocations that were not at hand */
	bool stale;	       /* while idle: what is free was not given back yet */
	uint64_t since;	       /* milliseconds: when the thread took it; while idle, when it was left */
	unsigned notices;      /* visits to it while idle that were put off; under the heaps lock */
	struct heap *next;     /* of all, the newest first; written once */
	struct heap *next_idle;
	struct heap_counts counts;
	MA_SHARED(struct mode_heap *) mode; /* what the modes keep for the thread that has it; NULL without */
};

/* Tells the sum of all heaps what a heap has counted; defined in heaps.c. */
void ma_heaps_count(struct heap *heap);

/* The most usable bytes that were in use at a time, as far as that was told. */
size_t ma_heaps_peak(void);

/* One thread alone writes the counts: no read-modify-write is needed. */
MA_INLINE void ma_heap_count_use(struct heap *heap, int64_t bytes)
{
	int64_t untold = (heap->counts.use += bytes) - heap->counts.told;

	if (untold >= COUNTS_STEP || untold <= -COUNTS_STEP)
		ma_heaps_count(heap);
}

MA_INLINE void ma_heap_count_alloc(struct heap *heap, size_t size, size_t usable)
{
	ma_store_relaxed(&heap->counts.allocated, ma_load_relaxed(&heap->counts.allocated) + 1);
	ma_store_relaxed(&heap->counts.bytes, ma_load_relaxed(&heap->counts.bytes) + size);
	ma_heap_count_use(heap, (int64_t)usable);
}

MA_INLINE void ma_heap_count_free(struct heap *heap, size_t usable)
{
	ma_store_relaxed(&heap->counts.freed, ma_load_relaxed(&heap->counts.freed) + 1);
	ma_heap_count_use(heap, -(int64_t)usable);
}

/* Stands for "this thread has no heap yet": all zero, so that every fast path fails over. */
extern struct heap ma_heap_none;

/* What the fast paths see of a thread's heap. */
enum heap_view {
	VIEW_ALL,   /* all */
	VIEW_FREES, /* every allocation fails over */
	VIEW_NONE,  /* every free, too */
};

/* Prepares a heap for that; returns the heap that the fast paths are to use. */
struct heap *ma_heap_seen(struct heap *heap, enum heap_view view);

/* What a pointer is. */
enum heap_place {
	PLACE_SLOT,    /* a slot's start, in use */
	PLACE_BLOCK,   /* a block's payload, in use */
	PLACE_LARGE,   /* a large object's start */
	PLACE_STRANGE, /* not libma's memory */
	PLACE_WRONG,   /* libma's memory, but nothing that may be freed starts there */
};

/* --- heap.c --- */

/* Takes `size` bytes. From byte `*zero` on they are known to be zero. NULL: out of memory. */
void *ma_heap_alloc(struct heap *heap, size_t size, size_t *zero);
void *ma_heap_alloc_aligned(struct heap *heap, size_t size, size_t align, size_t *zero);

/* The same, but never a slot: so its free is sure to come through the slow path. */
void *ma_heap_alloc_block(struct heap *heap, size_t size, size_t align, size_t *zero);

/* Takes what waits and serves as it is, where that is no slot: a step behind the fast path, as the next. NULL if it takes
 * more. ma_heap_none will do. */
void *ma_heap_alloc_at_hand(struct heap *heap, size_t size);

/* Frees what takes no more than a push, without a system call: the second step behind the fast path. False if it takes
 * more, and nothing was done. Any pointer will do. */
bool ma_heap_free_at_hand(struct heap *heap, void *p);

/* Frees `p`, which is not NULL. PLACE_STRANGE: nothing was done. Never returns if the pointer is bad. */
enum heap_place ma_heap_free(struct heap *heap, void *p);

/* Handles what a fast path's push reported about `slab`. */
void ma_heap_event(struct heap *heap, struct slab *slab);

/* Resizes `p`, which is not NULL, without moving it. */
bool ma_heap_resize(struct heap *heap, void *p, size_t size);

/* Usable bytes at `p`, and what it is; on PLACE_STRANGE 0. Never returns if the pointer is bad. */
size_t ma_heap_size(struct heap *heap, const void *p, enum heap_place *place);

/* The most that may be set aside for `size`, but for what rounds a block up: its size class. To a large object up to an
 * eighth more may be. */
size_t ma_heap_good_size(size_t size);

/* Takes in all that other threads have freed, and gives empty slabs back to the blocks. */
void ma_heap_collect(struct heap *heap);

/* A fast path may have been left in its middle: mends the counts that it had not come to. */
void ma_heap_recount(struct heap *heap);

/* Gives back what is free in a heap that the caller owns. Returns how many bytes. */
size_t ma_heap_trim(struct heap *heap, size_t pad);

/* Says what is wrong with a pointer that was to be freed, resized or asked about, and aborts. */
_Noreturn void ma_heap_report(const void *p);

/* --- heaps.c --- */

/* A heap for this thread: an idle one, or a new one. NULL: out of memory. */
struct heap *ma_heaps_take(void);

/* The thread that has it is gone. */
void ma_heaps_leave(struct heap *heap);

/* Takes over the chunks of an idle heap. False: there is none, or it was not to be had now. */
bool ma_heaps_adopt(struct heap *heap);

/* Tells of frees into an idle heap: now and then they are taken in, so that its memory goes back. */
void ma_heaps_visit(struct heap *idle);

/* Gives back what is free in heaps that have been idle for long, if it is time to. */
void ma_heaps_age(void);

/* Trims all idle heaps; returns how many bytes. */
size_t ma_heaps_trim_idle(size_t pad);

/* Calls `see` for each piece of memory that heaps are kept in. */
void ma_heaps_own(void (*see)(const void *start, size_t size, void *arg), void *arg);

/* All heaps, the newest first. */
struct heap *ma_heaps_first(void);

/* Takes all the locks of the heap without waiting for them, so that other threads may be stopped and all be looked
 * at; false, and none taken, if one is held. */
bool ma_heaps_hold(void);
void ma_heaps_let_go(void);

/* fork: before it, after it in the parent, and after it in the child, whose only thread has `mine`. */
void ma_heaps_before_fork(void);
void ma_heaps_after_fork_parent(void);
void ma_heaps_after_fork_child(struct heap *mine);

#endif /* MA_HEAP_H */
