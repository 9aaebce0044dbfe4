/* SPDX-License-Identifier: MIT */
/* mode.c - which modes are on, and in which order they act on a call. */
#include "mode.h"

#include <string.h>

#include "atomic.h"
#include "cgroup.h"
#include "clock.h"
#include "guard.h"
#include "inside.h"
#include "large.h"
#include "limit.h"
#include "mode_short.h"
#include "options.h"
#include "quarantine.h"
#include "redzone.h"
#include "report.h"
#include "sample.h"
#include "signals.h"
#include "sites.h"
#include "source.h"
#include "thread.h"
#include "unwind.h"

/* What memory holds that was not written since it was allocated, or since it was freed: odd, so that no pointer in
 * it is aligned, and no address of a 64-bit machine. */
#define FILL_NEW 0xa5
#define FILL_FREED 0xdf

MA_NEAR MA_SHARED(unsigned) ma_mode_bits;

/* All allocations come here, not only those that the fast path could not serve. */
static bool every_call;

/* Modes that look at, or change, the bytes of an object as it is freed. */
#define MODES_AT_FREE (MODE_FILL | MODE_ZERO | MODE_REDZONE | MODE_QUARANTINE)
/* Those that have no business with a small object, or are done by mode_short.h. */
#define MODES_SHORT (MODE_ZERO | MODE_REDZONE | MODE_QUARANTINE | MODE_GUARD | MODE_LIMIT | MODE_SIGNALS)

/* Held while one thread flushes other threads' quarantines; and across fork, so that these are whole in the child. */
static struct lock flush_lock = MA_LOCK_INIT;

static void lock_flush(void)
{
	ma_lock_keep(&flush_lock);
}

static void unlock_flush(void)
{
	ma_lock_release(&flush_lock);
}

static void turn_on(unsigned modes)
{
	unsigned had = ma_modes();

	while (!ma_cas_release(&ma_mode_bits, &had, had | modes)) /* bits that order nothing */
		continue;
}

static void start_limit(void)
{
	size_t hard = ma_options.limit;

	if (ma_options.limit_cgroup) {
		hard = ma_cgroup_limit("/proc/self/cgroup", "/sys/fs/cgroup");
		hard -= hard / 16; /* is left for what libma doesn't hold: stacks, page tables, … */
	}
	if (hard != 0)
		ma_limit_set(0, hard, NULL, NULL);
}

void ma_mode_limit(size_t soft, size_t hard, void (*function)(size_t held, size_t wanted, void *arg),
		   void *arg)
{
	static MA_SHARED(bool) known; /* to fork */
	bool marked;

	if (!ma_swap_acq_rel(&known, true))
		ma_thread_at_fork(ma_limit_lock_all, ma_limit_unlock_all);
	marked = ma_mode_begin();
	ma_limit_set(soft, hard, function, arg);
	ma_mode_end(marked);
	if (function != NULL)
		turn_on(MODE_LIMIT);
}

void ma_mode_start(void (*const *entries)(void), size_t count)
{
	enum heap_view view;

	start_limit();
	if (ma_options.sites != 0) {
		turn_on(MODE_SITES | (ma_options.free_sites && ma_options.sites == 1 ? MODE_FREE_SITES : 0));
		ma_unwind_start(entries, count);
		ma_sites_start();
		ma_fatal_tell = ma_report_site;
	}
	if (ma_options.guard != 0) {
		ma_unwind_start(entries, count);
		if (ma_guard_start(ma_options.guard == 1, ma_options.guard_low)) {
			turn_on(MODE_GUARD);
			ma_thread_at_fork(ma_guard_lock_all, ma_guard_unlock_all);
		} else {
			ma_warn("no address space for guarded objects", NULL);
		}
	}
	if (ma_options.fill)
		turn_on(MODE_FILL);
	if (ma_options.zero_on_free)
		turn_on(MODE_ZERO);
	if (ma_options.redzone) {
		ma_redzone_start();
		turn_on(MODE_REDZONE);
	}
	if (ma_options.quarantine != 0) {
		ma_quarantine_start(ma_options.quarantine, ma_options.zero_on_free ? 0 : FILL_FREED);
		ma_thread_at_fork(lock_flush, unlock_flush);
		turn_on(MODE_QUARANTINE);
	}
	if (ma_options.shuffle)
		ma_slab_shuffle(ma_source_secret());
	if (ma_options.signals)
		turn_on(MODE_SIGNALS);
	view = ma_modes() & (MODES_AT_FREE | MODE_FREE_SITES | MODE_SIGNALS) ? VIEW_NONE
	       : ma_options.sites == 1 || ma_options.guard == 1		     ? VIEW_FREES
									     : VIEW_ALL;
	every_call = view != VIEW_ALL;
	if ((view == VIEW_NONE && !(ma_modes() & ~MODES_SHORT)) ||
	    (ma_options.sites == 1 && !(ma_modes() & ~(MODE_SITES | MODE_LIMIT))))
		turn_on(MODE_SHORT);
	ma_thread_set_view(view);
}

