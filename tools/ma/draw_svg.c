/* SPDX-License-Identifier: MIT */
/*
 * draw_svg.c - a heap map as a picture: every chunk as rows of cells. Neighbouring cells of one kind are one piece of
 * a path, and there is one path for each kind in a chunk, so that large heaps stay small files. The colours follow
 * the reader's choice of light or dark.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "draw.h"
#include "message.h"

#define WIDTH 960
#define LABEL 120
#define KINDS "0123456789_#+:."
/* Guarded objects: so many in a row, pixels of each, and how many are shown. */
#define GUARDED_ROW 59
#define GUARDED_SIZE 14
#define MOST_GUARDED 2000
#define MOST_STACKS 8

static const char style[] =
	"<style>\n"
	"svg{background:#fff;color:#1f2328}text{font:12px system-ui,sans-serif;fill:#1f2328}"
	".a{font:11px ui-monospace,monospace;fill:#59636e}.t{font-size:15px;font-weight:600}\n"
	".k0{fill:#dbeadf}.k1{fill:#c5dece}.k2{fill:#b0d2bd}.k3{fill:#9ac6ac}.k4{fill:#85ba9b}.k5{fill:#6fad8a}"
	".k6{fill:#5aa179}.k7{fill:#449568}.k8{fill:#2f8957}.k9{fill:#17713c}.ku{fill:#eff3ee}.kh{fill:#2f6fb3}"
	".km{fill:#7f93a0}.kr{fill:#e8ae2c}.kg{fill:#e3e8ed}.kl{fill:#7456b0}.kc{fill:#cdc2e6}.ko{fill:#b5376f}.kf{fill:#f3dbe6}\n"
	"@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.a{fill:#9aa5b1}"
	".k0{fill:#213a2c}.k1{fill:#264836}.k2{fill:#2a5640}.k3{fill:#2f644a}.k4{fill:#347254}.k5{fill:#39805e}"
	".k6{fill:#3e8f68}.k7{fill:#439d72}.k8{fill:#4aab79}.k9{fill:#52c583}.ku{fill:#1a2420}.kh{fill:#4f97df}"
	".km{fill:#66798a}.kr{fill:#c08d1c}.kg{fill:#1c232c}.kl{fill:#9d83d6}.kc{fill:#463b66}.ko{fill:#e06c9f}.kf{fill:#41212f}}\n"
	"</style>\n";

static const char *class_of(char kind)
{
	static const char *const names[] = {"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7",
					    "k8", "k9", "ku", "kh", "km", "kr", "kg"};

	return names[strchr(KINDS, kind) - KINDS];
}

struct picture {
	const struct draw_map *map;
	FILE *out;
	uint64_t cell;	   /* bytes */
	unsigned row;	   /* cells */
	double wide, high; /* of a cell */
	double y;
};

/* Cells so large, and rows so long, that the whole is no taller than a few pages. */
static void choose_cells(struct picture *picture)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < picture->map->chunks; i++)
		bytes += picture->map->chunk[i].size;
	picture->cell = bytes > (uint64_t)512 << 20 ? 16384 : 4096;
	picture->row = bytes <= (uint64_t)8 << 20     ? 64
		       : bytes <= (uint64_t)128 << 20 ? 256
						      : 4194304 / (unsigned)picture->cell;
	picture->wide = (double)(WIDTH - LABEL - 12) / picture->row;
	picture->high = picture->row == 64 ? 12 : picture->row == 256 && bytes <= (uint64_t)128 << 20 ? 7 : 5;
}

static void write_kind(const struct picture *picture, const char *cells, size_t count, char kind)
{
	bool any = false;

	for (size_t i = 0; i < count;) {
		size_t end = i + 1;

		if (cells[i] != kind) {
			i++;
			continue;
		}
		while (end < count && cells[end] == kind && end % picture->row != 0)
			end++;
		if (!any)
			fprintf(picture->out, "<path class=\"%s\" d=\"", class_of(kind));
		any = true;
		fprintf(picture->out, "M%.6g %.6gh%.6gv%.6gh%.6gz",
			LABEL + (double)(i % picture->row) * picture->wide,
			picture->y + (double)(i / picture->row) * picture->high,
			(double)(end - i) * picture->wide, picture->high - (picture->high > 6 ? 1 : 0.5),
			-(double)(end - i) * picture->wide);
		i = end;
	}
	if (any)
		fputs("\"/>\n", picture->out);
}

