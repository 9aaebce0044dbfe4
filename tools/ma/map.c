/* SPDX-License-Identifier: MIT */
/*
 * map.c - `ma map PID`: the heap map of a live process.
 */
#include <config.h>

#include "command.h"
#include "inspect/inspect.h"
#include "live.h"

static int map(int output, const struct subject_process *process, void *arg)
{
	(void)process;
	(void)arg;
	ma_inspect_print_map(output);
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	return live_option(key, arg, state, state->input);
}

int map_main(int argc, char **argv)
{
	static const struct argp_option options[] = {LIVE_OPTIONS, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = LIVE_ARGS,
		.doc = "Draw the heap of the live process PID.\v" LIVE_DOC,
	};
	struct live live = {0};
	struct attach_result result;

	if (argp_parse(&argp, argc, argv, 0, NULL, &live) != 0)
		return EXIT_USAGE;
	result = live_read(&live, map, NULL);
	attach_print(&result);
	return 0;
}
