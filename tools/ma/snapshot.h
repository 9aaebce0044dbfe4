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
 * is none: `*obstacle` is why, NULL if another attempt may have one. The copy ends with this process at the
 * latest. */
pid_t snapshot_make(const struct target *target, struct stopped *stopped, const char **obstacle);

void snapshot_end(pid_t copy);

#endif /* MA_TOOL_SNAPSHOT_H */
