/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - what `ma` uses to have a process copied by fork: code that waits to be entered by a thread that
 * `ma` has stopped, and does no harm whatever becomes of `ma`; see snapshot.c. The process itself never calls
 * it.
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
	int64_t made;  /* number of the copy; below 0: minus errno; 0: not yet */
	uint64_t done; /* 1: nothing is left of making it, and the thread may be fetched */
	int64_t tool;  /* ma's number */
	/* So long thread and copy wait until they look for ma; in seconds and nanoseconds. */
	uint64_t pause[2];
	uint64_t pauses; /* and so often, if it lives */
	uint64_t all_signals, no_signals;
	uint64_t signals;			/* that the thread had blocked */
	uint64_t adopts;			/* is set if the process inherits orphans */
	uint64_t registers[SNAPSHOT_REGISTERS]; /* that the thread goes on with if nobody fetches it */
	uint64_t pieces;			/* of ma_snapshot_pieces that are filled in */
};

/* Memory that the process has told fork to leave out: the copy shall have it, and the process's children again not. */
struct snapshot_piece {
	uint64_t first, count;	/* pages of 4 KiB: so this is no pointer to who looks for leaks */
	uint32_t before, after; /* what madvise(2) is told, before and after the copy is made */
};

#define SNAPSHOT_PIECES 4096

#define SNAPSHOT_ADOPTS 10 /* minus this, ECHILD, is what was made of a process that inherits orphans */

extern struct snapshot ma_snapshot __attribute__((visibility("hidden")));
extern struct snapshot_piece ma_snapshot_pieces[SNAPSHOT_PIECES] __attribute__((visibility("hidden")));

/* Code, at which the thread begins. It has nothing but its stack pointer left. */
extern const char ma_snapshot_enter[] __attribute__((visibility("hidden")));

#define SNAPSHOT_CODE_BYTES 640

#endif

#endif /* MA_SNAPSHOT_H */
