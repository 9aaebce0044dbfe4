/* SPDX-License-Identifier: MIT */
/*
 * thread.h - which heap is mine. thread.c answers for programs with threads; thread_single.c, its twin, in a
 * build without them.
 */
#ifndef MA_THREAD_H
#define MA_THREAD_H

#include "base.h"
#include "heap.h"

#if MA_THREADS
extern _Thread_local struct heap *ma_thread_heap;
#else
extern struct heap *ma_thread_heap;
#endif

/* This thread's heap, given to it if it has none. NULL: out of memory. */
struct heap *ma_thread_bind(void);

/* Called once, before main(): what must be known to the C library for threads to end and to fork well. */
void ma_thread_start(void);

#endif /* MA_THREAD_H */
