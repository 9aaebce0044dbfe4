/* SPDX-License-Identifier: MIT */
/*
 * thread.h - which heap is mine. thread.c answers for programs with threads; thread_single.c, its twin, in a
 * build without them.
 *
 * A thread has two pointers to it. The fast paths look at ma_thread_heap alone, the slow ones at ma_thread_own. They
 * are equal, unless a mode has to see every free (VIEW_NONE): then ma_thread_heap stays at ma_heap_none, from which every
 * fast path fails over.
 */
#ifndef MA_THREAD_H
#define MA_THREAD_H

#include "base.h"
#include "busy.h"
#include "heap.h"

/* What the fast paths use of a thread: side by side, as to find where a thread's variable lies costs an instruction. */
struct thread_front {
	struct heap *heap;
	uintptr_t inside; /* an address on its stack, or 0: see inside.h */
};
extern MA_THREAD_LOCAL struct thread_front ma_thread_front;
#define ma_thread_heap ma_thread_front.heap
extern MA_THREAD_LOCAL struct heap *ma_thread_own;

/* This thread's heap, given to it if it has none. NULL: out of memory, or this is called by a signal handler that has
 * interrupted libma. */
struct heap *ma_thread_bind(void);

/* The same, for whom it is likely to have one. */
MA_INLINE struct heap *ma_thread_bound(void)
{
	struct heap *heap = ma_thread_own;

	return MA_LIKELY(heap != &ma_heap_none) ? heap : ma_thread_bind();
}

/* Called once, before main(): the C library is to tell of forks. */
void ma_thread_start(void);

/* Has `before` called before each fork, and `after` behind it in both processes. */
void ma_thread_at_fork(void (*before)(void), void (*after)(void));

/* The kernel's number of this thread. */
uint32_t ma_thread_number(void);

/* What the fast paths see of a thread's heap, from here on. Called once, by a program that has one thread still. */
void ma_thread_set_view(enum heap_view view);

#endif /* MA_THREAD_H */
