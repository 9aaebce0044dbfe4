/* SPDX-License-Identifier: MIT */
/*
 * mode_short.h - the short way through the modes that see every call, for the usual one of them: redzones, clearing and a
 * sample of guarded objects (what hardened=1 asks for), and a small object that is a slot of this thread's.
 *
 * It does what mode.c would, in the same order, with the pointer judged once, the size known from the slab, and nothing
 * called: inlined into front.c's slow paths, as the fast paths are into each entry. Whatever is not usual it declines, with
 * nothing done, and mode.c does it all: no ready slot, a sample's turn, a signal handler that has interrupted libma,
 * another thread's memory, a block, a redzone that was written to, an early object.
 *
 * MODE_SHORT tells that there is such a way; see mode.c for when. Safe in threads as the fast paths are: a thread uses
 * its own heap alone.
 */
#ifndef MA_MODE_SHORT_H
#define MA_MODE_SHORT_H

#include <string.h>

#include "heap.h"
#include "mode.h"
#include "quarantine.h"
#include "redzone.h"
#include "sample.h"
#include "signals.h"
#include "thread.h"
#include "unwind.h"

/* What the modes keep for a heap; see mode.c. */
struct mode_heap {
	struct samples samples; /* first: the quick way counts here */
	struct unwind_memos memos;
	struct quarantine quarantine;
};

/* Keeps the site of a slot that was taken; the registers are of a place inside libma. */
void ma_mode_keep_site(uintptr_t pc, uintptr_t sp, uintptr_t fp, struct mode_heap *mode, const void *p,
		       size_t size);

/* As ma_mode_enter() and ma_mode_leave(), where a call must say so; false: declined. */
MA_INLINE bool ma_short_enter(unsigned modes)
{
	if (!(modes & MODE_SIGNALS))
		return true;
	if (ma_busy != 0 || ma_load_relaxed(&ma_signals_any))
		return false;
	ma_busy_begin();
	return true;
}

MA_INLINE void ma_short_leave(unsigned modes)
{
	if (modes & MODE_SIGNALS)
		ma_busy_end();
}

/* Usable bytes of the slot for an object of `size`, redzone and all. */
MA_INLINE size_t ma_short_usable(unsigned modes, size_t size)
{
	size_t more = size + (modes & MODE_REDZONE ? REDZONE_BYTES : 0);

	return more == 0 ? MA_UNIT : ma_round_up(more, MA_UNIT);
}

MA_INLINE void *ma_short_take(unsigned modes, size_t size)
{
	struct heap *heap = ma_thread_own;
	struct mode_heap *mode = ma_load_relaxed(&heap->mode); /* only its owner writes it */
	size_t usable;
	char *p;

	if (size > REDZONE_SLOT_MAX - REDZONE_BYTES || mode == NULL || !ma_samples_pass(&mode->samples))
		return NULL;
	usable = ma_short_usable(modes, size);
	p = ma_slab_pop(ma_slab_current(&heap->slabs, (unsigned)(usable / MA_UNIT - 1)));
	if (MA_UNLIKELY(p == NULL))
		return NULL;
	ma_samples_count(&mode->samples);
	if (MA_STATS)
		ma_heap_count_alloc(heap, size, usable);
	if (modes & MODE_REDZONE)
		ma_redzone_set_slot(p, size, usable);
	if (modes & MODE_SITES) {
		struct unwind_registers here;
		ma_unwind_here(&here);
		ma_mode_keep_site(here.pc, here.sp, here.fp, mode, p, size);
	}
	return p;
}

/* NULL: declined. */
MA_INLINE void *ma_short_alloc(unsigned modes, size_t size)
{
	void *p;

	if (!ma_short_enter(modes))
		return NULL;
	p = ma_short_take(modes, size);
	ma_short_leave(modes);
	return p;
}

/* These are for who has entered. */

/* The slab of a slot of this thread's that is in use, with the size of the object; NULL: declined. */
MA_INLINE struct slab *ma_short_look(unsigned modes, const void *p, size_t *size)
{
	struct slab *slab = ma_slab_of_used(&ma_thread_own->slabs, p);

	if (MA_UNLIKELY(slab == NULL || slab->slot_size > REDZONE_SLOT_MAX ||
			modes & (MODE_QUARANTINE | MODE_SITES)))
		return NULL;
	*size = slab->slot_size;
	return !(modes & MODE_REDZONE) || ma_redzone_look_slot(p, *size, size) ? slab : NULL;
}

/* Clears whole units, 512 bytes at most, without a call. */
MA_INLINE void ma_short_clear(char *p, size_t size)
{
	char *end = p + size;

	for (; p + 2 * MA_UNIT <= end; p += 2 * MA_UNIT)
		memset(p, 0, 2 * MA_UNIT);
	if (p < end)
		memset(p, 0, MA_UNIT);
}

/* As ma_front_push(), where ma_short_look() told the slab. The slot is pushed first, while all that was judged is known
 * still; its list words are no secret. */
MA_INLINE enum slab_push ma_short_free(unsigned modes, struct slab *slab, void *p)
{
	size_t usable = slab->slot_size;
	enum slab_push result = ma_slab_push(slab, p);

	if (modes & MODE_ZERO) {
		memset((char *)p + sizeof(struct slot), 0, MA_UNIT - sizeof(struct slot));
		ma_short_clear((char *)p + MA_UNIT, usable - MA_UNIT);
	}
	if (MA_STATS && result == SLAB_PUSHED)
		ma_heap_count_free(ma_thread_own, usable);
	return result;
}

/* Resizes an object of `had` bytes, which ma_short_look() told the slab of, in place; false: it has to move. */
MA_INLINE bool ma_short_resize(unsigned modes, const struct slab *slab, void *p, size_t had, size_t size)
{
	if (size > slab->slot_size || ma_short_usable(modes, size) > slab->slot_size || size < had / 2)
		return false;
	if (modes & MODE_REDZONE)
		ma_redzone_set(p, size, slab->slot_size);
	return true;
}

#endif /* MA_MODE_SHORT_H */
