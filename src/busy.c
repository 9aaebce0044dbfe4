/* SPDX-License-Identifier: MIT */
/* busy.c - owns the mark of a thread that is inside libma, and tells where it is. */
#include "busy.h"

#include "root.h"

MA_THREAD_LOCAL volatile unsigned ma_busy;
MA_THREAD_LOCAL volatile unsigned ma_busy_interrupted;

/* From a thread's pointer, which is a register, to its mark; the same for all threads, as the mark is among the variables
 * that are there from the start. 0: not known, on this machine. */
static ptrdiff_t distance;
MA_ROOT(busy, distance);

void ma_busy_start(void)
{
#if MA_THREADS && defined __x86_64__
	uintptr_t pointer;

	__asm__("mov %%fs:0, %0" : "=r"(pointer)); /* the first word that it points to is itself */
	distance = (ptrdiff_t)((uintptr_t)&ma_busy - pointer);
#elif MA_THREADS && defined __aarch64__
	distance = (ptrdiff_t)((uintptr_t)&ma_busy - (uintptr_t)__builtin_thread_pointer());
#endif
}
