/* SPDX-License-Identifier: MIT */
/*
 * sample.h - which allocations a mode takes that wants one in so many only, or one in so many bytes.
 *
 * The fast path counts nothing. So what is counted is what the slow path hands out: each allocation that it serves
 * itself, and, when it leaves a class to the fast path, all slots that are ready then: they are *lent*. If one of
 * them is to be taken, the class is hidden from the fast path (see ma_slab_hide()) until that one's turn. So the fast
 * path costs what it always does, and all allocations that make the heap grow are counted; of a slot that is freed and
 * taken again, over and over, only what happens to come through the slow path is.
 *
 * Each heap has its own samples, which its owner alone uses.
 */
#ifndef MA_SAMPLE_H
#define MA_SAMPLE_H

#include "slab.h"

/* Those that sample. */
enum { SAMPLE_GUARD, SAMPLE_SITES, SAMPLERS };

/* Classes of the fast path, and one entry for all else. */
#define SAMPLE_CLASSES (SLAB_CLASSES + 1)
#define SAMPLE_OTHERS (SAMPLE_CLASSES - 1)

/* One that samples. All zero: it takes nothing. */
struct sampler {
	size_t every; /* allocations, or bytes; 0: take none */
	bool bytes;
	int64_t left;			  /* until the next one is due; 0: not drawn yet */
	uint32_t watched[SAMPLE_CLASSES]; /* allocations of the class until the one to be taken; 0: none is */
};

struct samples {
	struct sampler sampler[SAMPLERS];
	uint32_t lent[SAMPLE_CLASSES]; /* slots of the class that are counted and not handed out yet */
	uint64_t random;
	bool every_call; /* the fast path sees nothing: no slot is ever lent */
};

/* Where every call is seen and nothing but guarded objects is sampled: is it nobody's turn? Then an allocation need only
 * be counted. */
MA_INLINE bool ma_samples_pass(const struct samples *samples)
{
	return samples->sampler[SAMPLE_GUARD].left > 1;
}

MA_INLINE void ma_samples_count(struct samples *samples)
{
	samples->sampler[SAMPLE_GUARD].left--;
}

/* Around an allocation of the slow path, of `size` bytes with an alignment: before it, tells for whom it is to be taken,
 * 1 << SAMPLE_... or'ed; behind it, decides on those to come. */
unsigned ma_samples_due(struct samples *samples, struct slabs *slabs, size_t size, size_t align);
void ma_samples_lend(struct samples *samples, struct slabs *slabs, size_t size, size_t align);

#endif /* MA_SAMPLE_H */
