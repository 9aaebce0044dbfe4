/* SPDX-License-Identifier: MIT */
/* draw_terminal.c - a heap map for a terminal: the characters of ma_heap_map(3), in 256 colours or without. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "draw.h"
#include "message.h"

/* So many rows are a screenful or two: for larger heaps a character stands for more. */
#define MOST_ROWS 96
#define MOST_GUARDED 16
#define MOST_STACKS 8
/* So many functions of a call stack are named. */
#define NAMED_FRAMES 3

/* Of the 256 colours: that of a cell, and one that can be read on it. */
static void colours(char c, int *back, int *text)
{
	static const int ramp[10] = {194, 157, 156, 120, 114, 78, 72, 35, 29, 22};

	*text = 16;
	if (c >= '0' && c <= '9') {
		*back = ramp[c - '0'];
		*text = c >= '6' ? 231 : 16;
		return;
	}
	switch (c) {
	case '#':
		*back = 25;
		*text = 231;
		break;
	case '+':
		*back = 67;
		*text = 231;
		break;
	case ':':
		*back = 178;
		break;
	case '_':
		*back = 151;
		break;
	default:
		*back = 238;
		*text = 247;
	}
}

static void write_row(const char *cells, size_t count, bool colour, FILE *out)
{
	int had = -1;

	fputs("  ", out);
	for (size_t i = 0; i < count; i++) {
		int back, text;

		colours(cells[i], &back, &text);
		if (colour && cells[i] != had)
			fprintf(out, "\033[48;5;%d;38;5;%dm", back, text);
		had = (unsigned char)cells[i];
		putc(cells[i], out);
	}
	fputs(colour ? "\033[0m\n" : "\n", out);
}

static unsigned columns(FILE *out)
{
	struct winsize size;
	const char *variable = getenv("COLUMNS");
	long wide = variable == NULL ? 0 : strtol(variable, NULL, 10);

	if (wide <= 0)
		wide = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
	return wide < 34 ? 32 : wide < 66 ? 32 : wide < 130 ? 64 : 128;
}

/* Bytes a character stands for: so many that the whole has about MOST_ROWS rows. */
static uint64_t cell_size(const struct draw_map *map, unsigned row)
{
	uint64_t cell = 4096, rows;

	for (;; cell *= 2) {
		rows = 0;
		for (size_t i = 0; i < map->chunks; i++)
			rows += (map->chunk[i].size + cell * row - 1) / (cell * row);
		if (rows <= MOST_ROWS || rows <= map->chunks || cell >= 1 << 20)
			return cell;
	}
}

/* In as many lines as it takes, each as wide as a row. */
static void write_legend(uint64_t cell, unsigned row, bool colour, FILE *out)
{
	static const struct {
		const char *cells, *what;
	} legend[] = {{"#", "in use"},
		      {".", "free"},
		      {":", "free, but resident"},
		      {"+", "mixed"},
		      {"0123456789", "slab, by tenths in use"},
		      {"_", "not carved yet"}};

	size_t used = (size_t)fprintf(out, "one character is %s", draw_bytes(cell));

	for (size_t i = 0; i < sizeof legend / sizeof legend[0]; i++) {
		size_t length = strlen(legend[i].cells) + 1 + strlen(legend[i].what);

		used += 2 + length;
		fputs(used > row + 2 ? "\n" : "  ", out);
		if (used > row + 2)
			used = length;
		for (const char *c = legend[i].cells; *c != '\0'; c++) {
			int back, text;

			colours(*c, &back, &text);
			if (colour)
				fprintf(out, "\033[48;5;%d;38;5;%dm%c\033[0m", back, text, *c);
			else
				putc(*c, out);
		}
		fprintf(out, " %s", legend[i].what);
	}
	putc('\n', out);
}

