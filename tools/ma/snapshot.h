/* SPDX-License-Identifier: MIT */
/* snapshot.h - a copy of a stopped process that stands still, so that it can go on itself; see snapshot.c. */
#ifndef MA_TOOL_SNAPSHOT_H
#define MA_TOOL_SNAPSHOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "stop.h"
#include "target.h"

/* Why it may not be tried, NULL if it may. To be asked before the process is stopped: this takes a while. */
const char *snapshot_obstacle(const struct target *target);

/* Makes a copy of the process, all of whose threads were stopped, and are again. Returns its number, 0 if there
 * is none: `*obstacle` is why, NULL if another attempt may have one. It has to be held within two seconds. */
pid_t snapshot_make(const struct target *target, struct stopped *stopped, const char **obstacle);

/* Holds the copy that was just made, which then ends with this process at the latest. The process may go on before: the
 * copy has to come to run for that, on a busy machine not at once. False: as above. */
bool snapshot_hold(const struct target *target, pid_t copy, const char **obstacle);

void snapshot_end(pid_t copy);

#endif /* MA_TOOL_SNAPSHOT_H */
