/* SPDX-License-Identifier: MIT */
/*
 * signals.h - what signal handlers free while the thread that they interrupted is inside libma.
 *
 * With signals=1 every call marks its thread as busy meanwhile (see thread.h). A handler's allocation is then refused, and
 * what it frees is put aside here: it is freed when a thread leaves libma next, most likely this one. So no handler ever
 * meets a heap that is half changed.
 *
 * All threads share the places. Each is taken and left by one atomic step, so that handlers may interrupt each other and
 * whoever takes from here. Fails by losing what there is no place for: that memory stays in use for good.
 */
#ifndef MA_SIGNALS_H
#define MA_SIGNALS_H

#include "atomic.h"
#include "base.h"

/* Objects that can be put aside. */
#define SIGNALS_ASIDE 1024u

/* May something be there? */
extern MA_SHARED(bool) ma_signals_any;

/* Puts `p` aside. False: there is no room. */
bool ma_signals_put(void *p);

/* Takes out all that was put aside, and calls `release` for each. */
void ma_signals_take(void (*release)(void *p));

#endif /* MA_SIGNALS_H */
