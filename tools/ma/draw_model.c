/* SPDX-License-Identifier: MIT */
/* draw_model.c - a heap map as structs, read from its JSON, and as cells of any size. */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "draw.h"
#include "file.h"
#include "message.h"

/* Of a map or film as text; as values it takes some ten times as much. */
#define MOST_TEXT ((size_t)1 << 30)

void *draw_allocate(size_t count, size_t size)
{
	void *p = calloc(count == 0 ? 1 : count, size);

	if (p == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	return p;
}

/* --- reading --- */

static struct draw_block read_block(const struct json *json, const struct json_value *value)
{
	const struct json_value *element = json_child(json, value);
	struct draw_block block = {.kind = element != NULL && element->length > 0 ? *element->text : '?'};
	uint32_t *const numbers[] = {&block.bytes,  &block.slot_size, &block.slots,
				     &block.carved, &block.used,      &block.first};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		element = json_next(json, element);
		*numbers[i] = (uint32_t)json_number(element);
	}
	element = json_next(json, element);
	if (element != NULL) {
		block.bits = element->text;
		block.bits_length = element->length;
	}
	return block;
}

static struct draw_chunk read_chunk(const struct json *json, const struct json_value *value)
{
	const struct json_value *resident = json_member(json, value, "resident");
	const struct json_value *blocks = json_member(json, value, "blocks"),
				*block = json_child(json, blocks);
	struct draw_chunk chunk = {
		.address = json_number(json_member(json, value, "address")),
		.size = json_number(json_member(json, value, "size")),
		.header = json_number(json_member(json, value, "header")),
		.heap = json_number(json_member(json, value, "heap")),
		.resident = resident == NULL ? "" : resident->text,
		.resident_length = resident == NULL ? 0 : resident->length,
		.blocks = json_count(json, blocks),
		.value = value,
	};
	const struct json_value *sites = json_member(json, value, "sites");
	uint64_t end = chunk.header;

	if (sites != NULL && sites->type == JSON_STRING) {
		chunk.sites = sites->text;
		chunk.sites_length = sites->length;
	}
	chunk.block = draw_allocate(chunk.blocks, sizeof *chunk.block);
	for (size_t i = 0; i < chunk.blocks; i++, block = json_next(json, block)) {
		chunk.block[i] = read_block(json, block);
		end += chunk.block[i].bytes;
	}
	if (chunk.header > chunk.size || end > chunk.size || chunk.size > (uint64_t)1 << 30)
		chunk.size = chunk.header = chunk.blocks = 0; /* no map of ours: nothing of it is believed */
	return chunk;
}

static void read_larges(struct draw_map *map)
{
	const struct json *json = &map->json;
	const struct json_value *value = json_member(json, &json->value[1], "large"), *free;

	map->large = draw_allocate(json_count(json, value), sizeof *map->large);
	for (value = json_child(json, value); value != NULL; value = json_next(json, value)) {
		struct draw_large *large = &map->large[map->larges++];

		free = json_member(json, value, "free");
		large->address = json_number(json_member(json, value, "address"));
		large->size = json_number(json_member(json, value, "size"));
		large->resident = json_number(json_member(json, value, "resident"));
		large->free = free != NULL && free->type == JSON_TRUE;
		large->site = draw_site_of(map, value, &large->age);
	}
}

static void read_guarded(struct draw_map *map)
{
	const struct json *json = &map->json;
	const struct json_value *value = json_member(json, &json->value[1], "guarded");

	map->guarded = draw_allocate(json_count(json, value), sizeof *map->guarded);
	for (value = json_child(json, value); value != NULL; value = json_next(json, value)) {
		struct draw_guarded *guarded = &map->guarded[map->guardeds++];

		guarded->address = json_number(json_member(json, value, "address"));
		guarded->size = json_number(json_member(json, value, "size"));
		guarded->held = json_number(json_member(json, value, "held"));
		guarded->resident = json_number(json_member(json, value, "resident"));
		guarded->site = draw_site_of(map, value, &guarded->age);
	}
}

