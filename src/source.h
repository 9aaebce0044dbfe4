/* SPDX-License-Identifier: MIT */
/*
 * source.h - where memory comes from: the only layer that makes system calls for memory. Tests link a
 * scripted twin of source.c that refuses, or moves the break, when it is told to.
 *
 * Every function is safe in threads but the two that move the break, whose caller holds the chunk lock.
 * None changes errno unless it fails to give memory, when errno is ENOMEM.
 */
#ifndef MA_SOURCE_H
#define MA_SOURCE_H

#include "base.h"

/* What the system was asked for, in calls. */
struct source_calls {
	uint64_t brk, map, unmap, remap, advise;
};

/* Bytes in an OS page: a power of two. */
size_t ma_source_page(void);

/* A number that differs from process to process. */
uint64_t ma_source_secret(void);

/* True while moving the break can't race with the C library's own malloc: see rule 1 of the design in
 * docs/architecture.md. */
bool ma_source_break_is_safe(void);

/* Called by the preload library: libma is this process's malloc, so nobody else moves the break unasked. */
void ma_source_own_break(void);

/* The most bytes that this process ever had resident. */
size_t ma_source_peak_resident(void);

/* The end of the data segment now; NULL if there is none. */
char *ma_source_break(void);

/* Grows the break by `size` bytes of zeroed memory. Returns its start, which lies beyond the old break if
 * somebody else moved it, or NULL. */
char *ma_source_break_grow(size_t size);

/* Gives back the last `size` bytes below `top`; false, and nothing done, if the break isn't at `top`. */
bool ma_source_break_shrink(char *top, size_t size);

/* Maps `size` bytes of zeroed memory (a multiple of the OS page), aligned to `align` (a power of two). `name` is what
 * /proc/PID/maps shows it as, if the system can: "[anon:libma heap]". */
void *ma_source_map_named(size_t size, size_t align, const char *name);

/* The same for what libma needs for itself. */
MA_INLINE void *ma_source_map(size_t size, size_t align)
{
	return ma_source_map_named(size, align, "libma data");
}

void ma_source_unmap(void *start, size_t size);

/* Makes a mapping larger where it is, or, with an `align` that is not 0, moves its pages to where there is room, aligned if
 * that can be had. NULL: nothing changed. What the system keeps as several mappings can't be had larger. */
void *ma_source_remap(void *start, size_t old_size, size_t new_size, size_t align);

/* Makes the OS pages that hold [from, to) resident, all in one call: a fraction of the cost of a fault each. */
void ma_source_populate(char *from, char *to);

/* Gives back the whole OS pages inside [from, to), which read as zero from then on. Returns how many
 * bytes; none if the system refuses, as it does of memory that is locked (mlock(2)). */
size_t ma_source_purge(char *from, char *to);

/* Asks for huge pages in a region, or forbids them. */
void ma_source_huge(void *start, size_t size, bool wanted);

/* Asks for huge pages in a new region, which is zero. The first one is made resident at once, and timed: false, and no others are
 * asked for, if it took so long that small ones had been better. */
bool ma_source_take_huge(void *start, size_t size);

/* Are there any to be had, and worth their time? The process, or who started it, may have refused them: PR_SET_THP_DISABLE of
 * prctl(2). Or the last one that was timed took long, less than a second ago. */
bool ma_source_has_huge(void);

/* Refuses them for the whole process, and for those that it starts. */
void ma_source_refuse_huge(void);

/* Tells which of `pages` OS pages from `start` on are resident, a byte for each, whose lowest bit counts. False:
 * the system does not say. */
bool ma_source_resident_pages(const char *start, size_t pages, unsigned char *resident);

/* Address space that nobody may touch; NULL if there is none. */
void *ma_source_reserve(size_t size);

/* Opens whole OS pages of it; and closes them again, so that they keep what they hold, or are zero when they are opened
 * next. False: nothing changed. */
bool ma_source_open(void *start, size_t size);
void ma_source_close(void *start, size_t size, bool keep);

struct source_calls ma_source_calls(void);

#endif /* MA_SOURCE_H */
