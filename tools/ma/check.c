/* SPDX-License-Identifier: MIT */
/*
 * check.c - `ma check PID`: the audit of a live process's heap, ma_check(3), from outside.
 */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argument.h"
#include "command.h"
#include "live.h"
#include "ma.h"
#include "message.h"

enum { EXIT_FAULTS = 1, NO_ROOM = -1 };

/* The lines of the faults that every reading so far has found; NULL before the first one. */
static char *lasting;

static char *read_all(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	if (text == NULL || pread(fd, text, (size_t)size, 0) != (ssize_t)size)
		fail(EXIT_OWN_FAILURE, "out of memory");
	return text;
}

static bool has_line(const char *text, const char *line, size_t length)
{
	for (; text != NULL; text = strchr(text, '\n'), text += text != NULL)
		if (strncmp(text, line, length) == 0)
			return true;
	return false;
}

/* Damage lasts. What one reading finds and the next does not was a change that the process was stopped in the middle
 * of. Leaves in the report what lasts; returns how many lines that is, of the `faults` lines that there were, or NO_ROOM
 * if some of those are missing. */
static int keep_lasting(int report, int faults)
{
	char *found = read_all(report), *kept = calloc(1, strlen(found) + 1);
	size_t used = 0;
	int count = 0;

	if (kept == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	for (const char *line = found; strchr(line, '\n') != NULL; faults--) {
		size_t length = strcspn(line, "\n") + 1;

		if (lasting == NULL || has_line(lasting, line, length)) {
			memcpy(kept + used, line, length);
			used += length;
			count++;
		}
		line += length;
	}
	free(found);
	free(lasting);
	lasting = kept;
	if (faults > 0 || ftruncate(report, 0) != 0 || pwrite(report, kept, used, 0) != (ssize_t)used)
		return NO_ROOM;
	return count;
}

static int check(int output, const struct subject_process *process, void *arg)
{
	int faults = ma_check(); /* a line of each goes to standard error, which is the report */

	(void)arg;
	return process->threads == NULL ? 0 : keep_lasting(output, faults);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	return live_option(key, arg, state, state->input);
}

int check_main(int argc, char **argv)
{
	static const struct argp_option options[] = {LIVE_OPTIONS, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = LIVE_ARGS,
		.doc = "Check the heap of the live process PID for damage.\v" LIVE_DOC
		       " The exit status is 0 if the heap is sound, 1 if it is not.",
	};
	struct live live = {0};
	struct attach_result result;

	if (argument_parse(&argp, argc, argv, 0, NULL, &live) != 0)
		return EXIT_USAGE;
	result = live_read(&live, ATTACH_AUDIT, check, NULL);
	if (result.faults == NO_ROOM)
		live_no_room(&live);
	attach_print(&result, stdout);
	if (result.faults == 0)
		printf("process %ld: the heap is sound\n", (long)live.pid);
	else
		printf("process %ld: the heap has %d fault%s\n", (long)live.pid, result.faults,
		       result.faults == 1 ? "" : "s");
	return result.faults == 0 ? 0 : EXIT_FAULTS;
}