static bool read_map(struct draw_map *map, const char **text, const char *end)
{
	const struct json_value *whole, *stats, *value;
	size_t i = 0;

	map->text = *text;
	json_read(&map->json, text, end);
	map->length = (size_t)(*text - map->text);
	if (map->json.fault != NULL)
		return false;
	whole = &map->json.value[1];
	if (json_number(json_member(&map->json, whole, "libma_map")) != 1)
		return false;
	stats = json_member(&map->json, whole, "stats");
	map->time_ms = json_number(json_member(&map->json, whole, "time_ms"));
	map->page = json_number(json_member(&map->json, whole, "page"));
	if (map->page == 0)
		map->page = 4096;
	map->process = json_number(json_member(&map->json, stats, "process"));
	map->used = json_number(json_member(&map->json, stats, "used_bytes"));
	map->resident = json_number(json_member(&map->json, stats, "resident_bytes"));
	map->held = json_number(json_member(&map->json, stats, "break_bytes")) +
		    json_number(json_member(&map->json, stats, "mapped_bytes")) +
		    json_number(json_member(&map->json, stats, "large_bytes")) +
		    json_number(json_member(&map->json, stats, "cached_bytes"));
	value = json_member(&map->json, whole, "chunks");
	map->chunks = json_count(&map->json, value);
	map->chunk = draw_allocate(map->chunks, sizeof *map->chunk);
	for (value = json_child(&map->json, value); value != NULL; value = json_next(&map->json, value))
		map->chunk[i++] = read_chunk(&map->json, value);
	draw_sites_read(map);
	read_larges(map);
	read_guarded(map);
	return true;
}

static void free_map(struct draw_map *map)
{
	for (size_t i = 0; i < map->chunks; i++)
		free(map->chunk[i].block);
	free(map->chunk);
	free(map->large);
	free(map->guarded);
	draw_sites_free(map);
	json_free(&map->json);
}

static _Noreturn void fail_no_map(const char *file)
{
	fail(EXIT_OWN_FAILURE, "'%s' is no heap map in JSON, as --map=FILE.json writes it", file);
}

static char *read_file(const char *name, size_t *length)
{
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	char *text, *quoted;
	int first;

	if (file == NULL)
		fail(EXIT_OWN_FAILURE, "can't read '%s': %s", name, strerror(errno));
	first = getc(file);
	if (first != EOF && first != '{' && !isspace(first))
		fail_no_map(name); /* the rest of it may have no end */
	ungetc(first, file);
	quoted = text_format("'%s'", name);
	text = file_read(file, quoted, MOST_TEXT, length);
	free(quoted);
	if (file != stdin)
		fclose(file);
	return text;
}

struct draw_film draw_read(const char *file)
{
	size_t length;
	struct draw_film film = {.text = read_file(file, &length)};
	const char *at = film.text, *end = at + length;

	while (at < end) {
		film.map = realloc(film.map, (film.maps + 1) * sizeof *film.map);
		if (film.map == NULL)
			fail(EXIT_OWN_FAILURE, "out of memory");
		film.map[film.maps] = (struct draw_map){0};
		if (!read_map(&film.map[film.maps], &at, end)) {
			/* Of a film whose last map is not whole yet, or any more, the others can be shown. */
			free_map(&film.map[film.maps]);
			break;
		}
		film.maps++;
	}
	if (film.maps == 0)
		fail_no_map(file);
	return film;
}

void draw_free(struct draw_film *film)
{
	for (size_t i = 0; i < film->maps; i++)
		free_map(&film->map[i]);
	free(film->map);
	free(film->text);
	*film = (struct draw_film){0};
}

/* --- cells --- */

/* Bit `n` of what is in base64. */
static bool bit(const char *base64, size_t length, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static signed char value[256];
	size_t byte = n / 8, at = byte / 3 * 4;
	unsigned bits;

	if (value['B'] == 0)
		for (int i = 0; i < 64; i++)
			value[(unsigned char)digits[i]] = (signed char)i;
	if (at + 3 >= length)
		return false;
	bits = (unsigned)value[(unsigned char)base64[at]] << 18 |
	       (unsigned)value[(unsigned char)base64[at + 1]] << 12 |
	       (unsigned)value[(unsigned char)base64[at + 2]] << 6 |
	       (unsigned)value[(unsigned char)base64[at + 3]];
	return (bits >> (16 - 8 * (byte % 3)) >> (n % 8) & 1) != 0;
}

enum { CELL_USED, CELL_RESIDENT, CELL_GONE, CELL_SLOT, CELL_FREE_SLOT, CELL_UNCARVED, CELL_KINDS };

