/* SPDX-License-Identifier: MIT */
/*
 * draw_html.c - heap maps as one page: draw_page.html, with the JSON of each map in it.
 *
 * A page is to stay under 20 MB. If the maps are larger, they are told in less detail: first without the bits of
 * slots, so that a slab has its shade but not its slots; then as cells of 4 KiB, run-length encoded; then with every
 * second map of the film left out, and so on.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "draw.h"
#include "message.h"

#define MOST_BYTES ((size_t)18 << 20)
#define MARK "<!-- FRAMES -->"

static const char *const page[] = {
#include "draw_page.h"
};

enum detail { DETAIL_ALL, DETAIL_NO_SLOTS, DETAIL_CELLS };

/* JSON inside a script may not look like the end of it: only a string can hold such a character. */
static void write_text(const char *text, size_t length, FILE *out)
{
	for (const char *end = text + length; text < end;) {
		const char *less = memchr(text, '<', (size_t)(end - text));
		size_t plain = (size_t)((less == NULL ? end : less) - text);

		fwrite(text, 1, plain, out);
		if (less != NULL)
			fputs("\\u003c", out);
		text += plain + (less != NULL);
	}
}

/* A member of an object as it stands in the text. */
static void write_member(const struct draw_map *map, const struct json_value *object, const char *name,
			 const char *before, FILE *out)
{
	const struct json_value *value = json_member(&map->json, object, name);
	bool string;

	if (value == NULL)
		return;
	string = value->type == JSON_STRING;
	fprintf(out, "%s\"%s\":%s", before, name, string ? "\"" : "");
	if (value->type == JSON_TRUE || value->type == JSON_FALSE)
		fputs(value->type == JSON_TRUE ? "true" : "false", out);
	else
		write_text(value->text, value->length, out);
	fputs(string ? "\"" : "", out);
}

static void write_blocks(const struct draw_chunk *chunk, FILE *out)
{
	fputs(",\"blocks\":[", out);
	for (size_t i = 0; i < chunk->blocks; i++) {
		const struct draw_block *block = &chunk->block[i];

		if (i > 0)
			putc(',', out);
		if (block->kind == 's')
			fprintf(out, "[\"slab\",%u,%u,%u,%u,%u,%u]", block->bytes, block->slot_size,
				block->slots, block->carved, block->used, block->first);
		else
			fprintf(out, "[\"%s\",%u]", block->kind == 'f' ? "free" : "used", block->bytes);
	}
	putc(']', out);
}

/* Runs of cells: each a character and how often it stands there. The first cell is that of the chunk's address. */
static void write_cells(const struct draw_map *map, const struct draw_chunk *chunk, FILE *out)
{
	char *cells = malloc((size_t)(chunk->size / 4096) + 2);
	size_t count, end;

	if (cells == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	count = draw_cells(map, chunk, 4096, cells);
	fputs(",\"cells\":\"", out);
	for (size_t i = 0; i < count; i = end) {
		for (end = i; end < count && cells[end] == cells[i];)
			end++;
		fprintf(out, "%c,%zu;", cells[i], end - i);
	}
	putc('"', out);
	free(cells);
}

static void write_map(const struct draw_map *map, enum detail detail, FILE *out)
{
	static const char *const of_chunk[] = {"size", "header", "heap", "on_break", "huge", "resident"};
	const struct json_value *whole = &map->json.value[1];

	if (detail == DETAIL_ALL) {
		write_text(map->text, map->length, out);
		return;
	}
	write_member(map, whole, "libma_map", "{", out);
	write_member(map, whole, "time_ms", ",", out);
	write_member(map, whole, "page", ",", out);
	write_member(map, whole, "stats", ",", out);
	fputs(",\"chunks\":[", out);
	for (size_t i = 0; i < map->chunks; i++) {
		const struct draw_chunk *chunk = &map->chunk[i];

		fputs(i == 0 ? "" : ",", out);
		write_member(map, chunk->value, "address", "{", out);
		for (size_t j = 0; j < sizeof of_chunk / sizeof of_chunk[0]; j++)
			if (detail != DETAIL_CELLS || strcmp(of_chunk[j], "resident") != 0)
				write_member(map, chunk->value, of_chunk[j], ",", out);
		if (detail == DETAIL_CELLS)
			write_cells(map, chunk, out);
		else
			write_blocks(chunk, out);
		putc('}', out);
	}
	putc(']', out);
	write_member(map, whole, "large", ",", out);
	write_member(map, whole, "pins", ",", out);
	putc('}', out);
}

static void write_frames(const struct draw_film *film, enum detail detail, size_t step, FILE *out)
{
	for (size_t i = (film->maps - 1) % step; i < film->maps;
	     i += step) { /* the last one is always there */
		const struct draw_map *map = &film->map[i];

		fprintf(out,
			"<script type=\"application/json\" class=\"frame\" data-time=\"%llu\" data-held=\"%llu\" "
			"data-resident=\"%llu\" data-used=\"%llu\">\n",
			(unsigned long long)map->time_ms, (unsigned long long)map->held,
			(unsigned long long)map->resident, (unsigned long long)map->used);
		write_map(map, detail, out);
		fputs("</script>\n", out);
	}
}

/* The frames in as much detail as there is room for. */
static char *frames_that_fit(const struct draw_film *film, size_t *size)
{
	enum detail detail = DETAIL_ALL;
	size_t step = 1;

	for (;;) {
		char *text = NULL;
		FILE *out = open_memstream(&text, size);

		if (out == NULL)
			fail(EXIT_OWN_FAILURE, "out of memory");
		write_frames(film, detail, step, out);
		if (fclose(out) != 0)
			fail(EXIT_OWN_FAILURE, "out of memory");
		if (*size <= MOST_BYTES || (detail == DETAIL_CELLS && step >= film->maps))
			return text;
		free(text);
		if (detail < DETAIL_CELLS)
			detail++;
		else
			step *= 2;
	}
}

void draw_html(const struct draw_film *film, FILE *out)
{
	size_t size;
	char *frames = frames_that_fit(film, &size);

	for (size_t i = 0; i < sizeof page / sizeof page[0]; i++) {
		if (strcmp(page[i], MARK "\n") == 0)
			fwrite(frames, 1, size, out);
		else
			fputs(page[i], out);
	}
	free(frames);
}
