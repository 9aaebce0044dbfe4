/* SPDX-License-Identifier: MIT */
/*
 * draw_html.c - heap maps as one page: draw_page.html, with the JSON of each map in it.
 *
 * A page is to stay under 20 MB. If the maps are larger, they are told in less detail: first with the sites of objects
 * summed up by slab; then also without the bits of slots, so that a slab has its shade but not its slots; then as cells
 * of 4 KiB, run-length encoded; then with every second map of the film left out, and so on. The page says so.
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

static void write_frames(const struct draw_film *film, enum draw_detail detail, size_t step, FILE *out)
{
	for (size_t i = (film->maps - 1) % step; i < film->maps;
	     i += step) { /* the last one is always there */
		const struct draw_map *map = &film->map[i];

		fprintf(out,
			"<script type=\"application/json\" class=\"frame\" data-time=\"%llu\" data-held=\"%llu\" "
			"data-resident=\"%llu\" data-used=\"%llu\">\n",
			(unsigned long long)map->time_ms, (unsigned long long)map->held,
			(unsigned long long)map->resident, (unsigned long long)map->used);
		draw_write(map, detail, out);
		fputs("</script>\n", out);
	}
}

/* The frames in as much detail as there is room for. */
static char *frames_that_fit(const struct draw_film *film, size_t *size)
{
	enum draw_detail detail = DETAIL_ALL;
	size_t step = 1, whole = 0;

	for (size_t i = 0; i < film->maps; i++)
		whole += film->map[i].length;
	if (whole > MOST_BYTES) /* not to write all of it in vain */
		detail = DETAIL_SLOTS;
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
