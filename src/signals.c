/* SPDX-License-Identifier: MIT */
/* signals.c - takes a thread's heap away and gives it back, and owns the places for what handlers have freed. */
#include "signals.h"

#include <signal.h>

#include "thread.h"

static MA_SHARED(void *) place[SIGNALS_ASIDE];
MA_SHARED(bool) ma_signals_any; /* set behind each put, so that to find nothing is one look */

/* What a thread had before a handler interrupted it. Not on the handler's stack: it may be left by longjmp(3), and what was
 * there be written over. */
struct interruption {
	struct heap *heap, *own;
	unsigned busy;
	uintptr_t low, high; /* the part of a stack that the handler runs on */
};

/* By level, ma_busy_interrupted of them. More than these are not told apart: for the innermost there is no difference. */
#define LEVELS 4
static MA_THREAD_LOCAL struct interruption interruption[LEVELS];

/* An entry is complete before it counts: another handler may come at any moment. */
unsigned ma_signals_interrupt(uintptr_t low, uintptr_t high)
{
	unsigned level = ma_busy_interrupted;

	if (level >= LEVELS)
		return level;
	interruption[level] = (struct interruption){ma_thread_heap, ma_thread_own, ma_busy, low, high};
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	ma_busy_interrupted = level + 1;
	ma_busy_begin(); /* what was interrupted is still half done */
	ma_thread_heap = ma_thread_own = &ma_heap_none;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return level;
}

/* What the handler has begun and left by longjmp(3) into itself ends here too. */
static void give_back(const struct interruption *had)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	ma_busy = had->busy;
	ma_thread_heap = had->heap;
	ma_thread_own = had->own;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	ma_busy_interrupted = (unsigned)(had - interruption);
}

void ma_signals_resume(unsigned level)
{
	if (level < LEVELS)
		give_back(&interruption[level]);
}

/* No handler comes in between: one that left too would leave counts behind that nobody knows to be wrong. */
void ma_signals_recount(struct heap *heap)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	ma_busy_begin();
	ma_heap_recount(heap);
	ma_busy_end();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* What a handler calls lies below it on its stack: one that lies elsewhere has been left, and so was what it had
 * interrupted. If that was a fast path its counts may be wrong; if it was any other change of the heap, of blocks above all,
 * nobody knows what it has come to, and the heap may be found damaged. */
bool ma_signals_interrupted_still(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	unsigned level;

	while ((level = ma_busy_interrupted) != 0) {
		const struct interruption *latest = &interruption[level - 1];
		if (here >= latest->low && here < latest->high)
			return true;
		give_back(latest);
		if (latest->busy == 0)
			ma_signals_recount(latest->own);
		ma_busy = level == 1 ? 0 : latest[-1].busy + 1;
	}
	return false;
}

bool ma_signals_put(void *p)
{
	bool done = false;

	for (unsigned i = 0; i < SIGNALS_ASIDE && !done; i++) {
		void *none = NULL;
		if (ma_load_relaxed(&place[i]) == NULL)
			done = ma_cas_acq_rel(&place[i], &none, p); /* pairs with ma_signals_take() */
	}
	ma_store_release(&ma_signals_any, true);
	return done;
}

void ma_signals_take(void (*release)(void *p))
{
	while (ma_load_relaxed(&ma_signals_any)) {
		ma_store_relaxed(&ma_signals_any, false); /* first: a handler may come at any moment */
		for (unsigned i = 0; i < SIGNALS_ASIDE; i++) {
			void *p = ma_load_relaxed(&place[i]);
			if (p != NULL)
				p = ma_swap_acquire(&place[i], NULL); /* pairs with ma_signals_put() */
			if (p != NULL)
				release(p);
		}
	}
}
