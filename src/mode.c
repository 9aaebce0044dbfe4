/* SPDX-License-Identifier: MIT */
/* mode.c - which modes are on, and in which order they act on a call. */
#include "mode.h"

#include <string.h>

#include "atomic.h"
#include "clock.h"
#include "guard.h"
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
	if (ma_options.guard != 0) {
		ma_unwind_start(entries, count);
		if (ma_guard_start(ma_options.guard == 1, ma_options.guard_low)) {
			ma_mode |= MODE_GUARD;
			ma_thread_at_fork(ma_guard_lock_all, ma_guard_unlock_all);
		} else {
			ma_warn("no address space for guarded objects", NULL);
		}
	}
	if (ma_options.fill)
		ma_mode |= MODE_FILL;
	if (ma_options.zero_on_free)
		ma_mode |= MODE_ZERO;
	if (ma_mode & (MODE_FILL | MODE_ZERO | MODE_FREE_SITES))
		ma_thread_set_view(VIEW_NONE);
	else if (ma_mode == MODE_GUARD && ma_options.guard > 1)
		ma_thread_set_view(VIEW_SAMPLED);
	else if (ma_mode != 0)
		ma_thread_set_view(VIEW_FREES);
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

/*
 * Has the last guarded object been long enough ago? To take and to free one are a few changes of a page table, which
 * are so slow on some virtual machines that a share of the program's time is the better bound.
 */
static bool guard_may(void)
{
	static MA_SHARED(uint64_t) last; /* milliseconds. Two threads may both find that they may: so be it */
	uint64_t now;

	if (ma_options.guard_rate == 0)
		return true;
	now = ma_clock_ms();
	if (now - ma_load_relaxed(&last) < 1000 / ma_options.guard_rate)
		return false;
	ma_store_relaxed(&last, now);
	return true;
}

/* Is this allocation to be guarded? */
static bool guard_is_due(struct heap *heap)
{
	size_t every = ma_options.guard;
	ptrdiff_t next;
	bool may;

	if (every == 1)
		return true;
	if (--heap->unguarded > 0)
		return false;
	if (heap->random == 0)
		heap->random = ma_source_secret() ^ heap->number;
	heap->random = heap->random * UINT64_C(6364136223846793005) + 1;
	/* Around `every` on average, so that no rhythm of the program's hides anything. What a magazine took too many is
	 * made up for, unless there may be no more now. */
	next = (ptrdiff_t)(every / 2 + (heap->random >> 32) % every + 1);
	may = guard_may();
	heap->unguarded = may ? heap->unguarded + next : next;
	return may;
}

static struct guard_caller caller(struct heap *heap)
{
	return (struct guard_caller){stack_here(heap), ma_thread_number()};
}

void *ma_mode_alloc(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	void *p = NULL;

	if (ma_mode & MODE_GUARD && guard_is_due(heap)) {
		p = ma_guard_alloc(size, align, caller(heap));
		*zero = SIZE_MAX;
		if (p == NULL) /* no room: it may be long until there is some */
			heap->unguarded = (ptrdiff_t)ma_options.guard;
	}
	if (p == NULL)
		p = ma_heap_alloc_aligned(heap, size, align, zero);
	if (p == NULL)
		return NULL;
	if (heap->slabs.magazine != NULL && heap->unguarded > 0 && size <= SLAB_DIRECT_MAX)
		heap->unguarded -= ma_slab_load(&heap->slabs, ma_slab_class(size));
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
	if (ma_guard_has(p)) {
		ma_guard_free(p, caller(heap));
		return PLACE_LARGE;
	}
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
	if (ma_guard_has(p)) {
		*place = PLACE_LARGE;
		return ma_guard_size(p);
	}
	return ma_heap_size(heap, p, place);
}

bool ma_mode_minds(const void *p)
{
	return ma_mode != 0 && (ma_mode != MODE_GUARD || ma_guard_has(p));
}

/* In place only where little is wasted, as ma_front_realloc() does without modes. */
bool ma_mode_resize(struct heap *heap, void *p, size_t size)
{
	enum heap_place place;
	size_t had = ma_mode_size(heap, p, &place);

	if (ma_guard_has(p))
		return size == had;
	if (size < had / 2 && place == PLACE_SLOT)
		return false;
	if (!ma_heap_resize(heap, p, size))
		return false;
	if (ma_mode & MODE_SITES)
		keep_site(heap, p, size);
	return true;
}
