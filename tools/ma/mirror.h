/* SPDX-License-Identifier: MIT */
/*
 * mirror.h - another process's memory at the addresses where it lies there, copied page by page as it is read; see
 * mirror.c. There is one mirror in a process, and no way back: it is made in a child.
 */
#ifndef MA_MIRROR_H
#define MA_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target.h"

/* How an access to the mirror ended that could not be served. */
enum mirror_fault {
	MIRROR_SOUND,
	MIRROR_STRAY, /* it was to memory that the process does not have, or the readers gave up */
	MIRROR_STUCK, /* the readers took far too long */
	MIRROR_GONE,  /* the process has ended */
};

/* Makes room for all memory that the process has and the mirror does not know yet. False: this process has something
 * there itself. */
bool mirror_reserve(const struct mappings *mappings);

/* Nearly all will be read: what is copied for a read is a large piece in any case. */
void mirror_expect_all(void);

/* From here on it is a snapshot that is read, or the process itself again. */
void mirror_of_snapshot(bool snapshot);

/* Calls `read(arg)`, which may read the mirror: what it touches is copied. It may take so many seconds of processor
 * time, and, if `most_us` is not 0, so many microseconds. Returns how that ended. */
enum mirror_fault mirror_read(pid_t pid, void (*read)(void *), void *arg, unsigned seconds, uint64_t most_us);

/* Readers may be ended at any moment, but not in act(arg). It does not read the mirror. */
void mirror_undisturbed(void (*act)(void *arg), void *arg);

/* realloc() for readers. `pointer` is the address of the pointer to what has another size then. */
void mirror_realloc(void *pointer, size_t size);

/* Tells of the process's pages from `start` on which are backed by memory now: a byte for each. False: it is not
 * known. */
bool mirror_resident(uintptr_t start, size_t pages, unsigned char *resident);

/* Whether the page at `at` was copied. */
bool mirror_has(uintptr_t at);

/* The next mirror_renew() leaves out the pages of [start, end); or none, after all. */
void mirror_keep(uintptr_t start, uintptr_t end);
void mirror_keep_none(void);

/* How many bytes it would copy. */
size_t mirror_due_bytes(void);

/* Copies all that was ever touched once more. The process stands still. False: it has ended. */
bool mirror_renew(pid_t pid);

/* Bytes in the mirror, and how many of them came since the last mirror_renew(). */
size_t mirror_bytes(void);
size_t mirror_late_bytes(void);

#endif /* MA_MIRROR_H */
