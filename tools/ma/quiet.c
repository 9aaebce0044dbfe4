/* SPDX-License-Identifier: MIT */
/*
 * quiet.c - which parts of a mirrored heap need not be copied again.
 *
 * Most of a heap rests. A slab's descriptor tells: malloc and free change the offset of its first ready slot, its
 * counts, or its remote word. If it is, byte by byte, what it was when it was copied, the list of ready slots that was
 * copied then is a list that fits it. And a heap counts the changes of its index: without one the tiling is what it was,
 * the headers and the free blocks' links. So what is copied while the process stands still are the chunks' headers,
 * a hundredth of the heap, and what was in use since the first reading.
 *
 * If the tiling may have changed, a slab's first page is copied in any case: its header tells of the left neighbour.
 *
 * The list is not certain to be that of this moment: slots may have been taken and given back in another order. So this
 * is not for readers of the slots' contents.
 */
#include <config.h>

#include "quiet.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "heap.h"
#include "mirror.h"
#include "target.h"

/* Whether all of [at, at + size) was copied before. To look at what was not would copy it now. */
static bool is_mirrored(const void *at, size_t size)
{
	return mirror_has((uintptr_t)at) && mirror_has((uintptr_t)at + size - 1);
}

/* Whether the granule belongs to the same slab as before, and that has not changed; or, in a quiet tiling, to none. */
static bool is_quiet(const struct chunk *before, const struct chunk *now, unsigned granule, bool tiling_quiet)
{
	unsigned index = now->slab_at[granule];

	if (index == 0)
		return tiling_quiet && before->slab_at[granule] == 0;
	return before->slab_at[granule] == index &&
	       is_mirrored(&before->slab[index], sizeof before->slab[index]) &&
	       memcmp(&before->slab[index], &now->slab[index], sizeof now->slab[index]) == 0;
}

/* Whether nothing but slots, and what lies in them, can have changed in the chunks of a heap. */
static bool is_tiling_quiet(pid_t pid, const struct heap *before)
{
	size_t changes;

	return before != NULL && is_mirrored(&before->blocks.changes, sizeof changes) &&
	       target_read(pid, (uintptr_t)&before->blocks.changes, &changes, sizeof changes) &&
	       changes == before->blocks.changes;
}

static void chunk_keep(const struct chunk *before, const struct chunk *now, bool tiling_quiet)
{
	uintptr_t window = (uintptr_t)before & ~(uintptr_t)(MA_WINDOW - 1), first = (uintptr_t)(before + 1);

	for (unsigned from = 0, to; from < MA_GRANULES; from = to) {
		uintptr_t start = window + from * MA_GRANULE;

		to = from + 1;
		if (!is_quiet(before, now, from, tiling_quiet))
			continue;
		while (to < MA_GRANULES && is_quiet(before, now, to, tiling_quiet))
			to++;
		if (!tiling_quiet)
			start += CHUNK_CELL;
		start = start > first ? start : ma_round_up(first, CHUNK_CELL);
		mirror_keep(start, window + to * MA_GRANULE);
	}
}

static void keep_all(void *arg)
{
	static struct chunk now;
	pid_t pid = *(pid_t *)arg;

	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		if (!is_mirrored(chunk, offsetof(struct chunk, slab)) ||
		    !target_read(pid, (uintptr_t)chunk, &now, sizeof now))
			continue;
		chunk_keep(chunk, &now,
			   ma_load_relaxed(&chunk->owner) == ma_load_relaxed(&now.owner) &&
				   is_tiling_quiet(pid, ma_load_relaxed(&now.owner)));
	}
}

void quiet_keep(pid_t pid)
{
	/* The registry of the mirror may be out of date, and lead astray: then nothing more is left out. */
	mirror_read(pid, keep_all, &pid, 1, 0);
}
