/* SPDX-License-Identifier: MIT */
/*
 * signals.h - signal handlers that allocate or free, whatever they have interrupted.
 *
 * One that has interrupted its thread inside libma (see busy.h) must not meet a heap that is half changed. In the preload
 * library every handler is called by override_signal.c, which knows what was interrupted: if it was libma, the thread
 * has no heap while the handler runs. So an allocation is refused, and a free is like another thread's: it goes by the
 * remote lists, which are made for that. What has no such list, a large object, is put aside here, and freed when a thread
 * leaves libma next, most likely this one. It costs the fast paths nothing.
 *
 * In a program that is linked to libma nobody tells what was interrupted. There the public functions mark their thread, and
 * one that finds the mark does the same for as long as it runs: see inside.h.
 *
 * For handlers that nobody tells the preload library of, signals=1 sends every call through the slow paths; from its first
 * step in until its last a thread counts as inside, and all frees of a handler's are put aside.
 *
 * All threads share the places. Each is taken and left by one atomic step, so that handlers may interrupt each other and
 * whoever takes from here. Fails by losing what there is no place for: that memory stays in use for good.
 */
#ifndef MA_SIGNALS_H
#define MA_SIGNALS_H

#include "atomic.h"
#include "base.h"
#include "busy.h"

struct heap;

/* Objects that can be put aside. */
#define SIGNALS_ASIDE 1024u

/* Around the run of a handler that has interrupted libma, or one call of its: takes the thread's heap away, and gives it
 * back. What the handler calls lies on the stack between `low` and `high`. The first returns what the second is to be
 * given. */
unsigned ma_signals_interrupt(uintptr_t low, uintptr_t high);
void ma_signals_resume(unsigned level);

/* A pop or push of the calling thread may have been left in its middle: counts anew what its heap's slabs have ready. */
void ma_signals_recount(struct heap *heap);

/* Does the handler still run? One may have been left by longjmp(3): then the thread gets back what it had. */
bool ma_signals_interrupted_still(void);

/* Is this called by a handler that has interrupted libma? */
MA_INLINE bool ma_signals_interrupted(void)
{
	return MA_UNLIKELY(ma_busy_interrupted != 0) && ma_signals_interrupted_still();
}

/* May something be there? */
extern MA_SHARED(bool) ma_signals_any;

/* Puts `p` aside. False: there is no room. */
bool ma_signals_put(void *p);

/* Takes out all that was put aside, and calls `release` for each. */
void ma_signals_take(void (*release)(void *p));

#endif /* MA_SIGNALS_H */
