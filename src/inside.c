/* SPDX-License-Identifier: MIT */
/*
 * inside.c - what to make of the mark of a thread that calls: has a handler interrupted who set it, or is he gone?
 *
 * A handler that has interrupted a call runs on the same stack below it, or on the alternate one (sigaltstack(2)). Between
 * the two the kernel has put a signal frame, with the stack pointer of what was interrupted: somewhat below the mark, or the
 * mark itself. Which word of a stack may be that one, its neighbours tell: see saved_stack_pointer().
 *
 * Only what lies between here and the mark is read, or of the alternate stack, if the thread is on it; and of that no page
 * which can't be, as a coroutine's stack, on which the mark was set, may be gone.
 */
#include "inside.h"

#include <errno.h>
#include <signal.h>

#include "readable.h"
#include "signals.h"
#include "source.h"

/* A signal frame with all of its registers, and the frames of libma's own that were interrupted, take less. */
#define REACH ((uintptr_t)64 * 1024)

/* So far above the mark may the stack pointer have been while it was set: the rest of that function's frame. */
#define ABOVE ((uintptr_t)256)

#define WORD sizeof(uintptr_t)

#define UNCHECKED __attribute__((no_sanitize("address", "thread", "undefined")))

/* How a stack pointer lies in a signal frame; 0: the word at `at` is none. It looks at FRAME_WORDS words. */
#if defined __x86_64__
#define FRAME_WORDS 4
/* RSP, RIP, EFLAGS, CS with SS: user mode's, which are constants. */
UNCHECKED static uintptr_t saved_stack_pointer(const uintptr_t *at)
{
	return at[2] >> 22 == 0 && (at[3] & 0xffff) == 0x33 ? at[0] : 0;
}
#elif defined __i386__
#define FRAME_WORDS 12
/* ESP, EBX, EDX, ECX, EAX, two words about a trap, EIP, CS, EFLAGS, ESP once more, SS. */
UNCHECKED static uintptr_t saved_stack_pointer(const uintptr_t *at)
{
	return at[0] == at[10] && (at[8] & 3) == 3 && (at[11] & 3) == 3 ? at[0] : 0;
}
#elif defined __aarch64__
#define FRAME_WORDS 5
/* SP, PC, PSTATE, which says user mode, a word to align, the magic number of the floating-point registers. */
UNCHECKED static uintptr_t saved_stack_pointer(const uintptr_t *at)
{
	return (at[2] & 0x1f) == 0 && (uint32_t)at[4] == 0x46508001 ? at[0] : 0;
}
#else
#define FRAME_WORDS 0 /* not known */
static uintptr_t saved_stack_pointer(const uintptr_t *at)
{
	(void)at;
	return 0;
}
#endif

/* The stack pointer in the uppermost signal frame between `low` and `high`, which has interrupted what lies above on the
 * same stack; or, if `elsewhere`, on another one. 0: there is none. */
UNCHECKED static uintptr_t interrupted_at(uintptr_t low, uintptr_t high, bool elsewhere)
{
	uintptr_t readable = high; /* from here on */
	uintptr_t saved = 0;

	for (uintptr_t at = ma_round_down(high, WORD) - WORD; at >= low && saved == 0; at -= WORD) {
		if (at < readable && !ma_is_readable((const void *)at))
			break;
		readable = ma_min(readable, ma_round_down(at, ma_source_page()));
		if (high - at >= FRAME_WORDS * WORD)
			saved = saved_stack_pointer((const uintptr_t *)at);
		if ((saved - at <= high - at + ABOVE) == elsewhere)
			saved = 0;
	}
	return saved;
}

static uintptr_t at_most_reach(uintptr_t low, uintptr_t high)
{
	return high - low > REACH ? high - REACH : low;
}

/* Was who set the mark interrupted by the handler that calls here? */
static bool is_interrupted(uintptr_t here, uintptr_t mark)
{
	stack_t alternate = {.ss_size = 0};
	uintptr_t low, size;
	bool there, marked_there;

	if (sigaltstack(NULL, &alternate) != 0)
		return true;
	low = (uintptr_t)alternate.ss_sp;
	size = alternate.ss_size;
	there = (alternate.ss_flags & SS_ONSTACK) != 0;
	marked_there = mark - low < size;
	if (FRAME_WORDS == 0)
		return there != marked_there ? there : here < mark;
	if (there && !marked_there) {
		here = interrupted_at(at_most_reach(ma_max(here, low), low + size), low + size, true);
		if (here == 0 || here > mark + ABOVE)
			return false;
		if (here > mark - REACH)
			return true;
	}
	return (there || !marked_there) && here < mark &&
	       interrupted_at(at_most_reach(here, mark), mark, false) != 0;
}

/* Who set the mark is gone. If that was a fast path, counts may be wrong; if it was any other change of the heap, of blocks
 * above all, nobody knows what it has come to. */
static void forget(uintptr_t here)
{
	ma_inside_mark(here);
	if (ma_busy_interrupted != 0) {
		ma_signals_interrupted_still(); /* mends that itself */
	} else if (ma_busy != 0) {
		ma_busy = 0;
	} else {
		ma_signals_recount(ma_thread_own);
	}
}

void ma_inside_settle(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), mark = ma_thread_front.inside;

	if (mark == 0 || is_interrupted(here, mark))
		return;
	forget(here);
	ma_inside_leave();
}

unsigned ma_inside_begin_slow(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), mark = ma_thread_front.inside;
	int saved = errno;
	bool again = mark != 0 && is_interrupted(here, mark);

	if (mark != 0 && !again)
		forget(here);
	errno = saved;
	if (!again && !ma_inside_locks()) {
		ma_inside_mark(here);
		return 0;
	}
	if (!again)
		ma_inside_leave();
	return 1 + ma_signals_interrupt(0, here + ABOVE);
}

void ma_inside_end_slow(unsigned call)
{
	ma_signals_resume(call - 1);
}
