/* SPDX-License-Identifier: MIT */
/* sample.c - counts what is handed out, and finds the allocation at which a count is full. */
#include "sample.h"

#define MULTIPLIER UINT64_C(6364136223846793005)

static unsigned class_of(size_t size, size_t align)
{
	return size <= SLAB_MAX && align <= MA_UNIT ? ma_slab_class(size) : SAMPLE_OTHERS;
}

/* How far it is to the next one: `every` on average, so that no rhythm of the program's hides anything. */
static int64_t draw(struct samples *samples, const struct sampler *sampler)
{
	samples->random = samples->random * MULTIPLIER + 1;
	return (int64_t)(sampler->every / 2 + (samples->random >> 32) % sampler->every + 1);
}

/* Counts `count` allocations of `weight` each that come next in the class. */
static void count_in(struct samples *samples, struct sampler *sampler, unsigned class, uint32_t count,
		     size_t weight)
{
	int64_t left = sampler->left, each = sampler->bytes && weight != 0 ? (int64_t)weight : 1;

	if (sampler->every == 0 || sampler->watched[class] != 0 || count == 0)
		return;
	if (left == 0) /* the first time */
		left = draw(samples, sampler);
	if (left > each * count) {
		sampler->left = left - each * count;
		return;
	}
	sampler->watched[class] = (uint32_t)((left + each - 1) / each);
	sampler->left = draw(samples, sampler);
}

static bool is_watched(const struct samples *samples, unsigned class)
{
	for (unsigned i = 0; i < SAMPLERS; i++)
		if (samples->sampler[i].watched[class] != 0)
			return true;
	return false;
}

unsigned ma_samples_due(struct samples *samples, struct slabs *slabs, size_t size, size_t align)
{
	unsigned class = class_of(size, align), due = 0;
	uint32_t *lent = &samples->lent[class];
	bool counted;

	/* What the fast path has popped meanwhile is not ready any more. */
	if (!is_watched(samples, class) && *lent != 0)
		*lent = (uint32_t)ma_min(*lent, ma_slab_ready(slabs, class));
	counted = *lent != 0;
	if (counted)
		--*lent;
	for (unsigned i = 0; i < SAMPLERS; i++) {
		struct sampler *sampler = &samples->sampler[i];
		if (!counted)
			count_in(samples, sampler, class, 1, size);
		if (sampler->watched[class] == 0 || --sampler->watched[class] != 0)
			continue;
		due |= 1u << i;
		/* Of what is lent, those behind it. */
		count_in(samples, sampler, class, *lent,
			 class == SAMPLE_OTHERS ? 0 : ma_slab_class_size(class));
	}
	return due;
}

void ma_samples_lend(struct samples *samples, struct slabs *slabs, size_t size, size_t align)
{
	unsigned class = class_of(size, align);
	uint32_t ready, *lent = &samples->lent[class];

	if (class == SAMPLE_OTHERS || samples->every_call)
		return;
	ready = ma_slab_ready(slabs, class);
	if (!is_watched(samples, class) && ready > *lent) {
		for (unsigned i = 0; i < SAMPLERS; i++)
			count_in(samples, &samples->sampler[i], class, ready - *lent,
				 ma_slab_class_size(class));
		*lent = ready;
	}
	ma_slab_hide(slabs, class, is_watched(samples, class));
}
