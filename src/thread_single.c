/* SPDX-License-Identifier: MIT */
/* thread_single.c - thread.c's twin for a build without threads: there is one heap. */
#include "thread.h"

#include <unistd.h>

struct heap *ma_thread_heap = &ma_heap_none;
struct heap *ma_thread_own = &ma_heap_none;
static bool hidden;

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
		if (!hidden)
			ma_thread_heap = heap;
	}
	return ma_thread_own;
}

void ma_thread_hide_heaps(void)
{
	hidden = true;
	ma_thread_heap = &ma_heap_none;
}

uint32_t ma_thread_number(void)
{
	return (uint32_t)getpid();
}
