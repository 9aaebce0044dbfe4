/* SPDX-License-Identifier: MIT */
/* pattern.h - contents that tell objects apart: a pattern that depends on a seed and on the place in the object. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t pattern_word(uint64_t seed, size_t place)
{
	return (seed + place) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

static inline void pattern_fill(void *at, size_t size, uint64_t seed)
{
	unsigned char *p = at;
	uint64_t word;
	size_t place = 0;

	for (; size - place >= sizeof(word); place += sizeof(word)) {
		word = pattern_word(seed, place);
		memcpy(p + place, &word, sizeof(word));
	}
	word = pattern_word(seed, place);
	memcpy(p + place, &word, size - place);
}

static inline bool pattern_holds(const void *at, size_t size, uint64_t seed)
{
	const unsigned char *p = at;
	uint64_t word, found;
	size_t place = 0;

	for (; size - place >= sizeof(word); place += sizeof(word)) {
		word = pattern_word(seed, place);
		memcpy(&found, p + place, sizeof(found));
		if (found != word)
			return false;
	}
	word = pattern_word(seed, place);
	return memcmp(p + place, &word, size - place) == 0;
}

/* Are all bytes zero? */
static inline bool pattern_is_zero(const void *at, size_t size)
{
	const unsigned char *p = at;

	return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}

#endif /* PATTERN_H */
