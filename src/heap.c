/* SPDX-License-Identifier: MIT */
/*
 * heap.c - sends each size to its layer, and each pointer back to where it came from.
 *
 *   up to 4 KiB    slab     (if the size is rare: block)
 *   below 2 MiB    block    (one that waits on a quick list, if there is one)
 *   above          large
 *
 * A pointer is judged before anything is changed: by the registry (is it ours?), by the chunk's owner (is it
 * mine?), and by its slab or its header (does something in use start there?).
 */
#include "heap.h"

#include <errno.h>

#include "busy.h"
#include "large.h"

struct heap ma_heap_none;

struct heap *ma_heap_seen(struct heap *heap, enum heap_view view)
{
	for (unsigned class = 0; view != VIEW_ALL && class < SLAB_CLASSES; class ++)
		ma_slab_hide(&heap->slabs, class, true);
	return view == VIEW_NONE ? &ma_heap_none : heap;
}

static bool is_owner(const struct heap *heap, const struct chunk *chunk)
{
	/* Only the owner can change it from or to himself: no order is needed to know whether one is it. */
	return ma_load_relaxed(&chunk->owner) == heap;
}

/* --- allocation --- */

static void *alloc_large(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	bool fresh = false;
	void *p = ma_large_alloc(size, align, &fresh);

	/* Free chunks may be all that is in the way. */
	if (p == NULL && ma_heap_trim(heap, 0) + ma_heaps_trim_idle(0) > 0)
		p = ma_large_alloc(size, align, &fresh);
	*zero = fresh ? 0 : SIZE_MAX;
	return p;
}

/* One attempt; NULL if the heap would have to grow and is reluctant to, or can't. */
static void *alloc_here(struct heap *heap, unsigned class, size_t size, size_t align, size_t *zero)
{
	struct block_request request = {.size = size, .align = align};
	struct mem_block *block;

	if (class < SLAB_CLASSES)
		return ma_slab_refill(&heap->slabs, &heap->blocks, class, &request, zero);
	block = ma_block_alloc(&heap->blocks, &request, zero);
	return block == NULL ? NULL : ma_block_payload(block);
}

/* So often a search looks whether memory has waited for long. */
#define AGE_ONE_IN 16

static MA_COLD void age(struct heap *heap)
{
	ma_block_age(&heap->blocks);
	ma_heaps_age();
}

/* Before a heap grows it merges what waits, takes in what others have freed, and adopts what ended threads have left. */
static void *alloc_growing(struct heap *heap, unsigned class, size_t size, size_t align, size_t *zero)
{
	void *p;

	if (heap->searches++ % AGE_ONE_IN == 0)
		age(heap);
	heap->blocks.reluctant = true;
	p = alloc_here(heap, class, size, align, zero);
	if (p == NULL && ma_quick_flush(&heap->blocks))
		p = alloc_here(heap, class, size, align, zero);
	if (p == NULL && ma_slab_drain(&heap->slabs, &heap->blocks))
		p = alloc_here(heap, class, size, align, zero);
	if (p == NULL && ma_slab_shed(&heap->slabs, &heap->blocks))
		p = alloc_here(heap, class, size, align, zero);
	while (p == NULL && ma_heaps_adopt(heap))
		p = alloc_here(heap, class, size, align, zero);
	heap->blocks.reluctant = false;
	if (p == NULL)
		p = alloc_here(heap, class, size, align, zero);
	if (p == NULL && ma_large_trim() > 0) /* the cache of freed mappings may be all that is in the way */
		p = alloc_here(heap, class, size, align, zero);
	return p;
}

static bool is_large(size_t size, size_t align)
{
	return size >= LARGE_MIN || align >= LARGE_MIN / 2 || size + align >= LARGE_MIN;
}

/* Counts an allocation of `size` bytes that ended in `p`. */
static void count_alloc(struct heap *heap, size_t size, const void *p)
{
	enum heap_place place;

	ma_heap_count_alloc(heap, size, ma_heap_size(heap, p, &place));
}

/* What waited on a quick list is served so cheaply that it counts this part of what has to be searched for. */
#define QUICK_WEIGHT 8

/* What is at hand without a search. */
MA_INLINE void *alloc_at_hand(struct heap *heap, unsigned class, size_t size, size_t align)
{
	struct slab_bin *bin = NULL;
	struct mem_block *block;
	void *slot;

	if (class < SLAB_CLASSES) {
		slot = ma_slab_pop(ma_slab_current(&heap->slabs, class));
		bin = &heap->slabs.bin[class];
		if (slot != NULL || !ma_slab_is_rare(bin, &heap->blocks, size))
			return slot;
	}
	block = ma_quick_alloc(&heap->blocks, size, align);
	if (block == NULL)
		return NULL;
	if (bin != NULL)
		bin->early += size / QUICK_WEIGHT;
	return ma_block_payload(block);
}

