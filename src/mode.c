/* SPDX-License-Identifier: MIT */
/* mode.c - which modes are on, and in which order they act on a call. */
#include "mode.h"

#include <string.h>

#include "options.h"
#include "report.h"
#include "sites.h"
#include "source.h"
#include "thread.h"
#include "unwind.h"

/* What memory holds that was not written since it was allocated, or since it was freed: odd, so that no pointer in
 * it is aligned, and no address of a 64-bit machine. */
#define FILL_NEW 0xa5
#define FILL_FREED 0xdf

unsigned ma_mode;

void ma_mode_start(void (*const *entries)(void), size_t count)
{
	if (ma_options.sites != 0) {
		ma_mode |= MODE_SITES | (ma_options.free_sites ? MODE_FREE_SITES : 0);
		ma_unwind_start(entries, count);
		ma_sites_start();
		ma_fatal_tell = ma_report_site;
	}
	if (ma_options.fill)
		ma_mode |= MODE_FILL;
	if (ma_options.zero_on_free)
		ma_mode |= MODE_ZERO;
	if (ma_mode != 0)
		ma_thread_hide_heaps((ma_mode & (MODE_FILL | MODE_ZERO | MODE_FREE_SITES)) != 0);
}

/* The stack of the call that is being served. */
static uint32_t stack_here(struct heap *heap)
{
	unsigned most = (unsigned)ma_options.sites_depth;

	if (MA_UNLIKELY(heap->memos == NULL) && heap != &ma_heap_none)
		heap->memos = ma_source_map(ma_round_up(sizeof(*heap->memos), ma_source_page()), MA_UNIT);
	return ma_unwind_number(heap->memos, most);
}

static void keep_site(struct heap *heap, const void *p, size_t size)
{
	ma_sites_set(p, stack_here(heap), ma_thread_number(), size);
}

void *ma_mode_alloc(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	void *p = ma_heap_alloc_aligned(heap, size, align, zero);

	if (p == NULL)
		return NULL;
	if (ma_mode & MODE_SITES)
		keep_site(heap, p, size);
	if (ma_mode & MODE_FILL) {
		memset(p, FILL_NEW, size);
		*zero = SIZE_MAX;
	}
	return p;
}

enum heap_place ma_mode_free(struct heap *heap, void *p)
{
	if (ma_mode & (MODE_FILL | MODE_ZERO)) {
		enum heap_place place;
		size_t size = ma_heap_size(heap, p, &place);
		if (place == PLACE_STRANGE)
			return place;
		memset(p, ma_mode & MODE_ZERO ? 0 : FILL_FREED, size);
	}
	if (ma_mode & MODE_SITES)
		ma_sites_set_freed(p, ma_mode & MODE_FREE_SITES ? stack_here(heap) : 0);
	return ma_heap_free(heap, p);
}

size_t ma_mode_size(struct heap *heap, const void *p, enum heap_place *place)
{
	return ma_heap_size(heap, p, place);
}

bool ma_mode_minds(const void *p)
{
	(void)p;
	return ma_mode != 0;
}

/* In place only where little is wasted, as ma_front_realloc() does without modes. */
bool ma_mode_resize(struct heap *heap, void *p, size_t size)
{
	enum heap_place place;
	size_t had = ma_heap_size(heap, p, &place);

	if (size < had / 2 && place == PLACE_SLOT)
		return false;
	if (!ma_heap_resize(heap, p, size))
		return false;
	if (ma_mode & MODE_SITES)
		keep_site(heap, p, size);
	return true;
}
