/* SPDX-License-Identifier: MIT */
/*
 * inside.h - is a thread in one of the ma_ functions? For signal handlers of programs that are linked to libma.
 *
 * The preload library is told of every signal before the program's handler is, and so costs its fast paths nothing (see
 * signals.h). In a linked program nobody tells: there each public function marks its thread as long as it runs. A call that
 * finds the mark is one of a handler's that has interrupted another: it takes the thread's heap away until it ends, as the
 * preload library does until the handler ends, and so is refused an allocation, and frees by the remote lists.
 *
 * The mark is an address in the frame of who has set it. So it tells what is left of it when a handler has left by
 * siglongjmp(3): if the stack ends above it, or none of the kernel's signal frames lies between here and there, nobody is
 * there any more. That is looked for only when a mark is found. It errs on the side of refusing: what is left of a signal
 * frame may lie in a local array that was not written to yet, below a frame that calls still.
 *
 * The functions that libma puts in the place of the C library's do not mark: the C library may call them out of libma.
 */
#ifndef MA_INSIDE_H
#define MA_INSIDE_H

#include "base.h"
#include "busy.h"
#include "thread.h"

MA_INLINE void ma_inside_mark(uintptr_t stack)
{
	ma_thread_front.inside = stack;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

MA_INLINE bool ma_inside_is(void)
{
	return ma_thread_front.inside != 0;
}

/* Does the thread hold a lock of libma's, without a mark? It does where fork takes them. What a handler in the preload library finds that
 * has interrupted libma is another matter, and known to be one. */
MA_INLINE bool ma_inside_locks(void)
{
	return MA_UNLIKELY(ma_busy != 0) && ma_busy_interrupted == 0;
}

/* Marks the thread. False: it is. */
MA_INLINE bool ma_inside_enter(void)
{
	if (MA_UNLIKELY(ma_inside_is()))
		return false;
#if defined __x86_64__
	__asm__ volatile("mov %%rsp, %0" : "=m"(ma_thread_front.inside));
#elif defined __i386__
	__asm__ volatile("mov %%esp, %0" : "=m"(ma_thread_front.inside));
#elif defined __aarch64__
	uintptr_t stack;
	__asm__ volatile("mov %0, sp" : "=r"(stack));
	ma_thread_front.inside = stack;
#else
	ma_thread_front.inside = (uintptr_t)__builtin_frame_address(0);
#endif
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return true;
}

MA_INLINE void ma_inside_leave(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	ma_thread_front.inside = 0;
}

/* Takes a mark off whose owner is gone, before locks are taken: later it would look as if he had been inside. */
void ma_inside_settle(void);

/* The same for who can't say yet whether the call is a handler's. What they return is for ma_inside_end(). */
unsigned ma_inside_begin_slow(void);
void ma_inside_end_slow(unsigned call);

/* Around all that a public function does, if no fast path has marked the thread. */
MA_INLINE unsigned ma_inside_begin(void)
{
	if (ma_inside_locks() || !ma_inside_enter())
		return ma_inside_begin_slow();
	return 0;
}

MA_INLINE void ma_inside_end(unsigned call)
{
	if (MA_UNLIKELY(call != 0))
		ma_inside_end_slow(call);
	else
		ma_inside_leave();
}

/* Around a call of the program's own: it may do all that it may elsewhere. */
MA_INLINE uintptr_t ma_inside_let_out(void)
{
	uintptr_t mark = ma_thread_front.inside;

	ma_inside_leave();
	return mark;
}

#endif /* MA_INSIDE_H */