MA_INLINE void *alloc(struct heap *heap, unsigned class, size_t size, size_t align, size_t *zero)
{
	void *p = alloc_at_hand(heap, class, size, align);

	*zero = SIZE_MAX;
	if (MA_UNLIKELY(p == NULL))
		p = is_large(size, align) ? alloc_large(heap, size, align, zero)
					  : alloc_growing(heap, class, size, align, zero);
	if (MA_STATS && p != NULL)
		count_alloc(heap, size, p);
	return p;
}

void *ma_heap_alloc_at_hand(struct heap *heap, size_t size)
{
	struct mem_block *block = size <= SLAB_MAX ? NULL : ma_quick_alloc(&heap->blocks, size, MA_UNIT);
	void *p;

	if (block == NULL)
		return NULL;
	p = ma_block_payload(block);
	if (MA_STATS)
		count_alloc(heap, size, p);
	return p;
}

void *ma_heap_alloc(struct heap *heap, size_t size, size_t *zero)
{
	return alloc(heap, size <= SLAB_MAX ? ma_slab_class(size) : SLAB_CLASSES, size, MA_UNIT, zero);
}

static unsigned aligned_class(size_t size, size_t align)
{
	size_t aligned = ma_slab_aligned_size(size, align);

	return aligned <= SLAB_MAX ? ma_slab_class(aligned) : SLAB_CLASSES;
}

void *ma_heap_alloc_aligned(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	return align <= MA_UNIT ? ma_heap_alloc(heap, size, zero)
				: alloc(heap, aligned_class(size, align), size, align, zero);
}

void *ma_heap_alloc_block(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	return alloc(heap, SLAB_CLASSES, size, align, zero);
}

/* --- judging a pointer --- */

_Noreturn void ma_heap_report(const void *p)
{
	struct chunk *chunk = ma_chunk_of(p);
	struct slab *slab;
	enum block_fault fault;
	struct mem_block *block;
	const void *slot;
	struct large_place large;

	if (ma_large_is_cached(p))
		ma_fatal("double free of a large object", p);
	if (ma_large_around(p, &large))
		ma_fatal_place(large.free ? "double free, or invalid pointer"
					  : "invalid pointer, not the start of an allocation",
			       p, large.free ? "freed large object" : "large object", large.start,
			       large.size);
	if (chunk == NULL || (const char *)p >= ma_chunk_end(chunk))
		ma_fatal("invalid pointer, not libma's memory", p);
	slab = ma_slab_in_chunk(chunk, p);
	if (slab != NULL) {
		slot = ma_slab_slot_around(slab, p);
		if (slot == NULL)
			ma_fatal_place("invalid pointer, never allocated", p, "slab", slab->start,
				       (size_t)slab->slots * slab->slot_size);
		if (slot != p)
			ma_fatal_place("invalid pointer, not the start of an allocation", p, "slot", slot,
				       slab->slot_size);
		ma_fatal_place("double free", p, "slot", slot, slab->slot_size);
	}
	fault = ma_block_inspect(chunk, p);
	if (fault == BLOCK_IS_FREE || (fault == BLOCK_SOUND && ma_slab_block_is_free(chunk, p)))
		ma_fatal_place("double free", p, "block", p, ma_block_size(ma_block_of(p)));
	block = ma_block_around(chunk, p);
	if (block == NULL)
		ma_fatal("invalid pointer, into a chunk's header", p);
	ma_block_verify(block);
	if (block->state == BLOCK_FREE || block->state == BLOCK_WAITING)
		ma_fatal_place("double free, or invalid pointer", p, "free block", ma_block_payload(block),
			       ma_block_size(block));
	ma_fatal_place("invalid pointer, not the start of an allocation", p, "block", ma_block_payload(block),
		       ma_block_size(block));
}

/* Who finds a slot in its slab by the one multiplication needs no bounds. */
MA_INLINE bool is_slot(const struct slab *slab, const void *p)
{
	return ma_slab_holds_shared(slab, (uint64_t)((uintptr_t)p - (uintptr_t)slab->start));
}

/* What `p` is by its place and its header's state; it lies in the window of a chunk, and not in a slab. */
MA_INLINE enum heap_place judge_state(const struct chunk *chunk, const void *p)
{
	const struct mem_block *block = ma_block_of(p);

	if ((const char *)p >= ma_chunk_end(chunk)) /* the break behind it may be a stranger's */
		return PLACE_STRANGE;
	if ((const char *)block < chunk->start || (uintptr_t)p % MA_UNIT != 0)
		return PLACE_WRONG;
	__builtin_prefetch(ma_block_right(block)); /* who frees the block looks at it */
	return block->state == BLOCK_USED ? PLACE_BLOCK : PLACE_WRONG;
}

