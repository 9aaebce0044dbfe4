/* SPDX-License-Identifier: MIT */
/*
 * stats.c - ma_stats(): the heap in numbers. All but --enable-stats' counts is derived from the tiling: chunks from
 * the registry, blocks from their headers, slots from their slab's counts. No slot is looked at, so it takes a
 * moment for each block and slab only, and a system call for each chunk.
 */
#include <errno.h>
#include <string.h>

#include "heap.h"
#include "inspect.h"
#include "large.h"
#include "mode.h"
#include "residency.h"

static_assert(SLAB_CLASSES <= STATS_CLASSES, "every class has its place");

/* --- one block, one chunk --- */

struct collect {
	struct ma_stats *stats;
	struct ma_heap_stats *heap; /* where the chunk's owner is told of; maybe nowhere of importance */
	const struct slabs *slabs;  /* of this owner */
	struct chunk *chunk;
	struct residency residency; /* of the chunk */
};

static void add_slab(struct collect *collect, const struct mem_block *block)
{
	const struct slab *slab = ma_slab_in_chunk(collect->chunk, ma_block_payload(block));
	struct ma_class_stats *class;
	size_t used, free, uncarved;

	if (slab == NULL || slab->class >= SLAB_CLASSES || slab->carved > slab->slots)
		return; /* its owner is at work on it */
	used = ma_slab_live(collect->slabs, slab);
	free = slab->carved - used;
	uncarved = (size_t)(slab->slots - slab->carved) * slab->slot_size;
	class = &collect->stats->by_class[slab->class];
	class->slabs++;
	class->slab_bytes += (size_t)block->units * MA_UNIT;
	class->used_slots += used;
	class->free_slots += free;
	class->uncarved_bytes += uncarved;
	collect->heap->used_bytes += used * slab->slot_size;
	collect->stats->overhead_bytes += (size_t)block->units * MA_UNIT -
					  (size_t)slab->slots * slab->slot_size;
}

static void add_free(struct collect *collect, const struct mem_block *block)
{
	struct ma_stats *stats = collect->stats;
	size_t size = ma_block_size(block);
	const char *payload = ma_block_payload(block);

	stats->free_blocks++;
	stats->free_bytes += size;
	stats->free_resident_bytes += ma_residency_bytes(&collect->residency, payload, payload + size);
	stats->largest_free = ma_max(stats->largest_free, size);
	stats->overhead_bytes += sizeof(*block);
	collect->heap->free_bytes += size;
}

static void add_used(struct collect *collect, const struct mem_block *block)
{
	size_t size = ma_block_size(block);

	collect->stats->used_blocks++;
	collect->stats->used_block_bytes += size;
	collect->stats->overhead_bytes += sizeof(*block);
	collect->heap->used_bytes += size;
}

static void add_block(struct collect *collect, const struct mem_block *block)
{
	switch (block->state) {
	case BLOCK_FREE:
	case BLOCK_WAITING:
		add_free(collect, block);
		break;
	case BLOCK_SLAB:
		add_slab(collect, block);
		break;
	default:
		if (ma_slab_block_is_free(collect->chunk, ma_block_payload(block)))
			add_free(collect, block);
		else
			add_used(collect, block);
	}
}

static void add_chunk(struct collect *collect)
{
	struct ma_stats *stats = collect->stats;
	const struct chunk *chunk = collect->chunk;
	const struct mem_block *block = ma_block_first(chunk);
	const char *end = ma_chunk_end(chunk);
	size_t held = (size_t)(end - (const char *)chunk);

	ma_residency_read(&collect->residency, (const char *)chunk, end);
	stats->chunks++;
	*(chunk->on_break ? &stats->break_bytes : &stats->mapped_bytes) += held;
	stats->huge_bytes += chunk->huge ? held : 0;
	stats->resident_bytes += ma_residency_bytes(&collect->residency, (const char *)chunk, end);
	stats->overhead_bytes += sizeof(*chunk);
	stats->mappings += !chunk->on_break;
	collect->heap->chunks++;
	collect->heap->held_bytes += held;
	for (; (const char *)block < end && ma_block_is_sound(block); block = ma_block_right(block))
		add_block(collect, block);
}

/* --- all of them --- */

