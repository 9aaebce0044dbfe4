/* SPDX-License-Identifier: MIT */
/*
 * stats.c - `ma stats PID`: the heap of a live process in numbers, ma_stats_print(3), from outside; once, or again and
 * again.
 */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "argument.h"
#include "command.h"
#include "live.h"
#include "ma.h"
#include "message.h"
#include "options.h"

enum { OPTION_WATCH = 'w' };

#define DEFAULT_SECONDS 2.0
#define MOST_SECONDS 1e6

struct stats_request {
	struct live live;
	enum ma_format format;
	double seconds;	 /* between two reports; 0: only one is wanted */
	bool bare_watch; /* how many was not said */
};

static int stats(int output, const struct subject_process *process, void *arg)
{
	const struct stats_request *request = arg;

	(void)process;
	return ma_stats_print(output, request->format) == 0 ? 0 : 1;
}

/* The next reading in place of the last one, without a moment in between in which the screen is empty. Of what the
 * terminal has no room for there is nothing: it would move the rest out of its place. */
static void show_again(const struct stats_request *request, struct attach_result *result)
{
	FILE *report = fdopen(result->report, "r");
	char *line = NULL, *head, now[32] = "";
	time_t seconds = time(NULL);
	struct winsize screen = {0};
	struct tm local;
	size_t room = 0;
	int wide, high;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen) != 0 || screen.ws_row < 4 || screen.ws_col == 0)
		screen = (struct winsize){.ws_row = 24, .ws_col = 80};
	wide = screen.ws_col - 1; /* in the last column the end of the line would be erased */
	high = screen.ws_row - 3; /* two lines are above, and one below has the cursor */
	if (report == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	rewind(report);
	if (localtime_r(&seconds, &local) != NULL)
		strftime(now, sizeof now, "%H:%M:%S", &local);
	head = text_format("process %ld at %s, every %g s; Ctrl-C ends", (long)request->live.pid, now,
			   request->seconds);
	printf("\033[H%.*s\033[K\n\033[K\n", wide, head);
	free(head);
	while (high-- > 0 && getline(&line, &room, report) > 0) {
		line[strcspn(line, "\n")] = '\0';
		printf("%.*s\033[K\n", wide, line);
	}
	fputs("\033[J", stdout);
	free(line);
	fclose(report);
}

static double parse_seconds(const char *arg, struct argp_state *state)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (*arg == '\0' || *end != '\0' || !(seconds >= 0.1 && seconds <= MOST_SECONDS))
		argument_error(state, "--watch takes a number of seconds from 0.1 to 1000000, not '%s'", arg);
	return seconds;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct stats_request *request = state->input;

	switch (key) {
	case LIVE_OPTION_FORMAT:
		if (!ma_options_format(&request->format, arg, strlen(arg)))
			argument_error(state, "--format is text, json, openmetrics or xml, not '%s'", arg);
		return 0;
	case OPTION_WATCH:
		request->bare_watch = arg == NULL;
		request->seconds = arg == NULL ? DEFAULT_SECONDS : parse_seconds(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (request->bare_watch && request->live.pid != 0)
			argument_error(
				state,
				"give one PID, not '%s' too; seconds stand behind an '=': --watch=SECONDS",
				arg);
		return live_option(key, arg, state, &request->live);
	default:
		return live_option(key, arg, state, &request->live);
	}
}

/* Also if it is waited for, and so has a number but no memory. */
static bool has_ended(pid_t pid)
{
	struct mappings mappings;

	if (!mappings_read(&mappings, pid))
		return errno == ESRCH;
	mappings_free(&mappings);
	return false;
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
	bool again = false;

	if (argument_parse(&argp, argc, argv, 0, NULL, &request) != 0)
		return EXIT_USAGE;
	for (;;) {
		struct attach_result result = live_read(&request.live, ATTACH_HEAP, stats, &request);

		live_check_report(&request.live, &result);
		if (request.seconds == 0 || request.format != MA_TEXT || !is_terminal(stdout)) {
			attach_print(&result, stdout);
		} else {
			if (!again)
				fputs("\033[2J", stdout);
			show_again(&request, &result);
			again = true;
		}
		if (request.seconds == 0)
			return 0;
		check_output();
		nanosleep(
			&(struct timespec){
				.tv_sec = (time_t)request.seconds,
				.tv_nsec = (long)((request.seconds - (double)(time_t)request.seconds) * 1e9)},
			NULL);
		if (has_ended(request.live.pid))
			return 0;
	}
}