/* The same for sure. */
MA_INLINE enum heap_place judge_block(const struct heap *heap, const struct chunk *chunk, const void *p)
{
	enum heap_place place = judge_state(chunk, p);

	if (place != PLACE_BLOCK)
		return place;
	/* The owner may be writing the other words of a header whose block another thread holds. */
	if (is_owner(heap, chunk) && !ma_block_is_sound(ma_block_of(p)))
		return PLACE_WRONG;
	return ma_slab_block_may_be_free(chunk, p) && ma_slab_block_is_free(chunk, p) ? PLACE_WRONG
										      : PLACE_BLOCK;
}

/* What `p` is, with its chunk and slab. Any pointer may be asked about. */
MA_INLINE enum heap_place judge(const struct heap *heap, const void *p, struct chunk **chunk_of,
				struct slab **slab_of)
{
	struct chunk *chunk = ma_chunk_of(p);
	struct slab *slab = chunk == NULL ? NULL : ma_slab_in_chunk(chunk, p);
	const struct slot *slot = p;

	*chunk_of = chunk;
	*slab_of = slab;
	if (chunk == NULL)
		return PLACE_STRANGE;
	if (slab == NULL)
		return judge_block(heap, chunk, p);
	return !is_slot(slab, p) || (slot->free_in == slab && ma_slab_is_free(slab, p)) ? PLACE_WRONG
											: PLACE_SLOT;
}

/* Usable bytes at what was judged to be a slot or a block. */
MA_INLINE size_t usable_of(const struct slab *slab, const void *p)
{
	return slab != NULL ? slab->slot_size : ma_block_size(ma_block_of(p));
}

/* --- free --- */

void ma_heap_event(struct heap *heap, struct slab *slab)
{
	if (MA_STATS)
		ma_heap_count_free(heap, slab->slot_size);
	ma_slab_event(&heap->slabs, &heap->blocks, slab);
}

/* Tells the owner of a chunk that its slab has remote frees. The push has set PENDING: the chunk stays, and its owner the
 * same, until he has been told. The push also acquired what he did before he asked to be. */
static __attribute__((noinline)) void notify(struct chunk *chunk, struct slab *slab)
{
	struct heap *owner = ma_load_relaxed(&chunk->owner);

	ma_slab_notify(&owner->slabs, slab);
	/* A hint: nobody else may come to look at what was freed. Not a signal handler that has interrupted whoever looks. */
	if (ma_load_relaxed(&owner->idle) && ma_busy_interrupted == 0) {
		int saved = errno;
		ma_heaps_visit(owner);
		errno = saved;
	}
}

/* Frees into another heap. */
MA_INLINE void free_remote(struct heap *heap, struct chunk *chunk, struct slab *slab, void *p)
{
	if (MA_STATS)
		ma_store_relaxed(&heap->counts.freed_by_others,
				 ma_load_relaxed(&heap->counts.freed_by_others) + 1);
	if (MA_UNLIKELY(slab != NULL ? ma_slab_push_remote(slab, p) : ma_slab_push_remote_block(chunk, p)))
		notify(chunk, slab != NULL ? slab : &chunk->slab[0]);
}

/* What may be free already is left to judge(). */
MA_INLINE bool free_slot_at_hand(struct heap *heap, struct chunk *chunk, struct slab *slab, void *p)
{
	if (MA_UNLIKELY(!is_slot(slab, p)) || MA_UNLIKELY(((const struct slot *)p)->free_in == slab) ||
	    is_owner(heap, chunk))
		return false;
	if (MA_STATS)
		ma_heap_count_free(heap, slab->slot_size);
	free_remote(heap, chunk, slab, p);
	return true;
}

static __attribute__((noinline)) bool free_block_at_hand(struct heap *heap, struct chunk *chunk, void *p)
{
	size_t usable;

	if (MA_UNLIKELY(judge_state(chunk, p) != PLACE_BLOCK) ||
	    MA_UNLIKELY(ma_slab_block_may_be_free(chunk, p)))
		return false;
	usable = MA_STATS ? usable_of(NULL, p) : 0;
	if (!is_owner(heap, chunk))
		free_remote(heap, chunk, NULL, p);
	else if (!ma_quick_put(&heap->blocks, chunk, ma_block_of(p)))
		return false;
	if (MA_STATS)
		ma_heap_count_free(heap, usable);
	return true;
}

bool ma_heap_free_at_hand(struct heap *heap, void *p)
{
	struct chunk *chunk = ma_chunk_near(p); /* the judgements have bounds of their own */
	struct slab *slab;

	if (chunk == NULL)
		return false;
	slab = ma_slab_in_chunk(chunk, p);
	return slab != NULL ? free_slot_at_hand(heap, chunk, slab, p) : free_block_at_hand(heap, chunk, p);
}

