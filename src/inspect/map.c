/* SPDX-License-Identifier: MIT */
/*
 * map.c - the heap map as text. One character is one cell of 4 KiB; a cell shows what most of it is:
 *
 *   .  free        #  block in use       +  blocks and free mixed
 *   0 to 9         slab, by how full it is: 0 means under 10 %, 9 over 90 %
 *   _  room in a slab that is not carved yet
 */
#include <string.h>

#include "heap.h"
#include "inspect.h"
#include "large.h"
#include "ma.h"
#include "text.h"

#define CELL ((size_t)4096)
#define CELLS (MA_WINDOW / CELL)
#define ROW 64

/* What lies in each cell of a chunk, in bytes. */
struct cells {
	uint16_t used[CELLS], free[CELLS], slot_used[CELLS], slot_free[CELLS], uncarved[CELLS];
	const char *base; /* the window's start */
};

static void add(struct cells *cells, uint16_t *kind, const char *from, size_t size)
{
	size_t at = (size_t)(from - cells->base), end = at + size;

	while (at < end) {
		size_t cell = at / CELL, upto = ma_min((cell + 1) * CELL, end);
		kind[cell] = (uint16_t)(kind[cell] + (upto - at));
		at = upto;
	}
}

struct map {
	struct cells cells;
	struct text text;
	const void *chunk; /* whose cells these are; NULL: none yet */
	const char *end;
	unsigned heap;
};

static char cell_char(const struct cells *cells, size_t i)
{
	size_t slots = (size_t)cells->slot_used[i] + cells->slot_free[i], used = cells->used[i];
	size_t free = cells->free[i];

	if (slots + cells->uncarved[i] > used + free) {
		if (cells->uncarved[i] > slots)
			return '_';
		return (char)('0' + ma_min(cells->slot_used[i] * 10 / slots, 9));
	}
	if (used > 0 && free > 0)
		return '+';
	return used > 0 ? '#' : '.';
}

static void print_chunk(struct map *map)
{
	size_t first = (size_t)((const char *)map->chunk - map->cells.base) / CELL;
	size_t last = (size_t)(map->end - map->cells.base + CELL - 1) / CELL;

	if (map->chunk == NULL)
		return;
	ma_text_string(&map->text, "chunk ");
	ma_text_address(&map->text, map->chunk);
	ma_text_string(&map->text, ", ");
	ma_text_size(&map->text, (size_t)(map->end - (const char *)map->chunk));
	ma_text_string(&map->text, ", heap ");
	ma_text_decimal(&map->text, map->heap);
	for (size_t i = first; i < last; i++) {
		if ((i - first) % ROW == 0)
			ma_text_string(&map->text, "\n  ");
		ma_text_char(&map->text, cell_char(&map->cells, i));
	}
	ma_text_char(&map->text, '\n');
	map->chunk = NULL;
}

static void begin_chunk(struct map *map, const struct ma_place *place)
{
	const struct chunk *chunk = place->chunk;

	print_chunk(map);
	memset(&map->cells, 0, sizeof(map->cells));
	map->cells.base = (const char *)ma_round_down((uintptr_t)chunk, MA_WINDOW);
	map->chunk = chunk;
	map->end = ma_chunk_end(chunk);
	map->heap = place->heap;
	add(&map->cells, map->cells.used, (const char *)chunk, sizeof(*chunk));
}

static int map_place(const struct ma_place *place, void *arg)
{
	struct map *map = arg;
	const char *at = place->address;

	if (place->kind == MA_LARGE_USED || place->kind == MA_LARGE_FREE) {
		print_chunk(map);
		ma_text_string(&map->text, place->kind == MA_LARGE_USED ? "large " : "cached ");
		ma_text_address(&map->text, at);
		ma_text_string(&map->text, ", ");
		ma_text_size(&map->text, place->size);
		ma_text_char(&map->text, '\n');
		return 0;
	}
	if (place->chunk != map->chunk)
		begin_chunk(map, place);
	switch (place->kind) {
	case MA_BLOCK_USED:
		add(&map->cells, map->cells.used, at, place->size);
		break;
	case MA_BLOCK_FREE:
		add(&map->cells, map->cells.free, at, place->size);
		break;
	case MA_BLOCK_SLAB:
		add(&map->cells, map->cells.uncarved, at, place->size);
		break;
	default: /* a slot: it is carved */
		add(&map->cells, place->kind == MA_SLOT_USED ? map->cells.slot_used : map->cells.slot_free,
		    at, place->size);
		for (size_t cell = (size_t)(at - map->cells.base) / CELL;
		     cell <= (size_t)(at + place->size - 1 - map->cells.base) / CELL; cell++) {
			size_t carved = (size_t)map->cells.slot_used[cell] + map->cells.slot_free[cell];
			map->cells.uncarved[cell] = (uint16_t)(CELL - ma_min(carved, CELL));
		}
	}
	return 0;
}

void ma_inspect_print_map(int fd)
{
	struct map map;
	struct heap_summary sum;

	memset(&map, 0, sizeof(map));
	ma_text_begin(&map.text, fd);
	ma_text_string(&map.text, "libma heap map: one character is 4 KiB.  # block in use  . free  + both\n"
				  "0-9 slab, tenths of it in use  _ slab, not carved yet\n");
	ma_walk(map_place, &map);
	print_chunk(&map);
	ma_inspect_summary(&sum);
	ma_text_string(&map.text, "in use ");
	ma_text_size(&map.text, sum.used_bytes);
	ma_text_string(&map.text, " in ");
	ma_text_decimal(&map.text, sum.used_blocks + sum.used_slots);
	ma_text_string(&map.text, " objects, held ");
	ma_text_size(&map.text, sum.chunk_bytes);
	ma_text_string(&map.text, ", large ");
	ma_text_size(&map.text, sum.large_bytes);
	ma_text_string(&map.text, ", largest free block ");
	ma_text_size(&map.text, sum.largest_free);
	ma_text_char(&map.text, '\n');
	ma_text_flush(&map.text);
}
