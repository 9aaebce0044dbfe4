/* SPDX-License-Identifier: MIT */
/* live.h - what all commands that look into a live process share: `ma COMMAND [OPTION...] PID`; see live.c. */
#ifndef MA_LIVE_H
#define MA_LIVE_H

#include <argp.h>
#include <stdbool.h>
#include <sys/types.h>

#include "attach.h"

struct live {
	pid_t pid;
	bool verbose;
};

enum { LIVE_OPTION_VERBOSE = 'v', LIVE_OPTION_FORMAT = 'f' };

#define LIVE_OPTIONS                                                                                         \
	{                                                                                                    \
		.name = "verbose", .key = LIVE_OPTION_VERBOSE,                                               \
		.doc = "Say on standard error how long the process stood still, and what was copied"         \
	}

#define LIVE_ARGS "PID"
#define LIVE_DOC                                                                                             \
	"The process is stopped for a moment, its heap is copied and read; it then goes on as if nothing had happened."

/* To be called for the keys that a command does not know itself. */
error_t live_option(int key, char *arg, struct argp_state *state, struct live *live);

/* Reads the heap; says how that went if it was asked for, and if it could not be read as it should. */
struct attach_result live_read(const struct live *live, enum attach_depth depth, attach_reader *reader,
			       void *arg);

/* Exits, since there is no room for the report. */
__attribute__((noreturn)) void live_no_room(const struct live *live);

/* Exits if the reader that was given has met a fault, and faults can only be that there was no room for its report. */
void live_check_report(const struct live *live, const struct attach_result *result);

#endif /* MA_LIVE_H */
