/* SPDX-License-Identifier: MIT */
/* thread_single.c - thread.c's twin for a build without threads: there is one heap. */
#include "thread.h"

#include <unistd.h>

struct heap *ma_thread_heap = &ma_heap_none;
struct heap *ma_thread_own = &ma_heap_none;
static enum { SEEN, HIDDEN_FROM_ALLOC, HIDDEN } hidden;

void ma_thread_start(void)
{
}

struct heap *ma_thread_bind(void)
{
	if (ma_thread_own == &ma_heap_none) {
		struct heap *heap = ma_heaps_take();
		if (heap == NULL)
			return NULL;
		ma_thread_own = heap;
		heap->thread = getpid();
		if (hidden != SEEN)
			ma_slab_hide(&heap->slabs);
		if (hidden != HIDDEN)
			ma_thread_heap = heap;
	}
	return ma_thread_own;
}

void ma_thread_hide_heaps(bool frees)
{
	hidden = frees ? HIDDEN : HIDDEN_FROM_ALLOC;
	if (frees)
		ma_thread_heap = &ma_heap_none;
	if (ma_thread_own != &ma_heap_none)
		ma_slab_hide(&ma_thread_own->slabs);
}

uint32_t ma_thread_number(void)
{
	return (uint32_t)getpid();
}
