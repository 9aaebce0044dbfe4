/* SPDX-License-Identifier: MIT */
/*
 * timer.h - calls a function now and then, on a snapshot of the process: for reports while the program runs.
 * timer_single.c, the twin of timer.c in a build without threads, can't.
 */
#ifndef MA_TIMER_H
#define MA_TIMER_H

#include "base.h"

/* How what is done on a snapshot ends. */
enum timer_end {
	TIMER_DONE,
	TIMER_FAILED, /* which the next one is told, so that it is not said again */
	TIMER_AGAIN   /* the heap was just being changed, so another snapshot is needed */
};

typedef enum timer_end timer_task(bool failed_before);

/* Begins to call `task` every `period` milliseconds. False: it can't. Two of them at most. */
bool ma_timer_start(unsigned period, timer_task *task);

/* From here on there are no calls; waits for one that is under way. */
void ma_timer_stop(void);

#endif /* MA_TIMER_H */
