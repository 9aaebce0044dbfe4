/* SPDX-License-Identifier: MIT */
/*
 * stats.c - `ma stats PID`: the heap of a live process in numbers, ma_stats_print(3), from outside; once, or again and
 * again.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "live.h"
#include "ma.h"
#include "options.h"

enum { OPTION_WATCH = 'w' };

#define DEFAULT_SECONDS 2.0
#define MOST_SECONDS 1e6

struct stats_request {
	struct live live;
	enum ma_format format;
	double seconds; /* between two reports; 0: only one is wanted */
};

static int stats(int output, const struct subject_process *process, void *arg)
{
	const struct stats_request *request = arg;

	(void)process;
	return ma_stats_print(output, request->format) == 0 ? 0 : 1;
}

static double parse_seconds(const char *arg, struct argp_state *state)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (*arg == '\0' || *end != '\0' || !(seconds >= 0.1 && seconds <= MOST_SECONDS))
		argp_error(state, "--watch takes a number of seconds, 0.1 at least, not '%s'", arg);
	return seconds;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct stats_request *request = state->input;

	switch (key) {
	case LIVE_OPTION_FORMAT:
		if (!ma_options_format(&request->format, arg, strlen(arg)))
			argp_error(state, "--format is text, json, openmetrics or xml, not '%s'", arg);
		return 0;
	case OPTION_WATCH:
		request->seconds = arg == NULL ? DEFAULT_SECONDS : parse_seconds(arg, state);
		return 0;
	default:
		return live_option(key, arg, state, &request->live);
	}
}

int stats_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{.name = "format",
		 .key = LIVE_OPTION_FORMAT,
		 .arg = "FORMAT",
		 .doc = "Write the statistics as text, which is the default, json, openmetrics or xml"},
		{.name = "watch",
		 .key = OPTION_WATCH,
		 .arg = "SECONDS",
		 .flags = OPTION_ARG_OPTIONAL,
		 .doc = "Again and again, until the process ends; every two seconds, or every SECONDS"},
		LIVE_OPTIONS,
		{0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = LIVE_ARGS,
		.doc = "Show the heap of the live process PID in numbers.\v" LIVE_DOC,
	};
	struct stats_request request = {.format = MA_TEXT};
	bool clear = isatty(STDOUT_FILENO);

	if (argp_parse(&argp, argc, argv, 0, NULL, &request) != 0)
		return EXIT_USAGE;
	for (;;) {
		struct attach_result result = live_read(&request.live, ATTACH_HEAP, stats, &request);

		if (request.seconds > 0 && clear)
			fputs("\033[H\033[2J", stdout);
		attach_print(&result);
		if (request.seconds == 0)
			return 0;
		fflush(stdout);
		nanosleep(
			&(struct timespec){
				.tv_sec = (time_t)request.seconds,
				.tv_nsec = (long)((request.seconds - (double)(time_t)request.seconds) * 1e9)},
			NULL);
		if (kill(request.live.pid, 0) != 0 && errno == ESRCH)
			return 0;
	}
}
