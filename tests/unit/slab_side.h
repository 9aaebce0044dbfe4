/* SPDX-License-Identifier: MIT */
/* slab_side.h - slabs with their blocks, as a heap has them, for the tests of slab*.c: two sides, `mine` and `other`. */
#ifndef SLAB_SIDE_H
#define SLAB_SIDE_H

#include "../expect.h"
#include "../pattern.h"
#include "slab.h"

struct side {
	struct slabs slabs;
	struct blocks blocks;
};

static __attribute__((unused)) struct side mine, other;

static inline void begin(void)
{
	mine.blocks.owner = &mine;
	other.blocks.owner = &other;
	mine.blocks.on_break = true;
}

/* What an allocation of at most SLAB_MAX does, without the front's fast path. */
static inline void *take(struct side *side, size_t size)
{
	unsigned class = ma_slab_class(size);
	struct slab *slab = ma_slab_current(&side->slabs, class);
	size_t zero = SIZE_MAX;
	char *p = ma_slab_pop(slab);

	if (p == NULL) {
		struct block_request request = {.size = size, .align = MA_UNIT};
		p = ma_slab_refill(&side->slabs, &side->blocks, class, &request, &zero);
	}
	if (p != NULL && zero < size)
		expect(pattern_is_zero(p + zero, size - zero));
	return p;
}

static inline struct slab *slab_of(void *p)
{
	return ma_slab_in_chunk(ma_chunk_of(p), p);
}

/* A free by the owner. */
static inline void give(struct side *side, void *p)
{
	struct slab *slab = slab_of(p);

	if (slab == NULL) {
		ma_block_free(&side->blocks, ma_chunk_of(p), ma_block_of(p));
		return;
	}
	expect(ma_slab_mapped(&side->slabs, p) == slab ||
	       ma_slab_push(ma_slab_mapped(&side->slabs, p), p) != SLAB_PUSHED);
	switch (ma_slab_push(slab, p)) {
	case SLAB_PUSHED:
		break;
	case SLAB_EVENT:
		ma_slab_event(&side->slabs, &side->blocks, slab);
		break;
	default:
		expect(!"a push of what is in use");
	}
}

/* A free by somebody else. */
static inline void give_remotely(struct side *owner, void *p)
{
	struct slab *slab = slab_of(p);

	if (slab != NULL ? ma_slab_push_remote(slab, p) : ma_slab_push_remote_block(ma_chunk_of(p), p))
		ma_slab_notify(&owner->slabs, slab != NULL ? slab : &ma_chunk_of(p)->slab[0]);
}

/* A slot of the size, once its class has come and gone often enough to have slabs. */
static inline void *take_slot(size_t size)
{
	void *p = take(&mine, size);

	while (slab_of(p) == NULL) {
		give(&mine, p);
		p = take(&mine, size);
	}
	return p;
}

/* Every slab of every chunk is sound; returns how many slots are neither ready nor remotely freed. */
static inline size_t used_slots(struct side *side)
{
	size_t used = 0;

	for (struct chunk *chunk = side->blocks.chunks; chunk != NULL; chunk = chunk->next) {
		struct mem_block *block = ma_block_first(chunk);
		for (; (char *)block < ma_chunk_end(chunk); block = ma_block_right(block)) {
			uint64_t free[SLAB_MOST_SLOTS / 64] = {0};
			const struct slab *slab;
			if (block->state != BLOCK_SLAB)
				continue;
			slab = ma_slab_in_chunk(chunk, ma_block_payload(block));
			expect(slab != NULL && ma_slab_audit(&side->slabs, slab) == NULL);
			ma_slab_mark_free(slab, free);
			used += slab->carved;
			for (size_t word = 0; word < LENGTH(free); word++)
				used -= (size_t)__builtin_popcountll(free[word]);
		}
	}
	return used;
}

#endif /* SLAB_SIDE_H */