static enum heap_place free_large(struct heap *heap, void *p)
{
	size_t size = MA_STATS ? ma_large_size(p) : 0;

	if (!ma_large_free(p))
		return PLACE_STRANGE;
	if (MA_STATS)
		ma_heap_count_free(heap, size);
	return PLACE_LARGE;
}

enum heap_place ma_heap_free(struct heap *heap, void *p)
{
	struct chunk *chunk;
	struct slab *slab;
	enum heap_place place = judge(heap, p, &chunk, &slab);

	if (place == PLACE_STRANGE)
		return free_large(heap, p);
	if (place == PLACE_WRONG)
		ma_heap_report(p);
	if (MA_STATS)
		ma_heap_count_free(heap, usable_of(slab, p));
	if (!is_owner(heap, chunk)) {
		free_remote(heap, chunk, slab, p);
		return place;
	}
	if (slab == NULL) {
		ma_quick_free(&heap->blocks, chunk, ma_block_of(p));
	} else {
		struct slot *slot = p;
		slot->free_in = NULL; /* judged: what stands there is not the mark of a free slot */
		if (ma_slab_push(slab, p) == SLAB_EVENT)
			ma_slab_event(&heap->slabs, &heap->blocks, slab);
	}
	return place;
}

/* --- size and resize --- */

size_t ma_heap_size(struct heap *heap, const void *p, enum heap_place *place)
{
	struct chunk *chunk;
	struct slab *slab;
	size_t size;

	*place = judge(heap, p, &chunk, &slab);
	switch (*place) {
	case PLACE_SLOT:
	case PLACE_BLOCK:
		return usable_of(slab, p);
	case PLACE_STRANGE:
		size = ma_large_size(p);
		if (size != 0)
			*place = PLACE_LARGE;
		return size;
	default:
		ma_heap_report(p);
	}
}

/* What waits beside the block may be what it needs. */
static bool resize_block(struct blocks *blocks, struct chunk *chunk, struct mem_block *block, size_t size)
{
	const struct mem_block *right = ma_block_right(block);

	if ((const char *)right != ma_chunk_end(chunk) && right->state == BLOCK_WAITING &&
	    size > ma_block_size(block))
		ma_quick_flush(blocks);
	return ma_block_resize(blocks, chunk, block, size);
}

static bool resize(struct heap *heap, void *p, size_t size)
{
	enum heap_place place;
	size_t had = ma_heap_size(heap, p, &place);
	struct chunk *chunk;

	switch (place) {
	case PLACE_SLOT:
		return size <= had;
	case PLACE_BLOCK:
		chunk = ma_chunk_of(p);
		if (!is_owner(heap, chunk))
			return size <= had;
		return resize_block(&heap->blocks, chunk, ma_block_of(p), size);
	case PLACE_LARGE:
		return ma_large_resize(p, ma_max(size, 1), false) != NULL;
	default:
		return false;
	}
}

bool ma_heap_resize(struct heap *heap, void *p, size_t size)
{
	enum heap_place place;
	size_t had = MA_STATS ? ma_heap_size(heap, p, &place) : 0;
	bool done = resize(heap, p, size);

	if (MA_STATS && done)
		ma_heap_count_use(heap, (int64_t)ma_heap_size(heap, p, &place) - (int64_t)had);
	return done;
}

size_t ma_heap_good_size(size_t size)
{
	if (size <= SLAB_MAX)
		return ma_slab_class_size(ma_slab_class(size));
	if (size < LARGE_MIN - MA_UNIT)
		return ma_round_up(size, MA_UNIT);
	return size > (size_t)PTRDIFF_MAX - 4095 ? size : ma_round_up(size, 4096);
}

void ma_heap_collect(struct heap *heap)
{
	ma_slab_drain(&heap->slabs, &heap->blocks);
	for (struct chunk *chunk = heap->blocks.chunks; chunk != NULL; chunk = chunk->next)
		ma_slab_collect(&heap->slabs, &heap->blocks, chunk);
	ma_quick_flush(&heap->blocks);
}

void ma_heap_recount(struct heap *heap)
{
	for (struct chunk *chunk = heap->blocks.chunks; chunk != NULL; chunk = chunk->next)
		ma_slab_recount(&heap->slabs, &heap->blocks, chunk);
}

size_t ma_heap_trim(struct heap *heap, size_t pad)
{
	size_t touched = heap->blocks.touched;

	ma_heap_collect(heap); /* may give back by itself: counts as well */
	touched -= ma_min(heap->blocks.touched, touched);
	return touched + ma_block_trim(&heap->blocks, pad);
}
