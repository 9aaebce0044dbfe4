/* SPDX-License-Identifier: MIT */
/*
 * slab_look.c - what is asked about a slab: by the judgement of pointers, by reports and by audits. It changes nothing.
 *
 * A slab that another thread is at work on may be asked about, too: so every list is followed only as far as its links
 * stay in the slab, and no longer than it can be.
 */
#include "slab.h"

void *ma_slab_slot_around(const struct slab *slab, const void *p)
{
	size_t offset = (size_t)((const char *)p - slab->start);

	if ((const char *)p < slab->start || offset >= (size_t)slab->carved * slab->slot_size)
		return NULL;
	return slab->start + offset / slab->slot_size * slab->slot_size;
}

static bool list_has(const struct slab *slab, int64_t link, const void *slot)
{
	for (uint32_t steps = 0; link < slab->limit && steps <= slab->carved; steps++) {
		const struct slot *at = ma_slab_slot(slab, link);
		if (at == slot)
			return true;
		link = at->next;
	}
	return false;
}

bool ma_slab_is_free(const struct slab *slab, const void *slot)
{
	return list_has(slab, slab->ready, slot) ||
	       list_has(slab, SLAB_LINK(ma_slab_remote_first(ma_load_acquire(&slab->remote))), slot);
}

bool ma_slab_block_is_free(const struct chunk *chunk, const void *payload)
{
	const struct slab *self = &chunk->slab[0];
	uint64_t word = ma_load_acquire(&self->remote); /* pairs with push_remote() */
	uint64_t offset = ma_slab_remote_first(word);

	if (!ma_slab_block_may_be_free(chunk, payload))
		return false;
	for (uint32_t left = ma_slab_remote_count(word); left > 0 && ma_slab_is_payload(chunk, offset);
	     left--) {
		const struct slot *slot = (const struct slot *)((const char *)chunk + offset);
		if (slot == payload)
			return true;
		offset = (uint64_t)(slot->next - INT64_MIN);
	}
	return false;
}

/* Marks one list; returns how many slots it has, or UINT32_MAX if it leaves the slab or runs in a circle. */
static uint32_t mark_list(const struct slab *slab, int64_t link, uint64_t *bitmap)
{
	uint32_t count = 0;

	while (link != SLAB_LINK(SLAB_END)) {
		uint32_t index = (uint32_t)((uint64_t)(link - INT64_MIN) / slab->slot_size);
		if (!ma_slab_holds(slab, (uint64_t)link) || bitmap[index / 64] >> (index % 64) & 1)
			return UINT32_MAX;
		bitmap[index / 64] |= UINT64_C(1) << (index % 64);
		count++;
		link = ma_slab_slot(slab, link)->next;
	}
	return count;
}

void ma_slab_mark_free(const struct slab *slab, uint64_t *bitmap)
{
	mark_list(slab, slab->ready, bitmap);
	/* Pairs with push_remote(). */
	mark_list(slab, SLAB_LINK(ma_slab_remote_first(ma_load_acquire(&slab->remote))), bitmap);
}

uint32_t ma_slab_count_ready(const struct slab *slab)
{
	uint64_t bitmap[SLAB_MOST_SLOTS / 64] = {0};

	return mark_list(slab, slab->ready, bitmap);
}

uint32_t ma_slab_live(const struct slabs *slabs, const struct slab *slab)
{
	uint32_t others = ma_slab_remote_count(ma_load_relaxed(&slab->remote)); /* a count: orders nothing */
	bool current = ma_slab_is_current(slabs, slab);
	uint32_t used = slab->full ? slab->carved : slab->used - current;

	/* Of a heap that is at work meanwhile the counts may not agree for a moment. */
	return used <= slab->carved && others <= used ? used - others : 0;
}

const char *ma_slab_audit(const struct slabs *slabs, const struct slab *slab)
{
	uint64_t bitmap[SLAB_MOST_SLOTS / 64] = {0};
	uint64_t remote = ma_load_acquire(&slab->remote); /* pairs with push_remote() */
	bool current = ma_slab_is_current(slabs, slab);
	uint32_t ready, others, used;

	if (slab->carved > slab->slots || slab->limit != SLAB_LINK(slab->carved * slab->slot_size))
		return "slab whose carved slots are miscounted";
	ready = mark_list(slab, slab->ready, bitmap);
	if (ready == UINT32_MAX)
		return "slab whose ready list is damaged";
	others = mark_list(slab, SLAB_LINK(ma_slab_remote_first(remote)), bitmap);
	if (others == UINT32_MAX || others != ma_slab_remote_count(remote))
		return "slab whose remote list is damaged";
	if (slab->full)
		return ready != 0 || slab->used != 1 || slab->queued ? "full slab with ready slots" : NULL;
	used = slab->carved - ready + current;
	if (slab->used != used)
		return "slab whose used slots are miscounted";
	if (!current && !slab->queued && slabs->bin[slab->class].carving != slab)
		return "slab with room that is on no list";
	return NULL;
}
