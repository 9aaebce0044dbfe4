/* SPDX-License-Identifier: MIT */
/*
 * redzone.h - a few bytes behind each object that nobody may write to, looked at when it is freed or resized, and by
 * ma_check().
 *
 *     |<------------------------- usable bytes ------------------------->|
 *     +-------------------------------+-------------------------+--------+
 *     | what was asked for            | pattern, 64 bytes of it | trailer|
 *     +-------------------------------+-------------------------+--------+
 *
 * The trailer tells the size that was asked for: it is that times an odd number, hidden under a keyed hash of the
 * address. So no other eight bytes there tell a size that the object can have.
 *
 * Objects that were there before redzones were turned on have none: they are *early*, and known one by one.
 */
#ifndef MA_REDZONE_H
#define MA_REDZONE_H

#include "base.h"

/* What a redzone adds to the size asked for, at least. */
#define REDZONE_BYTES sizeof(uint64_t)

/* Writes the redzone of an object of `size` bytes, `usable` with it. */
void ma_redzone_set(void *p, size_t size, size_t usable);

/* The size that was asked for. SIZE_MAX: the redzone was overwritten, and `*at` is where, the first byte of it. */
size_t ma_redzone_look(const void *p, size_t usable, const void **at);

/* Before any redzone is written: `p` is there already. Called in the order of addresses. */
void ma_redzone_add_early(const void *p);

/* Is it early? `leaving`: and never asked for again, as it is being freed. */
bool ma_redzone_is_early(const void *p, bool leaving);

#endif /* MA_REDZONE_H */
