/* SPDX-License-Identifier: MIT */
/* slab_remote.h - the owner's side of the remote lists: for slab.c and slab_remote.c, and for no others. */
#ifndef MA_SLAB_REMOTE_H
#define MA_SLAB_REMOTE_H

#include "slab.h"

/* Takes the whole remote list onto the ready list. False if it is empty. */
bool ma_slab_take_remote(struct slab *slab);

/* Takes in the remote frees of a slab that is not full. False if there are none, or if they will come with the
 * list of pending slabs. */
MA_INLINE bool ma_slab_take_unless_pending(struct slab *slab)
{
	uint64_t word = ma_load_relaxed(&slab->remote);

	if (ma_slab_remote_first(word) == SLAB_END || (word & REMOTE_PENDING) != 0)
		return false;
	return ma_slab_take_remote(slab);
}

/* Asks to be told of the next remote free; if somebody is about to tell of an earlier one, that will do. False
 * if some came that nobody will tell of. */
MA_INLINE bool ma_slab_arm(struct slab *slab)
{
	uint64_t old = REMOTE_EMPTY;

	/* Release: pairs with push_remote(), who then reads the chunk's owner. */
	while (!ma_cas_acq_rel(&slab->remote, &old, REMOTE_EMPTY | REMOTE_NOTIFY))
		if (old != REMOTE_EMPTY)
			return (old & (REMOTE_PENDING | REMOTE_NOTIFY)) != 0;
	return true;
}

/* Takes that back. False if somebody is about to tell the owner, who then waits for it. */
MA_INLINE bool ma_slab_disarm(struct slab *slab)
{
	uint64_t old = ma_load_relaxed(&slab->remote);

	do {
		if (old & REMOTE_PENDING)
			return false;
		/* Orders nothing that matters. */
	} while (!ma_cas_acq_rel(&slab->remote, &old, old & ~REMOTE_NOTIFY));
	return true;
}

/* A link of the slab's lists leads nowhere: says so, and aborts. */
MA_COLD void ma_slab_damaged(const struct slab *slab);

#endif /* MA_SLAB_REMOTE_H */
