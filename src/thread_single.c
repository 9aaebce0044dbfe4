/* SPDX-License-Identifier: MIT */
/* thread_single.c - thread.c's twin for a build without threads: there is one heap. */
#include "thread.h"

#include <unistd.h>

#include "signals.h"

struct thread_front ma_thread_front = {.heap = &ma_heap_none};
struct heap *ma_thread_own = &ma_heap_none;
static enum heap_view view;

void ma_thread_start(void)
{
}

struct heap *ma_thread_bind(void)
{
	if (ma_signals_interrupted() || ma_busy != 0)
		return NULL;
	if (ma_thread_own == &ma_heap_none) {
		struct heap *heap = ma_heaps_take();
		if (heap == NULL)
			return NULL;
		ma_thread_own = heap;
		heap->thread = getpid();
		ma_thread_heap = ma_heap_seen(heap, view);
	}
	return ma_thread_own;
}

void ma_thread_set_view(enum heap_view new_view)
{
	view = new_view;
	if (ma_thread_own != &ma_heap_none)
		ma_thread_heap = ma_heap_seen(ma_thread_own, view);
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
