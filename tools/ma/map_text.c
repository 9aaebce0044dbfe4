/* SPDX-License-Identifier: MIT */
/* map_text.c - a heap map as text, as the library writes it, with its code by name: a line for each frame of a call stack. */
#include <config.h>

#include "map_text.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "leaks.h"
#include "message.h"

#define FRAME "libma:     "

struct lines {
	char **line; /* NULL: the next frame stands here */
	size_t lines;
	struct leak_frame *frame;
	size_t frames;
};

/* Room for one more element behind `count` of them, which grows by doubling. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count != 0 && (count & (count - 1)) != 0)
		return array;
	array = realloc(array, (count == 0 ? 1 : 2 * count) * size);
	if (array == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	return array;
}

static void add_line(struct lines *lines, const char *text)
{
	struct leak_frame frame;

	lines->line = grown(lines->line, lines->lines, sizeof *lines->line);
	lines->line[lines->lines++] = NULL;
	if (strncmp(text, FRAME, strlen(FRAME)) != 0 || !leaks_read_frame(&frame, text + strlen(FRAME))) {
		lines->line[lines->lines - 1] = text_format("%s", text);
		return;
	}
	lines->frame = grown(lines->frame, lines->frames, sizeof *lines->frame);
	lines->frame[lines->frames++] = frame;
}

static void end_lines(struct lines *lines)
{
	for (size_t i = 0; i < lines->lines; i++)
		free(lines->line[i]);
	for (size_t i = 0; i < lines->frames; i++) {
		free(lines->frame[i].object);
		free(lines->frame[i].function);
		free(lines->frame[i].source);
	}
	free(lines->line);
	free(lines->frame);
}

void map_text_write(FILE *in, FILE *out)
{
	struct lines lines = {0};
	size_t room = 0, frame = 0;
	char *line = NULL;

	while (getline(&line, &room, in) >= 0)
		add_line(&lines, line);
	free(line);
	leaks_find_frames(lines.frame, lines.frames);
	for (size_t i = 0; i < lines.lines; i++) {
		if (lines.line[i] != NULL)
			fputs(lines.line[i], out);
		else
			leaks_write_frame(&lines.frame[frame++], out);
	}
	end_lines(&lines);
}
