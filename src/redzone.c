/* SPDX-License-Identifier: MIT */
/* redzone.c - owns the layout of redzones, and the list of early objects: an array in the order of addresses. */
#include "redzone.h"

#include <string.h>

#include "atomic.h"
#include "source.h"

#define PATTERN 0xbd
#define PATTERN_MOST 64

static MA_SHARED(uintptr_t) *early; /* the lowest bit is set once it is freed */
static size_t early_count, early_room;

static uint64_t key_of(const void *p)
{
	static uint64_t secret; /* every writer writes the same */

	if (secret == 0)
		secret = ma_source_secret();
	return (secret ^ (uintptr_t)p) * MA_HASH;
}

void ma_redzone_set(void *p, size_t size, size_t usable)
{
	uint64_t word = key_of(p) ^ (uint64_t)size * MA_HASH;
	char *trailer = (char *)p + usable - sizeof(word);

	memset((char *)p + size, PATTERN, ma_min(usable - sizeof(word) - size, PATTERN_MOST));
	memcpy(trailer, &word, sizeof(word));
}

size_t ma_redzone_look(const void *p, size_t usable, const void **at)
{
	const unsigned char *trailer = (const unsigned char *)p + usable - sizeof(uint64_t), *byte, *end;
	uint64_t word, size;

	memcpy(&word, trailer, sizeof(word));
	size = (word ^ key_of(p)) * MA_UNHASH;
	*at = trailer;
	if (size > usable - sizeof(word))
		return SIZE_MAX;
	byte = (const unsigned char *)p + size;
	end = byte + ma_min((size_t)(trailer - byte), PATTERN_MOST);
	for (; byte < end; byte++)
		if (*byte != PATTERN) {
			*at = byte;
			return SIZE_MAX;
		}
	return (size_t)size;
}

void ma_redzone_add_early(const void *p)
{
	size_t bytes = early_room * sizeof(*early);

	if (early_count == early_room) {
		size_t more = bytes == 0 ? ma_source_page() : 2 * bytes;
		MA_SHARED(uintptr_t) *list = ma_source_map(more, MA_UNIT);
		if (list == NULL)
			ma_fatal("no memory for the list of early objects", NULL);
		for (size_t i = 0; i < early_count; i++)
			ma_store_relaxed(&list[i], ma_load_relaxed(&early[i]));
		if (bytes != 0)
			ma_source_unmap((void *)(uintptr_t)early, bytes);
		early = list;
		early_room = more / sizeof(*early);
	}
	ma_store_relaxed(&early[early_count++], (uintptr_t)p);
}

bool ma_redzone_is_early(const void *p, bool leaving)
{
	size_t low = 0, high = early_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if ((ma_load_relaxed(&early[middle]) & ~(uintptr_t)1) < (uintptr_t)p)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == early_count ||
	    ma_load_relaxed(&early[low]) != (uintptr_t)p) /* the object's own thread asks */
		return false;
	if (leaving)
		ma_store_relaxed(&early[low], (uintptr_t)p | 1);
	return true;
}
