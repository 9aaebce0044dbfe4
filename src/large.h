/* SPDX-License-Identifier: MIT */
/*
 * large.h - objects too big for a chunk: a mapping each, grown by mremap, and a cache of freed ones.
 *
 * Any thread may call anything here: one lock guards the table, and no system call is made under it but to
 * enlarge that.
 */
#ifndef MA_LARGE_H
#define MA_LARGE_H

#include "atomic.h"
#include "base.h"

/* From this size on objects are large. */
#define LARGE_MIN ((size_t)2 * 1024 * 1024)

/* One mapping, as ma_large_after() shows it. */
struct large_place {
	char *start;
	size_t size; /* bytes, whole OS pages, all of them usable */
	bool free;   /* waits in the cache */
};

/* Maps `size` bytes aligned to `align`. `*zero`: they are known to be zero. NULL: out of memory. */
void *ma_large_alloc(size_t size, size_t align, bool *zero);

/* Frees the object that starts at `p`; false if none does. */
bool ma_large_free(void *p);

/* Usable bytes of the object that starts at `p`; 0 if none does. */
size_t ma_large_size(const void *p);

/* Resizes in place, or by moving pages, never by copying. NULL: it can't, and nothing changed. */
void *ma_large_resize(void *p, size_t size, bool may_move);

/* Clears the first `size` bytes of the object that starts at `p`. */
void ma_large_clear(void *p, size_t size);

/* The same for memory that was in use, most of which may be resident, or may never have been touched. */
void ma_large_wipe(void *p, size_t size);

/* Does any mapping wait in the cache? For who would ask for ma_large_age(), without the lock: small programs shall not touch
 * this layer's code. */
extern MA_SHARED(bool) ma_large_waits;

/* Gives back cached mappings that have waited for long by `now`, in milliseconds. */
void ma_large_age(uint64_t now);

/* Gives back all cached mappings; returns how many bytes. */
size_t ma_large_trim(void);

/* Is `p` the start of an OS page that waits in the cache? Then a large object was freed there, whose mapping may have been
 * joined with others since. For reports. */
bool ma_large_is_cached(const void *p);

/* The object, or the cached mapping, that `p` lies in; false if in none. For reports. */
bool ma_large_around(const void *p, struct large_place *place);

/* Bytes in use, and bytes in the cache. */
void ma_large_count(size_t *used, size_t *cached, size_t *objects);

/* The mapping with the lowest address above `after` (NULL: of all); false if there is none. */
bool ma_large_after(const void *after, struct large_place *place);

/* Calls `see` for each object and each cached mapping, in no order. The caller holds the lock by
 * ma_large_lock_all(). */
void ma_large_each(void (*see)(const struct large_place *place, void *arg), void *arg);

/* Calls `see` for each piece of memory in which this layer keeps the objects' addresses. */
void ma_large_own(void (*see)(const void *start, size_t size, void *arg), void *arg);

/* Around fork, and while all is looked at. ma_large_try_lock() does not wait. */
bool ma_large_try_lock(void);
void ma_large_lock_all(void);
void ma_large_unlock_all(void);

#endif /* MA_LARGE_H */
