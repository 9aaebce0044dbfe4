/* SPDX-License-Identifier: MIT */
/* thread_single.c - thread.c's twin for a build without threads: there is one heap. */
#include "thread.h"

#include <unistd.h>

struct heap *ma_thread_heap = &ma_heap_none;
struct heap *ma_thread_own = &ma_heap_none;
static enum thread_view view;

void ma_thread_start(void)
{
}

/* Lets the fast paths see what they may of this thread's heap. */
static void show(struct heap *heap)
{
	ma_thread_heap = view == VIEW_NONE ? &ma_heap_none : heap;
	if (view == VIEW_SAMPLED)
		ma_slab_sample(&heap->slabs);
	else if (view != VIEW_ALL)
		ma_slab_hide(&heap->slabs);
}

struct heap *ma_thread_bind(void)
{
	if (ma_thread_own == &ma_heap_none) {
		struct heap *heap = ma_heaps_take();
		if (heap == NULL)
			return NULL;
		ma_thread_own = heap;
		heap->thread = getpid();
		show(heap);
	}
	return ma_thread_own;
}

void ma_thread_set_view(enum thread_view new_view)
{
	view = new_view;
	if (ma_thread_own != &ma_heap_none)
		show(ma_thread_own);
}

uint32_t ma_thread_number(void)
{
	return (uint32_t)getpid();
}

void ma_thread_at_fork(void (*before)(void), void (*after)(void))
{
	(void)before; /* locks, of which there are none here */
	(void)after;
}
