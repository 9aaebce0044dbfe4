/* SPDX-License-Identifier: MIT */
/*
 * guard.h - objects on OS pages of their own, between pages that may not be touched: who reaches beyond such an object,
 * or for it when it is freed, is stopped on the very instruction, and told which object it is.
 *
 *     the area: address space reserved at start
 *     ... | guard page | pages of one object              | guard page | pages of the next ...
 *                      | fill ............ object | fill  |
 *
 * An object stands at the end of its pages, as far as its alignment allows, or at their start if the option
 * `guard_low` says so. What it leaves of them is filled with a pattern that is looked at as it is freed.
 *
 * Pages are taken in turns through all of the area, so those of a freed object stay untouchable for as long as they
 * can. Any thread may call anything here; one lock guards the area.
 */
#ifndef MA_GUARD_H
#define MA_GUARD_H

#include "base.h"

/* How a stack is had: only if an object is to be had, too. */
struct guard_caller {
	uint32_t stack;	 /* see stacks.h */
	uint32_t thread; /* see ma_thread_number() */
};

/* Reserves the area, for a few sampled objects or as many as can be, and takes over SIGSEGV and SIGBUS inside it. False:
 * there is no address space. */
bool ma_guard_start(bool all, bool low);

/* Is this address in the area? Then only functions here know about it. */
bool ma_guard_has(const void *p);

/* Takes an object. NULL: there is no room for it, and it has to be an ordinary one. */
void *ma_guard_alloc(size_t size, size_t align, struct guard_caller by);

/* Frees the object that starts at `p`; is fatal if none does, or if its surroundings were written to. */
void ma_guard_free(void *p, struct guard_caller by);

/* Bytes of the object that starts at `p`; is fatal if none does. */
size_t ma_guard_size(const void *p);

/* An object in use. */
struct guarded {
	const char *start;
	size_t size;	 /* bytes asked for */
	size_t resident; /* bytes of its pages */
	uint32_t stack;	 /* that allocated it; 0: not known */
	uint32_t thread;
	uint64_t time; /* of that, as ma_clock_ms() has it */
};

/* Calls `see` for each, in address order. For readers: no lock is taken. */
void ma_guard_each(void (*see)(const struct guarded *guarded, void *arg), void *arg);

/* Calls `see` for the memory that the records take, where the objects' addresses are kept. */
void ma_guard_own(void (*see)(const void *start, size_t size, void *arg), void *arg);

/* The area's extent; its size is 0 without one. */
size_t ma_guard_area(const void **start);

/* Around fork. */
void ma_guard_lock_all(void);
void ma_guard_unlock_all(void);

#endif /* MA_GUARD_H */
