/* SPDX-License-Identifier: MIT */
/*
 * inspect.h - the readers of the heap: walk, check, summary and map. They change nothing, allocate nothing, and
 * see every heap; another thread's must be quiet meanwhile.
 */
#ifndef MA_INSPECT_H
#define MA_INSPECT_H

#include "base.h"

/* What the tiling tells, in bytes and counts; see ma_inspect_summary(). */
struct heap_summary {
	size_t heaps, chunks, slabs;
	size_t chunk_bytes, peak_bytes; /* held in chunks: now, and the sum of the heaps' peaks */
	size_t used_blocks, used_slots;
	size_t used_bytes;		/* usable bytes of both */
	size_t free_blocks, free_bytes; /* and their payload */
	size_t largest_free;
	size_t top_bytes;		    /* of the free block at the top of the break */
	size_t free_slots, free_slot_bytes; /* carved ones */
	size_t large_objects, large_bytes, cached_bytes;
};

void ma_inspect_summary(struct heap_summary *sum);

/* Writes the summary as a few lines of text. */
void ma_inspect_print_summary(int fd);

/* Writes the heap map as text: every chunk as rows, one character for each 4 KiB. */
void ma_inspect_print_map(int fd);

/* Once the options are read: prepares for what they ask at exit. */
void ma_inspect_start(void);

/* Does what MA_OPTIONS asked for at exit. */
void ma_inspect_at_exit(void);

#endif /* MA_INSPECT_H */