/* What the modes keep for the caller's heap. NULL: no memory for it. */
static struct mode_heap *mode_of(struct heap *heap)
{
	struct mode_heap *mode = ma_load_relaxed(&heap->mode); /* only its owner writes it */
	struct samples *samples;

	if (MA_LIKELY(mode != NULL) || heap == &ma_heap_none)
		return mode;
	mode = ma_source_map(ma_round_up(sizeof(*mode), ma_source_page()), MA_UNIT);
	if (mode == NULL)
		return NULL;
	samples = &mode->samples;
	samples->random = ma_source_secret() ^ heap->number;
	samples->every_call = every_call;
	samples->sampler[SAMPLE_GUARD].every = ma_modes() & MODE_GUARD ? ma_options.guard : 0;
	if (!(ma_modes() & MODE_GUARD))
		samples->sampler[SAMPLE_GUARD].left = INT64_MAX; /* never: see ma_samples_pass() */
	samples->sampler[SAMPLE_SITES].every = ma_modes() & MODE_SITES ? ma_options.sites : 0;
	samples->sampler[SAMPLE_SITES].bytes = true;
	mode->quarantine.lock = (struct lock)MA_LOCK_INIT;
	ma_store_release(&heap->mode, mode); /* pairs with ma_mode_flush() */
	return mode;
}

/* The stack of the call that is being served. */
static uint32_t stack_here(struct heap *heap)
{
	struct mode_heap *mode = mode_of(heap);
	struct unwind_registers here;

	ma_unwind_here(&here);
	return ma_unwind_number(&here, mode == NULL ? NULL : &mode->memos, (unsigned)ma_options.sites_depth);
}

static void keep_site(struct heap *heap, const void *p, size_t size)
{
	ma_sites_set(p, stack_here(heap), ma_thread_number(), size);
}

