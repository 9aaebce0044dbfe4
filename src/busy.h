/* SPDX-License-Identifier: MIT */
/*
 * busy.h - is a thread inside libma, where nothing else must come in?
 *
 * It is if its program counter is in libma's text, or if ma_busy is not 0. So the fast paths, which call nothing, need not
 * say so. Whoever calls a function of the C library's while a heap is half changed, or a lock is held, has to.
 *
 * Two ask: a signal handler that has interrupted the thread (see signals.h), and `ma COMMAND PID`, which stops threads where
 * they are not inside.
 */
#ifndef MA_BUSY_H
#define MA_BUSY_H

#include "base.h"

#if MA_THREADS
#define MA_THREAD_LOCAL _Thread_local
#else
#define MA_THREAD_LOCAL
#endif

/* How many of the pairs below the thread is in. */
extern MA_THREAD_LOCAL volatile unsigned ma_busy;

/* How many signal handlers, one above the other, have interrupted the thread inside libma, and run still: see signals.h. */
extern MA_THREAD_LOCAL volatile unsigned ma_busy_interrupted;

/* Once, when the library is loaded: `ma` is to find ma_busy. */
void ma_busy_start(void);

/* They nest. */
MA_INLINE void ma_busy_begin(void)
{
	ma_busy++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

MA_INLINE void ma_busy_end(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	ma_busy--;
}

#endif /* MA_BUSY_H */