static void write_chunk(struct picture *picture, const struct draw_chunk *chunk, bool label)
{
	char *cells = malloc((size_t)(chunk->size / picture->cell) + 2);
	size_t count;

	if (cells == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	count = draw_cells(picture->map, chunk, picture->cell, cells);
	fprintf(picture->out, "<g><title>chunk 0x%llx, %s, heap %llu</title>\n",
		(unsigned long long)chunk->address, draw_bytes(chunk->size), (unsigned long long)chunk->heap);
	if (label)
		fprintf(picture->out, "<text class=\"a\" x=\"10\" y=\"%.6g\">0x%llx</text>\n", picture->y + 9,
			(unsigned long long)chunk->address);
	for (const char *kind = KINDS; *kind != '\0'; kind++)
		write_kind(picture, cells, count, *kind);
	fputs("</g>\n", picture->out);
	picture->y += (double)((count + picture->row - 1) / picture->row) * picture->high;
	free(cells);
}

static void write_escaped(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<' || c == '&' || c == '>' || c < ' ' || c >= 0x7f)
			fprintf(out, "&#%u;",
				c < ' ' ? '?' : c); /* any byte: a file's name need not be UTF-8 */
		else
			putc(c, out);
	}
}

/* What is known of where and when an object was allocated, for a title. */
static void write_site(const struct draw_map *map, size_t site, uint64_t age, size_t frames, FILE *out)
{
	char *name;

	if (site == SIZE_MAX)
		return;
	name = draw_stack_name(map, map->site[site].stack, frames);
	fprintf(out, ", allocated %s before by ", draw_age(age));
	write_escaped(name, out);
	free(name);
}

static void write_large(struct picture *picture, const struct draw_large *large)
{
	double share = (double)large->size / (16 << 20), most = WIDTH - LABEL - 160;
	double wide = share > 1 ? most : share * most + 2;

	fprintf(picture->out, "<g><title>%s 0x%llx, %s, %s resident",
		large->free ? "freed mapping" : "large object", (unsigned long long)large->address,
		draw_bytes(large->size), draw_bytes(large->resident));
	write_site(picture->map, large->site, large->age, 64, picture->out);
	fprintf(picture->out,
		"</title><text class=\"a\" x=\"10\" y=\"%.6g\">0x%llx</text>"
		"<path class=\"%s\" d=\"M%d %.6gh%.6gv12h%.6gz\"/><text x=\"%.6g\" y=\"%.6g\">%s%s</text></g>\n",
		picture->y + 10, (unsigned long long)large->address, large->free ? "kc" : "kl", LABEL,
		picture->y, wide, -wide, LABEL + wide + 8, picture->y + 10, draw_bytes(large->size),
		large->free ? ", freed" : "");
	picture->y += 17;
}

/* --- guarded objects: a square for the pages of each, and in it what of them it takes --- */

static size_t guarded_shown(const struct draw_map *map)
{
	return map->guardeds < MOST_GUARDED ? map->guardeds : MOST_GUARDED;
}

static double guarded_height(const struct draw_map *map)
{
	size_t rows = (guarded_shown(map) + GUARDED_ROW - 1) / GUARDED_ROW;

	return rows == 0 ? 0 : (double)rows * GUARDED_SIZE + 20;
}

static void write_one_guarded(const struct picture *picture, const struct draw_guarded *guarded, double x,
			      double y)
{
	double held = guarded->held == 0 ? 1 : (double)guarded->held, wide = GUARDED_SIZE - 2;
	double from = (double)(guarded->address % picture->map->page) / held * wide;
	double size = (double)guarded->size / held * wide;

	if (from + size > wide) /* no map of ours */
		from = size = 0;
	fprintf(picture->out, "<g><title>guarded object 0x%llx, %s on %s of its own",
		(unsigned long long)guarded->address, draw_bytes(guarded->size), draw_bytes(guarded->held));
	write_site(picture->map, guarded->site, guarded->age, 3, picture->out);
	fprintf(picture->out,
		"</title><rect class=\"kf\" x=\"%.6g\" y=\"%.6g\" width=\"%.6g\" height=\"%.6g\"/>"
		"<rect class=\"ko\" x=\"%.6g\" y=\"%.6g\" width=\"%.6g\" height=\"%.6g\"/></g>\n",
		x, y, wide, wide, x + from, y, size < 1 ? 1 : size, wide);
}

static void write_guarded(struct picture *picture)
{
	const struct draw_map *map = picture->map;
	size_t shown = guarded_shown(map);
	uint64_t size = 0, held = 0;

	if (shown == 0)
		return;
	for (size_t i = 0; i < map->guardeds; i++) {
		size += map->guarded[i].size;
		held += map->guarded[i].held;
	}
	fprintf(picture->out, "<text class=\"a\" x=\"10\" y=\"%.6g\">0x%llx</text>\n", picture->y + 11,
		(unsigned long long)map->guarded[0].address);
	for (size_t i = 0; i < shown; i++)
		write_one_guarded(picture, &map->guarded[i], LABEL + (double)(i % GUARDED_ROW) * GUARDED_SIZE,
				  picture->y + (double)(i / GUARDED_ROW) * GUARDED_SIZE);
	picture->y += guarded_height(map);
	fprintf(picture->out, "<text x=\"%d\" y=\"%.6g\">%zu guarded objects, %s ", LABEL, picture->y - 7,
		map->guardeds, draw_bytes(size));
	fprintf(picture->out, "on %s of their own%s</text>\n", draw_bytes(held),
		shown < map->guardeds ? "; the first are shown" : "");
}

