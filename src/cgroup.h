/* SPDX-License-Identifier: MIT */
/* cgroup.h - what memory the control groups of the process allow it. */
#ifndef MA_CGROUP_H
#define MA_CGROUP_H

#include "base.h"

/* The least of the limits on memory of the process's group and of those above it, in bytes, 0 if there is none: of
 * version 2 of control groups, or 1. `self` is /proc/self/cgroup, `root` where the groups are mounted. Does not allocate. */
size_t ma_cgroup_limit(const char *self, const char *root);

#endif /* MA_CGROUP_H */
