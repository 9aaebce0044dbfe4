/* SPDX-License-Identifier: MIT */
/* quiet.h - which parts of a mirrored heap need not be copied again; see quiet.c. */
#ifndef MA_QUIET_H
#define MA_QUIET_H

#include <sys/types.h>

/* Has the next mirror_renew() leave out slabs that have not changed since they were copied. The process stands still. */
void quiet_keep(pid_t pid);

#endif /* MA_QUIET_H */
