/* SPDX-License-Identifier: MIT */
/* used.h - how many objects of the program's are there? */
#ifndef USED_H
#define USED_H

#include "ma.h"

static inline int used_count(const struct ma_place *place, void *count)
{
	*(size_t *)count += place->kind == MA_SLOT_USED || place->kind == MA_BLOCK_USED ||
			    place->kind == MA_LARGE_USED;
	return 0;
}

static inline size_t used(void)
{
	size_t count = 0;

	ma_walk(used_count, &count);
	return count;
}

#endif /* USED_H */
