/* SPDX-License-Identifier: MIT */
/*
 * draw.c - `ma draw [--format=FORM] [--output=FILE] MAP.json`: a picture of a heap map that was kept as JSON.
 */
#include <config.h>

#include "draw.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "command.h"
#include "file.h"
#include "message.h"

struct draw_request {
	const char *map, *output;
	enum draw_format format;
	const char *colour; /* "auto", "always" or "never" */
};

enum { OPTION_COLOUR = 0x100 };

static const struct argp_option options[] = {
	{.name = "color",
	 .key = OPTION_COLOUR,
	 .arg = "WHEN",
	 .doc = "Colours in a terminal: auto (the default), always or never"},
	{.name = "format",
	 .key = 'f',
	 .arg = "FORM",
	 .doc = "terminal, svg or html; else by the suffix of the output's name"},
	{.name = "output", .key = 'o', .arg = "FILE", .doc = "Write to FILE instead of standard output"},
	{0},
};

enum draw_format draw_format_named(const char *name)
{
	static const char *const names[] = {
		[DRAW_TERMINAL] = "terminal", [DRAW_HTML] = "html", [DRAW_SVG] = "svg"};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum draw_format)i;
	return DRAW_UNKNOWN;
}

enum draw_format draw_format_of_file(const char *file)
{
	const char *dot = file == NULL ? NULL : strrchr(file, '.');

	if (dot != NULL && (strcmp(dot, ".html") == 0 || strcmp(dot, ".htm") == 0))
		return DRAW_HTML;
	return dot != NULL && strcmp(dot, ".svg") == 0 ? DRAW_SVG : DRAW_UNKNOWN;
}

const char *draw_false_suffix(const char *file)
{
	static const char *const others[] = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".ps", ".csv"};
	const char *dot = file == NULL ? NULL : strrchr(file, '.');

	for (size_t i = 0; dot != NULL && i < sizeof others / sizeof others[0]; i++)
		if (strcmp(dot, others[i]) == 0)
			return dot;
	return NULL;
}

/* Such as the map itself: it would be gone. */
static const char *false_suffix(const char *output)
{
	const char *dot = output == NULL ? NULL : strrchr(output, '.');

	return dot != NULL && strcmp(dot, ".json") == 0 ? dot : draw_false_suffix(output);
}

const char *draw_map_format(const char *file)
{
	const char *dot = file == NULL ? NULL : strrchr(file, '.');

	if (dot != NULL && strcmp(dot, ".json") == 0)
		return "json";
	switch (draw_format_of_file(file)) {
	case DRAW_HTML:
		return "html";
	case DRAW_SVG:
		return "svg";
	default:
		return "text";
	}
}

static void draw_film(struct draw_film *film, enum draw_format format, bool colour, FILE *out)
{
	draw_sites_name(film);
	switch (format) {
	case DRAW_HTML:
		draw_html(film, out);
		break;
	case DRAW_SVG:
		draw_svg(&film->map[film->maps - 1], out);
		break;
	case DRAW_JSON:
		draw_json(&film->map[film->maps - 1], out);
		break;
	default:
		draw_terminal(&film->map[film->maps - 1], colour, out);
	}
}

void draw_file(const char *file, enum draw_format format, bool colour, FILE *out)
{
	struct draw_film film = draw_read(file);

	draw_film(&film, format, colour, out);
	draw_free(&film);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct draw_request *request = state->input;

	switch (key) {
	case OPTION_COLOUR:
		request->colour = argument_colour(state, arg);
		return 0;
	case 'f':
		request->format = draw_format_named(arg);
		if (request->format == DRAW_UNKNOWN)
			argument_error(state, "--format is terminal, svg or html, not '%s'", arg);
		return 0;
	case 'o':
		request->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (request->map != NULL)
			argument_error(state, "give one map, not '%s' too", arg);
		request->map = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argument_error(state, "no MAP given");
		return 0;
	case ARGP_KEY_END:
		if (request->format == DRAW_UNKNOWN && false_suffix(request->output) != NULL)
			argument_error(
				state,
				"no map is drawn as %s: the form is terminal, svg or html, by suffix or --format",
				false_suffix(request->output));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int draw_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "MAP",
		.doc = "Draw a heap map that was kept as JSON: in the terminal, as SVG, or as a page to zoom and walk "
		       "in.\vMAP is a file that 'ma run --map=FILE.json' wrote, or '-' for standard input.",
	};
	struct draw_request request = {.format = DRAW_UNKNOWN, .colour = "auto"};
	struct draw_film film;
	FILE *out = stdout;

	if (argument_parse(&argp, argc, argv, 0, NULL, &request) != 0)
		return EXIT_USAGE;
	if (request.format == DRAW_UNKNOWN)
		request.format = draw_format_of_file(request.output);
	film = draw_read(request.map); /* first, as it may be what is written to */
	if (request.output != NULL && strcmp(request.output, "-") != 0) {
		out = file_create(request.output);
		if (out == NULL)
			fail(EXIT_OWN_FAILURE, "can't write '%s': %s", request.output, strerror(errno));
	}
	draw_film(&film, request.format, argument_has_colours(request.colour, out), out);
	draw_free(&film);
	if (out != stdout && !file_close(out))
		fail(EXIT_OWN_FAILURE, "can't write '%s': %s", request.output, strerror(errno));
	return 0;
}
