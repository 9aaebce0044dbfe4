/* SPDX-License-Identifier: MIT */
/*
 * sites.h - what is known of an object beyond where it lies: its site. That is the call stack that allocated it, the
 * size that was asked for, the thread, the time, and, once it is freed, the stack that did that.
 *
 * Sites are kept while the option `sites` is on (see mode.h), in a side table that is found from the address: 16
 * bytes for each 16 of address space, of which only those that stand for an object's first unit are written. So a
 * site costs no search and no lock, and is the business of the thread that holds the object.
 *
 * A site outlives its object, until another object begins at the same address.
 */
#ifndef MA_SITES_H
#define MA_SITES_H

#include "base.h"

struct site {
	uint32_t stack;	 /* where it was allocated, for ma_stacks_frames(); 0: not known */
	uint32_t freed;	 /* where it was freed; 0: it is alive, or that is not known */
	bool alive;	 /* false: freed since */
	uint32_t thread; /* the kernel's number (gettid) of the thread that allocated it */
	uint64_t time;	 /* of that, in milliseconds as ma_clock_ms() has them, to 64 of them */
	size_t size;	 /* bytes asked for */
};

/* Are sites kept? */
bool ma_sites_on(void);

/* The site of the object that starts at `p` and has `usable` bytes. False: none is known. */
bool ma_sites_get(const void *p, size_t usable, struct site *site);

/* Milliseconds from the time of a site to `now`, as ma_clock_ms() has it. */
uint64_t ma_sites_age(const struct site *site, uint64_t now);

/* Keeps the site of an object that has just been allocated, or resized in place; and of one that is about to be
 * freed. Stack 0 is "not known". */
void ma_sites_set(const void *p, uint32_t stack, uint32_t thread, size_t size);
void ma_sites_set_freed(const void *p, uint32_t stack);

/* From here on nothing is known of what starts at `p`. */
void ma_sites_forget(const void *p);

/* Calls `see` for each piece of memory that the sites take. */
void ma_sites_own(void (*see)(const void *start, size_t size, void *arg), void *arg);

/* From here on sites are kept. */
void ma_sites_start(void);

#endif /* MA_SITES_H */