void ma_mode_keep_site(uintptr_t pc, uintptr_t sp, uintptr_t fp, struct mode_heap *mode, const void *p,
		       size_t size)
{
	ma_busy_begin();
	ma_sites_set(p, ma_unwind_number_at(pc, sp, fp, &mode->memos, (unsigned)ma_options.sites_depth),
		     ma_thread_number(), size);
	ma_busy_end();
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

static struct guard_caller caller(struct heap *heap)
{
	return (struct guard_caller){stack_here(heap), ma_thread_number()};
}

/* Usable bytes of what the heap has at `p`, redzone and all. */
static size_t usable_size(struct heap *heap, const void *p)
{
	const struct slab *slab = ma_slab_of_used(&heap->slabs, p);
	enum heap_place place;

	return slab != NULL ? slab->slot_size : ma_heap_size(heap, p, &place);
}

/* What of an object's usable bytes are the program's. Is fatal if the redzone was written to, or the object is in
 * quarantine. */
static size_t own_size(const void *p, size_t usable)
{
	const void *at;
	size_t size;

	if (ma_modes() & MODE_QUARANTINE && ma_quarantine_has(p))
		ma_fatal_place("double free", p, "quarantined object", p, usable);
	if (!(ma_modes() & MODE_REDZONE))
		return usable;
	size = ma_redzone_look(p, usable, &at);
	if (size != SIZE_MAX)
		return size;
	if (ma_redzone_is_early(p, false))
		return usable;
	ma_report_written("memory behind an object was written to", at, p, usable - REDZONE_BYTES);
}

static void *alloc(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	struct mode_heap *mode = ma_modes() & (MODE_GUARD | MODE_SITES | MODE_SHORT) ? mode_of(heap) : NULL;
	unsigned due = mode == NULL ? 0 : ma_samples_due(&mode->samples, &heap->slabs, size, align);
	void *p = NULL;

	if (due & 1u << SAMPLE_GUARD && (ma_options.guard == 1 || guard_may())) {
		p = ma_guard_alloc(size, align, caller(heap));
		*zero = SIZE_MAX;
	}
	if (p == NULL) {
		size_t more = size + (ma_modes() & MODE_REDZONE ? REDZONE_BYTES : 0);
		p = due & 1u << SAMPLE_SITES && ma_options.sites > 1
			    ? ma_heap_alloc_block(heap, more, align, zero)
			    : ma_heap_alloc_aligned(heap, more, align, zero);
		if (p != NULL && ma_modes() & MODE_REDZONE)
			ma_redzone_set(p, size, usable_size(heap, p));
	}
	if (mode != NULL)
		ma_samples_lend(&mode->samples, &heap->slabs, size, align);
	if (p == NULL)
		return NULL;
	if (due & 1u << SAMPLE_SITES)
		keep_site(heap, p, size);
	if (ma_modes() & MODE_FILL) {
		memset(p, ma_options.fill == 1 ? FILL_NEW : (int)ma_options.fill, size);
		*zero = SIZE_MAX;
	}
	return p;
}

static enum heap_place free_entered(struct heap *heap, void *p);

static void free_aside(void *p)
{
	if (free_entered(ma_thread_own, p) == PLACE_STRANGE)
		ma_heap_report(p);
}

/* Only the outermost does: within, a heap may be half changed. */
void ma_mode_take(void)
{
	if (ma_busy == 1) /* still, so that what is put aside meanwhile is taken too */
		ma_signals_take(free_aside);
}

bool ma_mode_begin(void)
{
	if (ma_modes() & MODE_SIGNALS)
		ma_busy_begin();
	return ma_inside_enter();
}

void ma_mode_end(bool marked)
{
	if (marked)
		ma_inside_leave();
	if (ma_modes() & MODE_SIGNALS)
		ma_mode_leave();
}

/* Calls what the program has set, which may do all that it may elsewhere. */
static void call_limit(struct limit_call *call, size_t wanted)
{
	uintptr_t mark = ma_inside_let_out();

	call->function(call->held, wanted, call->arg);
	ma_inside_mark(mark);
	ma_limit_called();
}

void *ma_mode_alloc(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	struct limit_call call;
	bool calls;
	void *p;

	if (!ma_mode_enter())
		return NULL;
	p = alloc(heap, size, align, zero);
	if (p == NULL && ma_modes() & MODE_QUARANTINE) {
		ma_mode_flush();
		p = alloc(heap, size, align, zero);
	}
	calls = ma_modes() & MODE_LIMIT && ma_limit_calls(p == NULL, &call);
	ma_mode_leave();
	if (!calls)
		return p;
	call_limit(&call, p == NULL ? size : 0);
	if (p == NULL && ma_mode_enter()) { /* something may have been freed */
		p = alloc(heap, size, align, zero);
		ma_mode_leave();
	}
	return p;
}

static void site_freed(struct heap *heap, const void *p)
{
	if (ma_modes() & MODE_FREE_SITES)
		ma_sites_set_freed(p, stack_here(heap));
	else if (ma_modes() & MODE_SITES && ma_options.sites > 1)
		ma_sites_forget(p); /* what is there next may be unsampled */
	else if (ma_modes() & MODE_SITES)
		ma_sites_set_freed(p, 0);
}

/* Frees what was judged already; `slab` as ma_slab_of_used() told it. */
static void free_judged(struct heap *heap, struct slab *slab, void *p)
{
	if (MA_STATS || slab == NULL)
		ma_heap_free(heap, p);
	else if (ma_slab_push(slab, p) == SLAB_EVENT)
		ma_slab_event(&heap->slabs, &heap->blocks, slab);
}

/* Puts an object into quarantine, and frees what leaves it. */
static bool quarantine(struct heap *heap, void *p, size_t usable)
{
	struct mode_heap *mode = mode_of(heap);
	void *out;

	if (mode == NULL || !ma_quarantine_put(&mode->quarantine, p, usable))
		return false;
	while ((out = ma_quarantine_take(&mode->quarantine, false)) != NULL)
		free_judged(heap, ma_slab_of_used(&heap->slabs, out), out);
	return true;
}

static enum heap_place free_entered(struct heap *heap, void *p)
{
	enum heap_place place = PLACE_SLOT;
	struct slab *slab = ma_slab_of_used(&heap->slabs, p);
	size_t usable, size;

	if (slab == NULL && ma_guard_has(p)) {
		ma_guard_free(p, caller(heap));
		return PLACE_LARGE;
	}
	if (!(ma_modes() & MODES_AT_FREE)) {
		site_freed(heap, p);
		return ma_heap_free(heap, p);
	}
	usable = slab != NULL ? slab->slot_size : ma_heap_size(heap, p, &place);
	if (place == PLACE_STRANGE)
		return place;
	size = own_size(p, usable);
	site_freed(heap, p);
	if (ma_modes() & MODE_REDZONE && size == usable)
		ma_redzone_is_early(p, true);
	if (ma_modes() & MODE_QUARANTINE && quarantine(heap, p, usable))
		return place;
	if (ma_modes() & MODE_ZERO && place == PLACE_LARGE)
		ma_large_wipe(p, size);
	else if (ma_modes() & (MODE_FILL | MODE_ZERO))
		memset(p, ma_modes() & MODE_ZERO ? 0 : FILL_FREED, size);
	free_judged(heap, slab, p);
	return place;
}

enum heap_place ma_mode_free(struct heap *heap, void *p)
{
	enum heap_place place;

	if (!ma_mode_enter()) {
		ma_signals_put(p); /* without room it stays in use */
		return PLACE_SLOT;
	}
	place = free_entered(heap, p);
	ma_mode_leave();
	return place;
}

void ma_mode_flush(void)
{
	bool marked;
	void *out;

	if (!(ma_modes() & MODE_QUARANTINE))
		return;
	marked = ma_mode_begin();
	ma_lock(&flush_lock);
	for (struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next) {
		struct mode_heap *mode = ma_load_acquire(&heap->mode); /* pairs with mode_of() */
		while (mode != NULL && !heap->lost &&
		       (out = ma_quarantine_take(&mode->quarantine, true)) != NULL)
			ma_heap_free(ma_thread_own, out);
	}
	ma_unlock(&flush_lock);
	ma_mode_end(marked);
}

const char *ma_mode_audit(const void *p, size_t usable)
{
	const void *at;

	if (ma_modes() & MODE_QUARANTINE && ma_quarantine_has(p))
		return ma_quarantine_look(p, usable) != NULL ? "freed object that was written to" : NULL;
	if (!(ma_modes() & MODE_REDZONE) || ma_redzone_look(p, usable, &at) != SIZE_MAX ||
	    ma_redzone_is_early(p, false))
		return NULL;
	return "object that was written beyond its end";
}

static size_t size_entered(struct heap *heap, const void *p, enum heap_place *place)
{
	struct slab *slab = ma_slab_of_used(&heap->slabs, p);
	size_t usable;

	*place = PLACE_SLOT;
	if (slab == NULL && ma_guard_has(p)) {
		*place = PLACE_LARGE;
		return ma_guard_size(p);
	}
	usable = slab != NULL ? slab->slot_size : ma_heap_size(heap, p, place);
	return *place == PLACE_STRANGE ? usable : own_size(p, usable);
}

size_t ma_mode_size(struct heap *heap, const void *p, enum heap_place *place)
{
	size_t size;

	if (!ma_mode_enter()) {
		*place = PLACE_SLOT;
		return SIZE_MAX; /* nobody knows: what is asked of it, of sized frees, is not too much */
	}
	size = size_entered(heap, p, place);
	ma_mode_leave();
	return size;
}

/* Is its site known? Of all objects it is, of sampled ones only if they were taken. */
static bool has_site(const void *p)
{
	struct site site;

	return ma_modes() & MODE_SITES && (ma_options.sites == 1 || ma_sites_get(p, 0, &site));
}

bool ma_mode_minds(const void *p)
{
	return ma_modes() != 0 && (ma_modes() & ~(unsigned)(MODE_GUARD | MODE_SITES | MODE_LIMIT) ||
				   ma_guard_has(p) || has_site(p));
}

/* In place only where little is wasted, as ma_front_realloc() does without modes. */
static bool resize_entered(struct heap *heap, void *p, size_t size)
{
	enum heap_place place;
	size_t had = size_entered(heap, p, &place);
	bool redzone = ma_modes() & MODE_REDZONE;

	if (ma_guard_has(p))
		return size == had;
	if ((size < had / 2 && place == PLACE_SLOT) || (redzone && ma_redzone_is_early(p, false)))
		return false;
	if (!ma_heap_resize(heap, p, size + (redzone ? REDZONE_BYTES : 0)))
		return false;
	if (redzone)
		ma_redzone_set(p, size, usable_size(heap, p));
	if (has_site(p))
		keep_site(heap, p, size);
	return true;
}

bool ma_mode_resize(struct heap *heap, void *p, size_t size)
{
	bool done;

	if (!ma_mode_enter())
		return false;
	done = resize_entered(heap, p, size);
	ma_mode_leave();
	return done;
}

void ma_mode_own(void (*see)(const void *start, size_t size, void *arg), void *arg)
{
	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next)
		if (heap->mode != NULL)
			see(heap->mode, ma_round_up(sizeof(*heap->mode), ma_source_page()), arg);
}