/* --- who holds memory --- */

static size_t stacks_shown(const struct draw_map *map)
{
	return map->stacks < MOST_STACKS ? map->stacks : MOST_STACKS;
}

static double stacks_height(const struct draw_map *map)
{
	return map->stacks == 0 ? 0 : (double)stacks_shown(map) * 17 + 26;
}

static void write_stacks(struct picture *picture)
{
	const struct draw_map *map = picture->map;
	size_t *order = malloc((map->stacks + 1) * sizeof *order);

	if (order == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	draw_stacks_sort(map, order);
	if (map->stacks > 0)
		fprintf(picture->out, "<text class=\"t\" x=\"10\" y=\"%.6g\">Who holds memory</text>\n",
			picture->y += 18);
	for (size_t i = 0; i < stacks_shown(map); i++) {
		const struct draw_stack *stack = &map->stack[order[i]];
		char *name = draw_stack_name(map, order[i], 3);

		picture->y += 17;
		fprintf(picture->out,
			"<text x=\"10\" y=\"%.6g\">%s</text><text x=\"%d\" y=\"%.6g\">in %llu %s up to %s old, allocated by ",
			picture->y, draw_bytes(stack->bytes), LABEL, picture->y,
			(unsigned long long)stack->objects, stack->objects == 1 ? "object" : "objects",
			draw_age(stack->oldest));
		write_escaped(name, picture->out);
		fputs("</text>\n", picture->out);
		free(name);
	}
	free(order);
}

static void write_legend(const struct picture *picture)
{
	static const struct {
		const char *class, *text;
		int x;
	} legend[] = {{"kh", "in use", 10},
		      {"k9", "slab, full", 84},
		      {"k5", "half full", 178},
		      {"k0", "empty", 260},
		      {"ku", "not carved yet", 332},
		      {"km", "mixed", 448},
		      {"kr", "free, but resident", 516},
		      {"kg", "free, given back", 656},
		      {"kl", "large", 786},
		      {"kc", "freed, kept", 850}};

	for (size_t i = 0; i < sizeof legend / sizeof legend[0]; i++)
		fprintf(picture->out,
			"<rect class=\"%s\" x=\"%d\" y=\"38\" width=\"12\" height=\"12\"/><text x=\"%d\" y=\"48\">%s</text>\n",
			legend[i].class, legend[i].x, legend[i].x + 17, legend[i].text);
}

/* The picture's height, which has to be told before its content. */
static double height_of(const struct picture *picture)
{
	double height = 66 + 17.0 * (double)picture->map->larges;

	for (size_t i = 0; i < picture->map->chunks; i++) {
		const struct draw_chunk *chunk = &picture->map->chunk[i];
		uint64_t cells = (chunk->address % picture->cell + chunk->size + picture->cell - 1) /
				 picture->cell;

		height += (double)((cells + picture->row - 1) / picture->row) * picture->high +
			  (picture->high > 6 ? 8 : 1);
	}
	return height + guarded_height(picture->map) + stacks_height(picture->map) + 10;
}

void draw_svg(const struct draw_map *map, FILE *out)
{
	struct picture picture = {.map = map, .out = out, .y = 66};
	double labelled = 0;

	choose_cells(&picture);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\" role=\"img\">\n"
		"<title>Heap map of process %llu</title>\n%s",
		WIDTH, height_of(&picture), WIDTH, height_of(&picture), (unsigned long long)map->process,
		style);
	fprintf(out, "<text class=\"t\" x=\"10\" y=\"24\">Heap of process %llu: %s in use, ",
		(unsigned long long)map->process, draw_bytes(map->used));
	fprintf(out, "%s resident, %s held</text>\n", draw_bytes(map->resident), draw_bytes(map->held));
	write_legend(&picture);
	for (size_t i = 0; i < map->chunks; i++) {
		bool label = picture.y >= labelled + 13;

		if (label)
			labelled = picture.y;
		write_chunk(&picture, &map->chunk[i], label);
		picture.y += picture.high > 6 ? 8 : 1;
	}
	for (size_t i = 0; i < map->larges; i++)
		write_large(&picture, &map->large[i]);
	write_guarded(&picture);
	write_stacks(&picture);
	fputs("</svg>\n", out);
}
