/* SPDX-License-Identifier: MIT */
/* snapshot.h - a copy of a stopped process that stands still, so that it can go on itself; see snapshot.c. */
#ifndef MA_TOOL_SNAPSHOT_H
#define MA_TOOL_SNAPSHOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "stop.h"
#include "target.h"

/* Whether it may be tried: on this machine, with this process. To be asked before it is stopped: this takes a while. */
bool snapshot_may(const struct target *target);

/* Makes a copy of the process, all of whose threads were stopped. Returns its number, 0 if there is none. One thread goes
 * on; the others do when they are released. The copy ends with this process at the latest. */
pid_t snapshot_make(const struct target *target, struct stopped *stopped);

void snapshot_end(pid_t copy);

#endif /* MA_TOOL_SNAPSHOT_H */
