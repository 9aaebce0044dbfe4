/* SPDX-License-Identifier: MIT */
/*
 * map.c - `ma map PID`: the heap map of a live process, ma_heap_map(3), from outside, as text, JSON or a picture.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argument.h"
#include "command.h"
#include "draw.h"
#include "file.h"
#include "live.h"
#include "ma.h"
#include "map_text.h"
#include "message.h"

enum { OPTION_COLOUR = 0x100 };

static const char *const formats[] = {"text", "json", "svg", "html", NULL};

struct map_request {
	struct live live;
	const char *format;	/* NULL: as the output's name says */
	const char *output;	/* NULL: standard output */
	const char *colour;	/* "auto", "always" or "never" */
	enum ma_format written; /* by the library: what is drawn is drawn of JSON */
};

static int map(int output, const struct subject_process *process, void *arg)
{
	const struct map_request *request = arg;

	(void)process;
	return ma_heap_map(output, request->written) == 0 ? 0 : 1;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct map_request *request = state->input;

	switch (key) {
	case LIVE_OPTION_FORMAT:
		request->format = formats[argument_word(state, "--format", arg, formats)];
		return 0;
	case OPTION_COLOUR:
		request->colour = argument_colour(state, arg);
		return 0;
	case ARGP_KEY_END:
		if (request->format == NULL && draw_false_suffix(request->output) != NULL)
			argument_error(
				state,
				"no map is made as %s: the form is text, json, svg or html, by suffix or --format",
				draw_false_suffix(request->output));
		return 0;
	case 'o':
		if (*arg == '\0')
			argument_error(state, "--output needs the name of a file");
		request->output = strcmp(arg, "-") == 0 ? NULL : arg;
		return 0;
	default:
		return live_option(key, arg, state, &request->live);
	}
}

/* Before the process is stopped: that it can't be written is better said then. What is there stays until there is
 * something to take its place. */
static void check_output_file(const char *file)
{
	int error = file_check(file);

	if (error != 0)
		fail(EXIT_OWN_FAILURE, "can't write the heap map '%s': %s", file, strerror(error));
}

static bool wants_colours(const struct map_request *request)
{
	FILE *out = request->output == NULL ? stdout
					    : fopen(request->output, "r+e"); /* it may be a terminal */
	bool colours = strcmp(request->colour, "always") == 0 ||
		       (out != NULL && argument_has_colours(request->colour, out));

	if (out != NULL && out != stdout)
		fclose(out);
	return colours;
}

static void write_text(const char *report, FILE *out)
{
	FILE *file = fopen(report, "re");

	if (file == NULL)
		fail(EXIT_OWN_FAILURE, "can't read the heap map: %s", strerror(errno));
	map_text_write(file, out);
	fclose(file);
}

static void write_map(const struct map_request *request, const struct attach_result *result, bool colour,
		      FILE *out)
{
	char *report = text_format("/proc/self/fd/%d", result->report);

	if (strcmp(request->format, "html") == 0 || strcmp(request->format, "svg") == 0)
		draw_file(report, draw_format_named(request->format), false, out);
	else if (colour)
		draw_file(report, DRAW_TERMINAL, true, out);
	else if (strcmp(request->format, "json") == 0)
		draw_file(report, DRAW_JSON, false, out);
	else
		write_text(report, out);
	free(report);
	close(result->report);
}

int map_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{.name = "format",
		 .key = LIVE_OPTION_FORMAT,
		 .arg = "FORMAT",
		 .doc = "text, json, svg or html; else by the suffix of the output's name"},
		{.name = "output",
		 .key = 'o',
		 .arg = "FILE",
		 .doc = "Write to FILE instead of standard output"},
		{.name = "color",
		 .key = OPTION_COLOUR,
		 .arg = "WHEN",
		 .doc = "Colours of a map as text: auto (the default: if it goes to a terminal), always or never"},
		LIVE_OPTIONS,
		{0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = LIVE_ARGS,
		.doc = "Draw the heap of the live process PID.\v" LIVE_DOC,
	};
	struct map_request request = {.colour = "auto"};
	struct attach_result result;
	bool colour;
	FILE *out;

	if (argument_parse(&argp, argc, argv, 0, NULL, &request) != 0)
		return EXIT_USAGE;
	if (request.format == NULL)
		request.format = draw_map_format(request.output);
	if (request.output != NULL)
		check_output_file(request.output);
	colour = strcmp(request.format, "text") == 0 && wants_colours(&request);
	request.written = strcmp(request.format, "text") == 0 && !colour ? MA_TEXT : MA_JSON;
	result = live_read(&request.live, ATTACH_SITES, map, &request);
	live_check_report(&request.live, &result);
	out = request.output == NULL ? stdout : file_create(request.output);
	if (out != NULL)
		write_map(&request, &result, colour, out);
	if (out == NULL || (out != stdout && !file_close(out)))
		fail(EXIT_OWN_FAILURE, "can't write the heap map '%s': %s", request.output, strerror(errno));
	return 0;
}
