/* SPDX-License-Identifier: MIT */
/*
 * draw_write.c - a heap map as JSON again, in as much detail as there is room for, and with the names of its code.
 *
 * Where a map is told in less detail, its member `detail` says in which, and the sites of single objects are summed up by
 * block: `block_sites` of a chunk has for each block with objects "SITE,PERCENT,YOUNGEST,OLDEST;": the call stack
 * that most of them have is that of SITE, and so many of them have it. "-;" is a block of which nothing is known.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "draw.h"
#include "message.h"

/* JSON inside a script may not look like the end of it: only a string can hold such a character. */
static void write_text(const char *text, size_t length, bool escape, FILE *out)
{
	for (const char *end = text + length; text < end;) {
		const char *less = escape ? memchr(text, '<', (size_t)(end - text)) : NULL;
		size_t plain = (size_t)((less == NULL ? end : less) - text);

		fwrite(text, 1, plain, out);
		if (less != NULL)
			fputs("\\u003c", out);
		text += plain + (less != NULL);
	}
}

static void write_frames(const struct draw_map *map, bool escape, FILE *out)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (memory == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	draw_frames_json(map, memory);
	if (fclose(memory) != 0)
		fail(EXIT_OWN_FAILURE, "out of memory");
	write_text(text, size, escape, out);
	free(text);
}

/* A piece of the JSON as it was read, but for the frames, if they lie in it. */
static void write_piece(const struct draw_map *map, const char *text, size_t length, bool escape, FILE *out)
{
	const struct json *json = &map->json;
	const struct json_value *sites = json_member(json, &json->value[1], "sites");
	const struct json_value *frames = json_member(json, sites, "frames");
	const char *behind;

	if (frames == NULL || frames->type != JSON_ARRAY || frames->text < text ||
	    frames->text >= text + length) {
		write_text(text, length, escape, out);
		return;
	}
	behind = frames->text + frames->length;
	write_text(text, (size_t)(frames->text - text), escape, out);
	write_frames(map, escape, out);
	write_text(behind, (size_t)(text + length - behind), escape, out);
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
		write_piece(map, value->text, value->length, true, out);
	fputs(string ? "\"" : "", out);
}

/* --- less detail --- */

static void write_blocks(const struct draw_chunk *chunk, enum draw_detail detail, FILE *out)
{
	fputs(",\"blocks\":[", out);
	for (size_t i = 0; i < chunk->blocks; i++) {
		const struct draw_block *block = &chunk->block[i];

		if (i > 0)
			putc(',', out);
		if (block->kind != 's') {
			fprintf(out, "[\"%s\",%u]", block->kind == 'f' ? "free" : "used", block->bytes);
			continue;
		}
		fprintf(out, "[\"slab\",%u,%u,%u,%u,%u,%u", block->bytes, block->slot_size, block->slots,
			block->carved, block->used, block->first);
		if (detail == DETAIL_SLOTS && block->bits != NULL) {
			fputs(",\"", out);
			write_text(block->bits, block->bits_length, true, out);
			putc('"', out);
		}
		putc(']', out);
	}
	putc(']', out);
}

/* What is known of a block's objects, summed up by stack. */
struct summary {
	const struct draw_map *map;
	uint32_t *count; /* objects of each stack */
	size_t *met, stacks;
	uint64_t objects, youngest, oldest;
	size_t site; /* one of the stack that most of them have */
	size_t most;
};

static void summary_add(struct summary *summary, const struct draw_runs *runs)
{
	size_t stack = runs->site < summary->map->sites ? summary->map->site[runs->site].stack : SIZE_MAX;

	if (stack == SIZE_MAX)
		return;
	if (summary->count[stack]++ == 0)
		summary->met[summary->stacks++] = stack;
	if (summary->count[stack] > summary->most) {
		summary->most = summary->count[stack];
		summary->site = runs->site;
	}
	if (runs->age < summary->youngest)
		summary->youngest = runs->age;
	if (runs->age > summary->oldest)
		summary->oldest = runs->age;
}

static void summary_write(struct summary *summary, FILE *out)
{
	if (summary->most == 0)
		fputs("-;", out);
	else
		fprintf(out, "%zu,%llu,%llu,%llu;", summary->site,
			(unsigned long long)(summary->most * 100 / summary->objects),
			(unsigned long long)summary->youngest, (unsigned long long)summary->oldest);
	while (summary->stacks > 0)
		summary->count[summary->met[--summary->stacks]] = 0;
}

static void write_block_sites(const struct draw_map *map, const struct draw_chunk *chunk, FILE *out)
{
	struct summary summary = {.map = map};
	struct draw_runs runs = {.at = chunk->sites, .end = chunk->sites + chunk->sites_length};

	if (chunk->sites == NULL)
		return;
	summary.count = calloc(map->stacks + 1, sizeof *summary.count);
	summary.met = calloc(map->stacks + 1, sizeof *summary.met);
	if (summary.count == NULL || summary.met == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	fputs(",\"block_sites\":\"", out);
	for (size_t i = 0; i < chunk->blocks; i++) {
		const struct draw_block *block = &chunk->block[i];

		summary.objects = block->kind == 's' ? block->used : block->kind == 'u';
		if (summary.objects > block->bytes / 16) /* no map of ours */
			summary.objects = 0;
		summary.most = summary.oldest = 0;
		summary.youngest = UINT64_MAX;
		if (summary.objects == 0)
			continue;
		for (uint64_t n = 0; n < summary.objects; n++) {
			draw_runs_next(&runs);
			summary_add(&summary, &runs);
		}
		summary_write(&summary, out);
	}
	putc('"', out);
	free(summary.count);
	free(summary.met);
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

static void write_chunk(const struct draw_map *map, const struct draw_chunk *chunk, enum draw_detail detail,
			FILE *out)
{
	static const char *const members[] = {"size", "header", "heap", "on_break", "huge", "resident"};

	write_member(map, chunk->value, "address", "{", out);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (detail != DETAIL_CELLS || strcmp(members[i], "resident") != 0)
			write_member(map, chunk->value, members[i], ",", out);
	if (detail == DETAIL_CELLS) {
		write_cells(map, chunk, out);
	} else {
		write_blocks(chunk, detail, out);
		write_block_sites(map, chunk, out);
	}
	putc('}', out);
}

void draw_write(const struct draw_map *map, enum draw_detail detail, FILE *out)
{
	static const char *const names[] = {
		[DETAIL_SLOTS] = "slots", [DETAIL_BLOCKS] = "blocks", [DETAIL_CELLS] = "cells"};
	const struct json_value *whole = &map->json.value[1];

	if (detail == DETAIL_ALL) {
		write_piece(map, map->text, map->length, true, out);
		return;
	}
	write_member(map, whole, "libma_map", "{", out);
	write_member(map, whole, "time_ms", ",", out);
	write_member(map, whole, "page", ",", out);
	fprintf(out, ",\"detail\":\"%s\"", names[detail]);
	write_member(map, whole, "stats", ",", out);
	fputs(",\"chunks\":[", out);
	for (size_t i = 0; i < map->chunks; i++) {
		fputs(i == 0 ? "" : ",", out);
		write_chunk(map, &map->chunk[i], detail, out);
	}
	putc(']', out);
	write_member(map, whole, "large", ",", out);
	write_member(map, whole, "guarded", ",", out);
	write_member(map, whole, "pins", ",", out);
	write_member(map, whole, "sites", ",", out);
	putc('}', out);
}

void draw_json(const struct draw_map *map, FILE *out)
{
	write_piece(map, map->text, map->length, false, out);
}
