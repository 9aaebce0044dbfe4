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
 * The trailer tells where the object ends: that address and a secret, times an odd number. So no other eight bytes there
 * tell an end that the object can have, and those of another object don't either.
 *
 * Objects that were there before redzones were turned on have none: they are *early*, and known one by one.
 */
#ifndef MA_REDZONE_H
#define MA_REDZONE_H

#include <string.h>

#include "base.h"

/* What a redzone adds to the size asked for, at least. */
#define REDZONE_BYTES sizeof(uint64_t)

/* Writes the redzone of an object of `size` bytes, `usable` with it. */
void ma_redzone_set(void *p, size_t size, size_t usable);

/* The size that was asked for. SIZE_MAX: the redzone was overwritten, and `*at` is where, the first byte of it. */
size_t ma_redzone_look(const void *p, size_t usable, const void **at);

/* Bytes of the pattern. */
#define REDZONE_BYTE 0xbd
#define REDZONE_WORD (REDZONE_BYTE * UINT64_C(0x0101010101010101))
#define REDZONE_PATTERN_MOST 64

/* Usable sizes up to this are whole units apart, so that no more than 15 bytes of pattern lie in a slot of the least
 * class that holds an object: two words, which may overlap. The functions of slots below are for these alone. */
#define REDZONE_SLOT_MAX ((size_t)512)

/* Makes the trailers secret. Before the first is written. */
void ma_redzone_start(void);

extern uint64_t ma_redzone_secret;

MA_INLINE uint64_t ma_redzone_trailer(const void *p, size_t size)
{
	return (ma_redzone_secret + (uintptr_t)p + size) * MA_HASH;
}

/* What a trailer says of the size; more than the object can have, if it is none. */
MA_INLINE uint64_t ma_redzone_told(const void *p, uint64_t trailer)
{
	return trailer * MA_UNHASH - ma_redzone_secret - (uintptr_t)p;
}

/* The bits of a word that its first `bytes` bytes in memory have, of which there are 15 at most; all from eight on. */
MA_INLINE uint64_t ma_redzone_mask(size_t bytes)
{
	unsigned half = (unsigned)bytes * 4; /* twice, as a shift by 64 is none */

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ~(UINT64_MAX << half << half)
							 : ~(UINT64_MAX >> half >> half);
}

/* The second word of a pattern of up to 15 bytes before a trailer, as a distance from the object: the last one, or, where
 * there is no whole one, the first. */
MA_INLINE size_t ma_redzone_second(size_t size, size_t trailer)
{
	return ma_max(size, trailer - sizeof(uint64_t));
}

/* ma_redzone_set(), in a slot. */
MA_INLINE void ma_redzone_set_slot(char *p, size_t size, size_t usable)
{
	const uint64_t pattern = REDZONE_WORD, word = ma_redzone_trailer(p, size);
	size_t trailer = usable - sizeof(word);

	memcpy(p + size, &pattern, sizeof(pattern));
	memcpy(p + ma_redzone_second(size, trailer), &pattern, sizeof(pattern));
	memcpy(p + trailer, &word, sizeof(word));
}

/* ma_redzone_look(), in a slot: false if there is no sound redzone of up to 15 bytes; ma_redzone_look() knows more. */
MA_INLINE bool ma_redzone_look_slot(const char *p, size_t usable, size_t *size)
{
	size_t trailer = usable - sizeof(uint64_t), slack;
	uint64_t word, first, second, told;

	memcpy(&word, p + trailer, sizeof(word));
	told = ma_redzone_told(p, word);
	slack = trailer - (size_t)told;
	if (MA_UNLIKELY(slack >= MA_UNIT || told > trailer))
		return false;
	*size = (size_t)told;
	memcpy(&first, p + told, sizeof(first));
	memcpy(&second, p + ma_redzone_second(told, trailer), sizeof(second));
	return (((first ^ REDZONE_WORD) | (second ^ REDZONE_WORD)) & ma_redzone_mask(slack)) == 0;
}

/* Before any redzone is written: `p` is there already. Called in the order of addresses. */
void ma_redzone_add_early(const void *p);

/* Is it early? `leaving`: and never asked for again, as it is being freed. */
bool ma_redzone_is_early(const void *p, bool leaving);

#endif /* MA_REDZONE_H */
