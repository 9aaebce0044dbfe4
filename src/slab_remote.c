/* SPDX-License-Identifier: MIT */
/*
 * slab_remote.c - owns the slabs' remote words: the lists of what other threads have freed.
 *
 * A remote free is one compare-and-swap on the slab's `remote` word: | PENDING | NOTIFY | count, 30 | offset, 32 |.
 * NOTIFY is set while the slab is full. Who pushes then turns it into PENDING, and must put the slab on its
 * owner's list of pending slabs. While PENDING is set neither the slab nor its chunk may go or change hands;
 * the owner clears it when the slab reaches him. tests/model/remote.pml proves this protocol, and heaps.pml that it
 * holds while chunks change hands.
 */
#include "slab_remote.h"

static bool push_remote(struct slab *slab, uint32_t offset, void *p)
{
	struct slot *slot = p;
	uint64_t old = ma_load_relaxed(&slab->remote), new;

	slot->free_in = slab;
	do {
		slot->next = SLAB_LINK(ma_slab_remote_first(old));
		new = (old & ~(uint64_t)SLAB_END) + REMOTE_ONE + offset;
		if (old & REMOTE_NOTIFY)
			new ^= REMOTE_NOTIFY | REMOTE_PENDING; /* of which only the one was set */
		/* Release: pairs with ma_slab_take_remote(), so that the owner sees the slot's words. Acquire: pairs with
		 * ma_slab_arm(), so that who finds NOTIFY finds the owner who set it. */
	} while (!ma_cas_acq_rel(&slab->remote, &old, new));
	return (old & REMOTE_NOTIFY) != 0;
}

bool ma_slab_push_remote(struct slab *slab, void *p)
{
	return push_remote(slab, (uint32_t)((char *)p - slab->start), p);
}

bool ma_slab_push_remote_block(struct chunk *chunk, void *payload)
{
	return push_remote(&chunk->slab[0], (uint32_t)((char *)payload - (char *)chunk), payload);
}

void ma_slab_notify(struct slabs *owner, struct slab *slab)
{
	struct slab *old = ma_load_relaxed(&owner->pending);

	do {
		slab->pending = old;
		/* Pairs with ma_slab_drain(), so that the owner sees `pending`. */
	} while (!ma_cas_release(&owner->pending, &old, slab));
}

void ma_slab_damaged(const struct slab *slab)
{
	ma_fatal_place("free list of a slab overwritten (a write after free?)", slab->start, "slab",
		       slab->start, (size_t)slab->slots * slab->slot_size);
}

/* The last slot of a list of `count` slots. */
static struct slot *list_last(struct slab *slab, uint32_t offset, uint32_t count)
{
	struct slot *slot = (struct slot *)(slab->start + offset);

	while (--count > 0) {
		if (slot->next >= slab->limit)
			ma_slab_damaged(slab);
		slot = ma_slab_slot(slab, slot->next);
	}
	if (slot->next != SLAB_LINK(SLAB_END))
		ma_slab_damaged(slab);
	return slot;
}

bool ma_slab_take_remote(struct slab *slab)
{
	uint64_t word = ma_swap_acquire(&slab->remote, REMOTE_EMPTY); /* pairs with push_remote() */
	uint32_t offset = ma_slab_remote_first(word);

	if (offset == SLAB_END)
		return false;
	/* The shorter list, mostly, is the remote one: hang the other to its end. */
	if (slab->ready != SLAB_LINK(SLAB_END))
		list_last(slab, offset, ma_slab_remote_count(word))->next = slab->ready;
	slab->ready = SLAB_LINK(offset);
	slab->used -= ma_slab_remote_count(word);
	return true;
}