static void write_chunk(const struct draw_map *map, const struct draw_chunk *chunk, uint64_t cell,
			unsigned row, bool colour, FILE *out)
{
	char *cells = malloc((size_t)(chunk->size / cell) + 2);
	size_t count;

	if (cells == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	count = draw_cells(map, chunk, cell, cells);
	fprintf(out, "chunk 0x%llx, %s, heap %llu\n", (unsigned long long)chunk->address,
		draw_bytes(chunk->size), (unsigned long long)chunk->heap);
	for (size_t i = 0; i < count; i += row)
		write_row(cells + i, count - i < row ? count - i : row, colour, out);
	free(cells);
}

/* Where a pin, or the first slot of one, was allocated, if that is known. */
static void write_pin_site(const struct draw_map *map, const struct json_value *pin, FILE *out)
{
	uint64_t age;
	size_t site = draw_site_of(map, pin, &age);
	char *name;

	if (site == SIZE_MAX)
		return;
	name = draw_stack_name(map, map->site[site].stack, NAMED_FRAMES);
	fprintf(out, "  allocated %s before by ", draw_age(age));
	write_visible(name, out);
	putc('\n', out);
	free(name);
}

static void write_guarded(const struct draw_map *map, FILE *out)
{
	for (size_t i = 0; i < map->guardeds && i < MOST_GUARDED; i++)
		fprintf(out, "guarded 0x%llx, %s on %s of its own, %s old\n",
			(unsigned long long)map->guarded[i].address, draw_bytes(map->guarded[i].size),
			draw_bytes(map->guarded[i].held), draw_age(map->guarded[i].age));
	if (map->guardeds > MOST_GUARDED)
		fprintf(out, "and %zu more guarded objects\n", map->guardeds - MOST_GUARDED);
}

/* What holds the break and the nearly empty chunks, from the JSON's own words. */
static void write_pins(const struct draw_map *map, FILE *out)
{
	const struct json *json = &map->json;
	const struct json_value *pins = json_member(json, &json->value[1], "pins");
	const struct json_value *top = json_member(json, pins, "break"), *pin = json_member(json, top, "pin");
	const struct json_value *chunk = json_child(json, json_member(json, pins, "nearly_empty"));
	uint64_t block = json_number(json_member(json, pin, "block"));

	if (pin != NULL) {
		fprintf(out, "the break is held by a %s at 0x%llx; %s above it are free\n",
			block != 0 ? "block" : "slab",
			(unsigned long long)(block != 0 ? block
							: json_number(json_member(json, pin, "slab"))),
			draw_bytes(json_number(json_member(json, top, "above"))));
		write_pin_site(map, pin, out);
	}
	for (unsigned i = 0; chunk != NULL && i < 8; i++, chunk = json_next(json, chunk)) {
		fprintf(out, "chunk 0x%llx is nearly empty: %s resident, %s in use, %llu pins\n",
			(unsigned long long)json_number(json_member(json, chunk, "chunk")),
			draw_bytes(json_number(json_member(json, chunk, "resident"))),
			draw_bytes(json_number(json_member(json, chunk, "used"))),
			(unsigned long long)json_number(json_member(json, chunk, "pins")));
		write_pin_site(map, json_child(json, json_member(json, chunk, "first")), out);
	}
}

/* Which code holds most. */
static void write_sites(const struct draw_map *map, FILE *out)
{
	size_t *order = malloc((map->stacks + 1) * sizeof *order);

	if (order == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	draw_stacks_sort(map, order);
	for (size_t i = 0; i < map->stacks && i < MOST_STACKS; i++) {
		const struct draw_stack *stack = &map->stack[order[i]];
		char *name = draw_stack_name(map, order[i], NAMED_FRAMES);

		fprintf(out, "%s in %llu %s up to %s old, allocated by ", draw_bytes(stack->bytes),
			(unsigned long long)stack->objects, stack->objects == 1 ? "object" : "objects",
			draw_age(stack->oldest));
		write_visible(name, out);
		putc('\n', out);
		free(name);
	}
	if (map->stacks > MOST_STACKS)
		fprintf(out, "and %zu more call stacks\n", map->stacks - MOST_STACKS);
	free(order);
}

void draw_terminal(const struct draw_map *map, bool colour, FILE *out)
{
	unsigned row = columns(out);
	uint64_t cell = cell_size(map, row);

	write_legend(cell, row, colour, out);
	for (size_t i = 0; i < map->chunks; i++)
		write_chunk(map, &map->chunk[i], cell, row, colour, out);
	for (size_t i = 0; i < map->larges; i++)
		fprintf(out, "%s 0x%llx, %s, %s resident\n", map->large[i].free ? "cached" : "large",
			(unsigned long long)map->large[i].address, draw_bytes(map->large[i].size),
			draw_bytes(map->large[i].resident));
	write_guarded(map, out);
	fprintf(out, "in use %s, ", draw_bytes(map->used));
	fprintf(out, "resident %s, held %s\n", draw_bytes(map->resident), draw_bytes(map->held));
	write_pins(map, out);
	write_sites(map, out);
}
