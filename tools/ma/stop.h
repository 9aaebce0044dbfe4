/* SPDX-License-Identifier: MIT */
/* stop.h - all threads of a process stand still for a while, and go on unharmed; see stop.c. */
#ifndef MA_STOP_H
#define MA_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MOST_REGISTER_BYTES = 1024 };

struct stopped_thread {
	pid_t tid;
	bool stopped; /* false: it sleeps in the kernel and can't be stopped, or is gone */
	bool gone;
	int signal;				  /* that it was about to get, 0 if none */
	uintptr_t program_counter, stack_pointer; /* 0: not known */
	size_t register_bytes;
	char registers[MOST_REGISTER_BYTES]; /* the general ones */
};

struct stopped {
	pid_t pid;
	struct stopped_thread *thread;
	size_t count, room;
};

/* Stops every thread. 0, or errno: ESRCH if the process has ended, EPERM if it may not be done. */
int stop_all(struct stopped *stopped, pid_t pid);

/* Lets threads that are inside the code [start, end), or a function that it called, run on until they are outside, one
 * at a time and for a few milliseconds at most. Returns how many are still inside. */
size_t stop_outside(struct stopped *stopped, uintptr_t start, uintptr_t end);

/* Lets all go on; what is known of them stays. */
void stop_release(struct stopped *stopped);

void stop_forget(struct stopped *stopped);

#endif /* MA_STOP_H */
