/* SPDX-License-Identifier: MIT */
/*
 * quarantine.h - freed objects that are kept back for a while: filled, and looked at when they go, so that who writes
 * to one is found out, and who uses one does not meet another object there.
 *
 * To the heap they are in use still. They leave in the order in which they came. Each heap has a quarantine of its own,
 * that all together hold at most the bytes that the option allows. A lock guards each, as any thread may flush it.
 *
 * A quarantined object begins with a mark that is keyed with its address, and that is wiped as it leaves: so a second
 * free is known.
 */
#ifndef MA_QUARANTINE_H
#define MA_QUARANTINE_H

#include "base.h"
#include "lock.h"

struct quarantined {
	char *at;
	size_t size; /* usable bytes */
};

/* All zero: empty. The lock is initialised by who makes it. */
struct quarantine {
	struct lock lock;
	struct quarantined *ring;
	size_t room; /* entries of the ring: a power of two */
	size_t first, count;
};

/* Sets the most bytes that all hold, and what they are filled with. */
void ma_quarantine_start(size_t most, unsigned char fill);

/* Is what starts at `p`, of 16 bytes at least, in quarantine? */
bool ma_quarantine_has(const void *p);

/* Puts an object in; false if it is too large, or there is no memory: it is to be freed at once. */
bool ma_quarantine_put(struct quarantine *quarantine, void *p, size_t size);

/* Takes out what is too much, the oldest first, an object a call; with `all` whatever there is. NULL: there is
 * nothing more. Is fatal if it was written to. */
void *ma_quarantine_take(struct quarantine *quarantine, bool all);

/* The first byte of a quarantined object that was written to; NULL: none was. */
const void *ma_quarantine_look(const void *p, size_t size);

#endif /* MA_QUARANTINE_H */
