/* SPDX-License-Identifier: MIT */
/*
 * map.c - ma_heap_map(). It writes what it sees as it goes, and keeps no more than one chunk's worth of it, so that it
 * needs no memory of any size. Pictures are made of its JSON by the command `ma draw`, outside the process.
 */
#include "map.h"

#include <errno.h>
#include <string.h>

#include "inspect.h"
#include "mode.h"
#include "pins.h"

void ma_map_used_slots(const struct slab *slab, uint64_t bitmap[MAP_MOST_SLOTS / 64])
{
	memset(bitmap, 0, MAP_MOST_SLOTS / 8);
	ma_slab_mark_free(slab, bitmap);
	for (uint32_t i = 0; i < MAP_MOST_SLOTS / 64; i++) {
		uint32_t carved = slab->carved > i * 64 ? slab->carved - i * 64 : 0;
		bitmap[i] = ~bitmap[i] & (carved >= 64 ? UINT64_MAX : (UINT64_C(1) << carved) - 1);
	}
}

bool ma_map_is_free(const struct chunk *chunk, const struct mem_block *block)
{
	return block->state == BLOCK_FREE || block->state == BLOCK_WAITING ||
	       (block->state == BLOCK_USED && ma_slab_block_is_free(chunk, ma_block_payload(block)));
}

static void each_slot(const struct slab *slab, void (*see)(const void *object, size_t usable, void *arg),
		      void *arg)
{
	uint64_t used[MAP_MOST_SLOTS / 64];

	ma_map_used_slots(slab, used);
	for (uint32_t i = 0; i < slab->carved; i++)
		if ((used[i / 64] >> (i % 64) & 1) != 0)
			see(slab->start + (size_t)i * slab->slot_size, slab->slot_size, arg);
}

void ma_map_each(struct chunk *chunk, void (*see)(const void *object, size_t usable, void *arg), void *arg)
{
	const struct mem_block *block = ma_block_first(chunk);
	const char *end = ma_chunk_end(chunk);

	for (; (const char *)block < end && ma_block_is_sound(block); block = ma_block_right(block)) {
		const struct slab *slab = ma_pins_slab(chunk, block);
		if (slab != NULL)
			each_slot(slab, see, arg);
		else if (!ma_map_is_free(chunk, block))
			see(ma_block_payload(block), ma_block_size(block), arg);
	}
}

int ma_heap_map(int fd, enum ma_format format)
{
	struct text text;
	bool marked;

	if (format != MA_TEXT && format != MA_JSON) {
		errno = EINVAL;
		return -1;
	}
	ma_text_begin(&text, fd);
	marked = ma_mode_begin();
	if (format == MA_TEXT)
		ma_map_write_text(&text);
	else
		ma_map_write_json(&text);
	ma_mode_end(marked);
	return ma_text_end(&text);
}
