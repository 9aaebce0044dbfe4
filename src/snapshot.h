/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - what `ma` uses to have a process copied by fork: code that waits to be entered by a thread that `ma` has
 * stopped, and does no harm whatever becomes of `ma`; see snapshot.c. The process itself never calls it.
 */
#ifndef MA_SNAPSHOT_H
#define MA_SNAPSHOT_H

#include "base.h"

/* Is it there on this machine? */
#if defined(__x86_64__) && defined(__LP64__)
#define MA_SNAPSHOT 1
#else
#define MA_SNAPSHOT 0
#endif

#if MA_SNAPSHOT

#define SNAPSHOT_REGISTERS 27 /* in struct user_regs_struct */

/* Filled in from outside before a thread is sent to ma_snapshot_enter(). */
struct snapshot {
	int64_t made;				/* number of the copy; below 0: minus errno; 0: not yet */
	uint64_t seconds, nanoseconds;		/* the copy ends after that, if nobody ends it before */
	uint64_t all_signals;			/* all bits */
	uint64_t signals;			/* that the thread had blocked */
	uint64_t registers[SNAPSHOT_REGISTERS]; /* that it goes on with */
};

extern struct snapshot ma_snapshot __attribute__((visibility("hidden")));

/* Code, at which the thread begins. It has nothing but its stack pointer left. */
extern const char ma_snapshot_enter[] __attribute__((visibility("hidden")));

#define SNAPSHOT_CODE_BYTES 512

#endif

#endif /* MA_SNAPSHOT_H */
