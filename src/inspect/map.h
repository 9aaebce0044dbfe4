/* SPDX-License-Identifier: MIT */
/* map.h - the forms of the heap map, and what they share; see map.c. */
#ifndef MA_MAP_H
#define MA_MAP_H

#include "heap.h"
#include "residency.h"
#include "text.h"

#define MAP_MOST_SLOTS SLAB_MOST_SLOTS /* that a slab can have */

/* Sets the bits of the slots in use. */
void ma_map_used_slots(const struct slab *slab, uint64_t bitmap[MAP_MOST_SLOTS / 64]);

/* Is this used block one that another thread has freed, which its owner has not taken in yet? */
bool ma_map_is_free(const struct chunk *chunk, const struct mem_block *block);

/* Calls `see` for each object in use in a chunk, in address order. */
void ma_map_each(struct chunk *chunk, void (*see)(const void *object, size_t usable, void *arg), void *arg);

void ma_map_write_text(struct text *text);
void ma_map_write_json(struct text *text);

#endif /* MA_MAP_H */