static void add_chunks(struct ma_stats *stats, const struct heap *only)
{
	struct ma_heap_stats elsewhere;
	struct collect collect = {.stats = stats};
	const struct heap *owner;

	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		owner = ma_load_relaxed(&chunk->owner); /* whose fields no order is relied on */
		if (only != NULL && owner != only)
			continue;
		collect.chunk = chunk;
		collect.slabs = &owner->slabs;
		collect.heap = only == NULL && stats->heap != NULL && owner->number - 1 < stats->heap_room
				       ? &stats->heap[owner->number - 1]
				       : &elsewhere;
		add_chunk(&collect);
	}
	stats->mappings += stats->break_bytes != 0;
}

static void add_counts(struct ma_stats *stats, const struct heap_counts *counts)
{
	stats->allocations += ma_load_relaxed(&counts->allocated);
	stats->frees += ma_load_relaxed(&counts->freed);
	stats->remote_frees += ma_load_relaxed(&counts->freed_by_others);
	stats->allocated_bytes += ma_load_relaxed(&counts->bytes);
}

static void add_heap(struct ma_stats *stats, const struct heap *heap)
{
	const struct mem_block *last = heap->blocks.top == NULL ? NULL : heap->blocks.top->last;

	stats->heaps++;
	stats->idle_heaps += ma_load_relaxed(&heap->idle);
	stats->peak_chunk_bytes += heap->blocks.peak;
	if (!heap->lost && last != NULL && last->state == BLOCK_FREE)
		stats->top_bytes = ma_block_size(last);
	add_counts(stats, &heap->counts);
}

static void begin_heaps(const struct ma_stats *stats)
{
	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next)
		if (stats->heap != NULL && heap->number - 1 < stats->heap_room)
			stats->heap[heap->number - 1] =
				(struct ma_heap_stats){.number = heap->number,
						       .thread = ma_load_relaxed(&heap->thread),
						       .idle = ma_load_relaxed(&heap->idle)};
}

static void add_large(struct ma_stats *stats)
{
	struct large_place large = {0};

	while (ma_large_after(large.start, &large)) {
		*(large.free ? &stats->cached_bytes : &stats->large_bytes) += large.size;
		stats->large_objects += !large.free;
		stats->resident_bytes += ma_residency_sum(large.start, large.start + large.size);
		stats->mappings++;
	}
}

static void sum_up(struct ma_stats *stats)
{
	stats->classes = SLAB_CLASSES;
	for (unsigned i = 0; i < SLAB_CLASSES; i++) {
		struct ma_class_stats *class = &stats->by_class[i];
		class->slot_size = ma_slab_class_size(i);
		stats->slabs += class->slabs;
		stats->used_slots += class->used_slots;
		stats->used_slot_bytes += class->used_slots * class->slot_size;
		stats->free_slots += class->free_slots;
		stats->free_slot_bytes += class->free_slots * class->slot_size;
		stats->uncarved_bytes += class->uncarved_bytes;
	}
	stats->used_bytes = stats->used_block_bytes + stats->used_slot_bytes + stats->large_bytes;
}

static void add_calls(struct ma_stats *stats)
{
	struct source_calls calls = ma_inspect_subject.calls();

	stats->brk_calls = calls.brk;
	stats->mmap_calls = calls.map;
	stats->munmap_calls = calls.unmap;
	stats->mremap_calls = calls.remap;
	stats->madvise_calls = calls.advise;
}

void ma_stats_collect(struct ma_stats *stats, const struct heap *only)
{
	const size_t first = offsetof(struct ma_stats, break_bytes);

	memset((char *)stats + first, 0, sizeof(*stats) - first);
	begin_heaps(stats);
	add_chunks(stats, only);
	if (only != NULL) {
		add_heap(stats, only);
	} else {
		for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next)
			add_heap(stats, heap);
		add_counts(stats, &ma_heap_none.counts); /* of threads that have freed, but never allocated */
		add_large(stats);
		stats->peak_resident_bytes = ma_inspect_subject.peak_resident();
		add_calls(stats);
	}
	sum_up(stats);
	stats->counted = MA_STATS;
	if (MA_STATS && only == NULL)
		stats->peak_used_bytes = ma_max(ma_heaps_peak(), stats->used_bytes);
}

int ma_stats(struct ma_stats *stats)
{
	bool marked;

	if (stats->struct_size != sizeof(*stats)) { /* the first release: there is one size only */
		errno = EINVAL;
		return -1;
	}
	marked = ma_mode_begin();
	ma_stats_collect(stats, NULL);
	ma_mode_end(marked);
	return 0;
}
