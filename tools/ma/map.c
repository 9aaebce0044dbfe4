/* SPDX-License-Identifier: MIT */
/*
 * map.c - `ma map PID`: the heap map of a live process, ma_heap_map(3), from outside.
 */
#include <config.h>

#include <string.h>

#include "command.h"
#include "live.h"
#include "ma.h"
#include "options.h"

struct map_request {
	struct live live;
	enum ma_format format;
};

static int map(int output, const struct subject_process *process, void *arg)
{
	const struct map_request *request = arg;

	(void)process;
	return ma_heap_map(output, request->format) == 0 ? 0 : 1;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct map_request *request = state->input;

	if (key != LIVE_OPTION_FORMAT)
		return live_option(key, arg, state, &request->live);
	if (!ma_options_format(&request->format, arg, strlen(arg)) || request->format > MA_JSON)
		argp_error(state, "--format is text or json, not '%s'", arg);
	return 0;
}

int map_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{.name = "format",
		 .key = LIVE_OPTION_FORMAT,
		 .arg = "FORMAT",
		 .doc = "Write the map as text, which is the default, or as json"},
		LIVE_OPTIONS,
		{0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = LIVE_ARGS,
		.doc = "Draw the heap of the live process PID.\v" LIVE_DOC,
	};
	struct map_request request = {.format = MA_TEXT};
	struct attach_result result;

	if (argp_parse(&argp, argc, argv, 0, NULL, &request) != 0)
		return EXIT_USAGE;
	result = live_read(&request.live, ATTACH_HEAP, map, &request);
	attach_print(&result);
	return 0;
}
