/* SPDX-License-Identifier: MIT */
/*
 * signals.h - what a signal handler frees while the thread that it interrupted is inside libma.
 *
 * With signals=1 every call goes through mode.c, which marks the thread as busy meanwhile (see thread.h). A handler's
 * allocation is then refused, and what it frees is put aside here: it is freed when the thread leaves libma. So no
 * handler ever meets a heap that is half changed.
 *
 * Each thread has its own few places. Handlers may interrupt each other: a place is taken by one compare-and-swap.
 * Fails by losing what there is no place for: that memory stays in use for good.
 */
#ifndef MA_SIGNALS_H
#define MA_SIGNALS_H

#include "base.h"

/* Objects that are put aside until the thread leaves libma. */
#define SIGNALS_ASIDE 32

/* Puts `p` aside. False: there is no room. */
bool ma_signals_put(void *p);

/* Takes one of what was put aside; NULL: there is none. */
void *ma_signals_take(void);

#endif /* MA_SIGNALS_H */
