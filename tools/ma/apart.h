/* SPDX-License-Identifier: MIT */
/* apart.h - memory of a process that fork leaves out, to be taken into a copy of it; see apart.c. */
#ifndef MA_APART_H
#define MA_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "target.h"

/* Why it can't be taken in, if it can't. */
#define APART_OBSTACLE "fork leaves out some of its memory"

/* Looks, while the process runs, whether it has such memory. False: some that can't be taken in. */
bool apart_look(pid_t pid);

/* The process stands still: writes what there is of it to where the code that makes the copy looks for it. False: as
 * above. */
bool apart_prepare(const struct target *target);

/* In how many pieces. */
size_t apart_count(void);

/* Has the copy all that the process had then? If not, it may have in another attempt. */
bool apart_is_whole(pid_t copy);

#endif /* MA_APART_H */
