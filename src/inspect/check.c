/* SPDX-License-Identifier: MIT */
/*
 * check.c - ma_check(): the audit of the whole heap. Every invariant that block.h, slab.c and chunk.h state is
 * looked at, and each breach is one line on standard error.
 */
#include "ma.h"

#include <string.h>
#include <unistd.h>

#include "heap.h"
#include "mode.h"
#include "text.h"

struct audit {
	int faults;
};

static void fault(struct audit *audit, const char *what, const void *at)
{
	struct text line;

	audit->faults++;
	ma_text_begin(&line, STDERR_FILENO);
	ma_text_string(&line, "libma: check: ");
	ma_text_string(&line, what);
	ma_text_string(&line, ": ");
	ma_text_address(&line, at);
	ma_text_char(&line, '\n');
	ma_text_flush(&line);
}

static void check_slab(struct audit *audit, const struct heap *heap, struct chunk *chunk,
		       const struct mem_block *block)
{
	struct slab *slab = ma_slab_in_chunk(chunk, ma_block_payload(block));
	const char *text;

	if (slab == NULL) {
		fault(audit, "slab without a descriptor", block);
		return;
	}
	if (ma_chunk_granule(slab->start) != ma_chunk_granule(block) ||
	    slab->start + (size_t)slab->slots * slab->slot_size > (const char *)ma_block_right(block))
		fault(audit, "slab that does not lie in its block", block);
	text = ma_slab_audit(&heap->slabs, slab);
	if (text != NULL)
		fault(audit, text, slab->start);
}

/* One block against its header, its neighbours and the index. Returns false if the chunk can't be read on. */
static bool check_block(struct audit *audit, const struct heap *heap, struct chunk *chunk,
			const struct mem_block *block, const struct mem_block *left)
{
	if (!ma_block_is_sound(block)) {
		fault(audit, "block header overwritten", block);
		return false;
	}
	if (block->left_units != (left == NULL ? 0 : left->units))
		fault(audit, "block whose link to its left neighbour is wrong", block);
	if (block->units < BLOCK_LEAST_UNITS || (const char *)ma_block_right(block) > ma_chunk_end(chunk)) {
		fault(audit, "block that leaves its chunk", block);
		return false;
	}
	switch (block->state) {
	case BLOCK_FREE:
		if (left != NULL && left->state == BLOCK_FREE)
			fault(audit, "two free neighbours", block);
		if (!ma_fit_has(&heap->blocks.fit, block))
			fault(audit, "free block missing from the index", block);
		else if (!ma_fit_sound(block))
			fault(audit, "free block whose links are overwritten", block);
		break;
	case BLOCK_WAITING:
		if (!ma_quick_sound(block))
			fault(audit, "waiting block whose link is overwritten", block);
		break;
	case BLOCK_SLAB:
		check_slab(audit, heap, chunk, block);
		break;
	case BLOCK_USED:
		break;
	default:
		fault(audit, "block in no state", block);
	}
	return true;
}

/* Blocks of a heap that stand on lists. */
struct listed {
	size_t free, waiting;
};

static void check_chunk(struct audit *audit, const struct heap *heap, struct chunk *chunk,
			struct listed *listed)
{
	const struct mem_block *block = ma_block_first(chunk), *left = NULL;
	const char *end = ma_chunk_end(chunk);

	if (ma_load_relaxed(&chunk->owner) != heap)
		fault(audit, "chunk whose owner is another heap", chunk);
	if (ma_chunk_of(chunk->start) != chunk)
		fault(audit, "chunk missing from the registry", chunk);
	while ((const char *)block < end) {
		if (!check_block(audit, heap, chunk, block, left))
			return;
		listed->free += block->state == BLOCK_FREE;
		listed->waiting += block->state == BLOCK_WAITING;
		left = block;
		block = ma_block_right(block);
	}
	if (chunk->last != left)
		fault(audit, "chunk whose last block is another", chunk);
}

static void check_heap(struct audit *audit, const struct heap *heap)
{
	struct listed listed = {0};
	size_t held = 0;

	for (struct chunk *chunk = heap->blocks.chunks; chunk != NULL; chunk = chunk->next) {
		check_chunk(audit, heap, chunk, &listed);
		held += (size_t)(ma_chunk_end(chunk) - (char *)chunk);
	}
	if (held != heap->blocks.held)
		fault(audit, "heap that holds another number of bytes than its chunks", heap);
	if (ma_fit_count(&heap->blocks.fit) != listed.free)
		fault(audit, "index with another number of blocks than are free", heap);
	if (heap->blocks.quick.count != listed.waiting ||
	    ma_quick_listed(&heap->blocks.quick) != listed.waiting)
		fault(audit, "quick lists with another number of blocks than wait", heap);
}

/* What the modes know of each object. */
static int check_object(const struct ma_place *place, void *arg)
{
	const char *text = NULL;

	if (place->kind == MA_SLOT_USED || place->kind == MA_BLOCK_USED || place->kind == MA_LARGE_USED)
		text = ma_mode_audit(place->address, place->size);
	if (text != NULL)
		fault(arg, text, place->address);
	return 0;
}

int ma_check(void)
{
	struct audit audit = {0};
	bool lost = false;
	bool marked;

	marked = ma_mode_begin();
	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next) {
		if (!heap->lost)
			check_heap(&audit, heap);
		lost |= heap->lost;
	}
	/* A thread that a fork has lost may have been about to write or to wipe a redzone, anywhere. */
	if (audit.faults == 0 && !lost && ma_modes() & (MODE_REDZONE | MODE_QUARANTINE))
		ma_walk(check_object, &audit);
	ma_mode_end(marked);
	return audit.faults;
}
