/* SPDX-License-Identifier: MIT */
/* redzone.c - owns the layout of redzones, and the list of early objects: an array in the order of addresses. */
#include "redzone.h"

#include "atomic.h"
#include "source.h"

static MA_SHARED(uintptr_t) *early; /* the lowest bit is set once it is freed */
static size_t early_count, early_room;

uint64_t ma_redzone_secret;

void ma_redzone_start(void)
{
	ma_redzone_secret = ma_source_secret();
}

void ma_redzone_set(void *p, size_t size, size_t usable)
{
	uint64_t word = ma_redzone_trailer(p, size);
	char *trailer = (char *)p + usable - sizeof(word);

	memset((char *)p + size, REDZONE_BYTE, ma_min(usable - sizeof(word) - size, REDZONE_PATTERN_MOST));
	memcpy(trailer, &word, sizeof(word));
}

/* Are `length` bytes the pattern, with eight bytes more behind them? */
static bool is_pattern(const unsigned char *at, size_t length)
{
	uint64_t word;

	for (; length >= sizeof(word); at += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		if (word != REDZONE_WORD)
			return false;
	}
	memcpy(&word, at, sizeof(word));
	return ((word ^ REDZONE_WORD) & ma_redzone_mask(length)) == 0;
}

size_t ma_redzone_look(const void *p, size_t usable, const void **at)
{
	const unsigned char *trailer = (const unsigned char *)p + usable - sizeof(uint64_t), *byte;
	uint64_t word, size;

	memcpy(&word, trailer, sizeof(word));
	size = ma_redzone_told(p, word);
	*at = trailer;
	if (size > usable - sizeof(word))
		return SIZE_MAX;
	byte = (const unsigned char *)p + size;
	if (is_pattern(byte, ma_min((size_t)(trailer - byte), REDZONE_PATTERN_MOST)))
		return (size_t)size;
	while (byte < trailer && *byte == REDZONE_BYTE)
		byte++;
	*at = byte;
	return SIZE_MAX;
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
	/* The object's own thread asks. */
	if (low == early_count || ma_load_relaxed(&early[low]) != (uintptr_t)p)
		return false;
	if (leaving)
		ma_store_relaxed(&early[low], (uintptr_t)p | 1);
	return true;
}
