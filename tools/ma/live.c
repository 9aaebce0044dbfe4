/* SPDX-License-Identifier: MIT */
/* live.c - what all commands that look into a live process share. */
#include <config.h>

#include "live.h"

#include <stdio.h>

#include "argument.h"
#include "command.h"
#include "message.h"

error_t live_option(int key, char *arg, struct argp_state *state, struct live *live)
{
	switch (key) {
	case LIVE_OPTION_VERBOSE:
		live->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		if (live->pid != 0)
			argument_error(state, "give one PID, not '%s' too", arg);
		live->pid = target_parse(arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argument_error(state, "no PID given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void live_no_room(const struct live *live)
{
	fail(EXIT_OWN_FAILURE,
	     "there is no room for the report on process %ld, in memory or under a limit on the size of files",
	     (long)live->pid);
}

void live_check_report(const struct live *live, const struct attach_result *result)
{
	if (result->faults != 0)
		live_no_room(live);
}

struct attach_result live_read(const struct live *live, enum attach_depth depth, attach_reader *reader,
			       void *arg)
{
	struct attach_result result = attach_read(live->pid, depth, reader, arg);

	if (live->verbose)
		complain("process %ld stood still for %.1f ms; %.1f MiB copied%s%s%s%s; read %u time%s",
			 (long)live->pid, (double)result.stopped_us / 1000,
			 (double)result.copied_bytes / (1 << 20), result.snapshot ? " from a snapshot" : "",
			 result.no_snapshot != NULL ? " (no snapshot: " : "",
			 result.no_snapshot != NULL ? result.no_snapshot : "",
			 result.no_snapshot != NULL ? ")" : "", result.attempts,
			 result.attempts == 1 ? "" : "s");
	if (result.locked || result.torn)
		complain(
			"note: process %ld was in the middle of a change to its heap: single figures may not fit each other",
			(long)live->pid);
	return result;
}
