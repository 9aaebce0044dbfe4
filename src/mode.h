/* SPDX-License-Identifier: MIT */
/*
 * mode.h - the modes: what options like `fill` ask to be done around every allocation and free.
 *
 * The hot path has no modes. A mode that has to see every call hides the heaps from the fast paths (see thread.h),
 * so that all calls come to front.c's slow ones; these test ma_modes(), and call here instead of into the heap. Sites
 * need the allocations only. Modes that take a sample hide nothing, but a class whose turn it is (see sample.h).
 * While no mode is on, that test on the slow paths is all that modes cost. mode_short.h has a short way for the usual call.
 *
 * `heap` is the caller's own, from ma_thread_own.
 */
#ifndef MA_MODE_H
#define MA_MODE_H

#include "busy.h"
#include "heap.h"
#include "signals.h"

enum {
	MODE_FILL = 1,	       /* new memory and freed memory get a pattern */
	MODE_ZERO = 2,	       /* freed memory is cleared */
	MODE_SITES = 4,	       /* where objects were allocated is kept */
	MODE_FREE_SITES = 8,   /* and where they were freed */
	MODE_GUARD = 16,       /* some objects, or all, are guarded */
	MODE_LIMIT = 32,       /* the program wants to be told of limits; this may come at any time */
	MODE_REDZONE = 64,     /* bytes behind each object are watched */
	MODE_QUARANTINE = 128, /* freed objects are kept back */
	MODE_SIGNALS = 256,    /* any signal handler may allocate and free: see signals.h */

	MODE_SHORT = 512, /* there is a short way for small objects: see mode_short.h */
};

/* MODE_... or'ed; read by anyone. All but MODE_LIMIT are set before main(). */
extern MA_SHARED(unsigned) ma_mode_bits;

MA_INLINE unsigned ma_modes(void)
{
	return ma_load_relaxed(&ma_mode_bits);
}

/* Once the options are read: turns on what they ask for. `entries` are the functions that lead here; see unwind.h. */
void ma_mode_start(void (*const *entries)(void), size_t count);

/* As ma_set_limit(), whose arguments were checked. */
void ma_mode_limit(size_t soft, size_t hard, void (*function)(size_t held, size_t wanted, void *arg),
		   void *arg);

/* ma_heap_alloc_aligned(), ma_heap_free() and ma_heap_size() with what the modes do. */
void *ma_mode_alloc(struct heap *heap, size_t size, size_t align, size_t *zero);
enum heap_place ma_mode_free(struct heap *heap, void *p);
size_t ma_mode_size(struct heap *heap, const void *p, enum heap_place *place);

/* Is resizing `p` the modes' business? If so, ma_mode_resize() does it; false: it would have to move. */
bool ma_mode_minds(const void *p);
bool ma_mode_resize(struct heap *heap, void *p, size_t size);

/* Is this a call from a signal handler that has interrupted libma? */
MA_INLINE bool ma_mode_refuses(void)
{
	return ma_signals_interrupted() || (MA_UNLIKELY(ma_modes() & MODE_SIGNALS) && ma_busy != 0);
}

/* Around every change of a heap. False: refused; else ma_mode_leave() is to follow. */
MA_INLINE bool ma_mode_enter(void)
{
	if (ma_mode_refuses())
		return false;
	ma_busy_begin();
	return true;
}

/* Frees what handlers have put aside. */
void ma_mode_take(void);

MA_INLINE void ma_mode_leave(void)
{
	if (MA_UNLIKELY(ma_load_relaxed(&ma_signals_any))) /* a hint: whoever leaves next asks again */
		ma_mode_take();
	ma_busy_end();
}

/* Around all that reads the heaps: what handlers call is refused meanwhile. They nest; the second is given what the first
 * has returned. */
bool ma_mode_begin(void);
void ma_mode_end(bool marked);

/* Frees what is in quarantine, of all threads. */
void ma_mode_flush(void);

/* What is wrong with a live object of `usable` bytes, or one in quarantine; NULL: nothing. */
const char *ma_mode_audit(const void *p, size_t usable);

/* Calls `see` for each piece of memory that the modes keep for a heap. */
void ma_mode_own(void (*see)(const void *start, size_t size, void *arg), void *arg);

#endif /* MA_MODE_H */