struct cell {
	uint32_t bytes[CELL_KINDS];
};

struct grid {
	const struct draw_map *map;
	const struct draw_chunk *chunk;
	struct cell *cells;
	uint64_t cell, shift; /* of the chunk's start in its first cell */
};

static void add(struct grid *grid, unsigned kind, uint64_t from, uint64_t size)
{
	uint64_t at = from + grid->shift, end = at + size;

	while (at < end) {
		uint64_t next = (at / grid->cell + 1) * grid->cell;
		uint64_t upto = next < end ? next : end;

		grid->cells[at / grid->cell].bytes[kind] += (uint32_t)(upto - at);
		at = upto;
	}
}

static void add_free(struct grid *grid, uint64_t from, uint64_t size)
{
	uint64_t page = grid->map->page, shift = grid->chunk->address % page, end = from + size;

	while (from < end) {
		uint64_t number = (from + shift) / page, next = (number + 1) * page - shift;
		uint64_t upto = next < end ? next : end;
		bool resident = bit(grid->chunk->resident, grid->chunk->resident_length, number);

		add(grid, resident ? CELL_RESIDENT : CELL_GONE, from, upto - from);
		from = upto;
	}
}

static void add_slab(struct grid *grid, const struct draw_block *block, uint64_t from)
{
	uint64_t carved = block->first + (uint64_t)block->carved * block->slot_size;

	if (carved > block->bytes || block->used > block->carved)
		return; /* no map of ours */
	if (block->bits == NULL) {
		uint64_t used = (uint64_t)block->used * block->slot_size;

		add(grid, CELL_SLOT, from + block->first, used);
		add(grid, CELL_FREE_SLOT, from + block->first + used, carved - block->first - used);
	} else {
		for (uint32_t i = 0; i < block->carved; i++)
			add(grid, bit(block->bits, block->bits_length, i) ? CELL_SLOT : CELL_FREE_SLOT,
			    from + block->first + (uint64_t)i * block->slot_size, block->slot_size);
	}
	add(grid, CELL_UNCARVED, from + carved, block->bytes - carved);
}

static char character(const struct cell *cell)
{
	uint32_t slots = cell->bytes[CELL_SLOT] + cell->bytes[CELL_FREE_SLOT];
	uint32_t used = cell->bytes[CELL_USED], free = cell->bytes[CELL_RESIDENT] + cell->bytes[CELL_GONE];

	if (slots + cell->bytes[CELL_UNCARVED] > used + free) {
		uint32_t tenth = slots == 0 ? 0 : (uint32_t)((uint64_t)cell->bytes[CELL_SLOT] * 10 / slots);

		if (cell->bytes[CELL_UNCARVED] > slots)
			return '_';
		return (char)('0' + (tenth > 9 ? 9 : tenth));
	}
	if (used > 0)
		return free > 0 ? '+' : '#';
	return cell->bytes[CELL_RESIDENT] > 0 ? ':' : '.';
}

size_t draw_cells(const struct draw_map *map, const struct draw_chunk *chunk, uint64_t cell, char *characters)
{
	struct grid grid = {.map = map, .chunk = chunk, .cell = cell, .shift = chunk->address % cell};
	size_t count = (size_t)((grid.shift + chunk->size + cell - 1) / cell);
	uint64_t at = chunk->header;

	grid.cells = draw_allocate(count, sizeof *grid.cells);
	add(&grid, CELL_USED, 0, chunk->header);
	for (size_t i = 0; i < chunk->blocks; i++) {
		const struct draw_block *block = &chunk->block[i];

		if (block->kind == 's')
			add_slab(&grid, block, at);
		else if (block->kind == 'f')
			add_free(&grid, at, block->bytes);
		else
			add(&grid, CELL_USED, at, block->bytes);
		at += block->bytes;
	}
	for (size_t i = 0; i < count; i++)
		characters[i] = character(&grid.cells[i]);
	free(grid.cells);
	return count;
}

const char *draw_bytes(uint64_t bytes)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	static char text[4][32];
	static unsigned turn;
	char *to = text[turn++ % 4];
	double value = (double)bytes;
	unsigned power = 0;

	while (value >= 1023.95 && power < 4) {
		value /= 1024;
		power++;
	}
	snprintf(to, sizeof text[0], power == 0 ? "%.0f %s" : "%.1f %s", value, unit[power]);
	return to;
}
