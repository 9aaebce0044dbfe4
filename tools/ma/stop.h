/* SPDX-License-Identifier: MIT */
/* stop.h - all threads of a process stand still for a while, and go on unharmed; see stop.c. */
#ifndef MA_STOP_H
#define MA_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MOST_REGISTER_BYTES = 1024, MOST_VECTOR_BYTES = 3072 };

struct stopped_thread {
	pid_t tid;
	bool stopped; /* false: it sleeps in the kernel and can't be stopped, or is gone */
	bool gone;
	bool by_job_control;			  /* it stood still before */
	int signal;				  /* that it was about to get, 0 if none */
	uintptr_t program_counter, stack_pointer; /* 0: not known */
	uintptr_t thread_pointer;		  /* the same */
	bool blocked_known;
	uint64_t blocked; /* signals, a bit for each */
	size_t register_bytes;
	_Alignas(16) char registers[MOST_REGISTER_BYTES]; /* the general ones */
	size_t vector_bytes;
	_Alignas(16) char vectors
		[MOST_VECTOR_BYTES]; /* those of floating point and vectors, as far as there is room */
};

struct stopped {
	pid_t pid;
	struct stopped_thread *thread;
	size_t count, room;
};

/* Stops every thread. 0, or errno: ESRCH if the process has ended, EPERM if it may not be done. */
int stop_all(struct stopped *stopped, pid_t pid);

/* What tells whether a thread is inside of something. */
struct stop_inside {
	uintptr_t start, end; /* its code; the same: not known */
	/* From a thread's pointer to an unsigned that is not 0 while the thread is inside, in whatever code. 0: there is none;
	 * then a return address into the code on top of the thread's stack counts, which may be old. */
	uintptr_t mark;
};

/* Lets threads that are inside run on until they are outside, one at a time and for a few milliseconds at most. Returns
 * how many are still inside. */
size_t stop_outside(struct stopped *stopped, const struct stop_inside *inside);

/* Reads the vector registers of all. */
void stop_read_vectors(struct stopped *stopped);

/* Lets one thread run alone, with other general registers, which have as many bytes, and all signals blocked.
 * False: it stands still as before. */
bool stop_send(struct stopped_thread *thread, const void *registers);

/* Lets it go on if it has stopped on its way. False: it is gone. */
bool stop_keep_running(struct stopped_thread *thread);

/* Is it in a restartable sequence (rseq(2)), which the kernel would not know of any more if it were sent
 * elsewhere? */
bool stop_in_sequence(const struct stopped *stopped, const struct stopped_thread *thread);

/* Stops it again. If it is in the code [start, end) it has its own registers and signals again. False: it may
 * be there still. */
bool stop_fetch(const struct stopped *stopped, struct stopped_thread *thread, uintptr_t start, uintptr_t end);

/* Lets all go on; what is known of them stays. */
void stop_release(struct stopped *stopped);

/* Lets those go, too, that had not stopped in time: they may do so any moment, and would stand still then. */
void stop_settle(struct stopped *stopped);

void stop_forget(struct stopped *stopped);

/* Microseconds of a clock that goes on evenly. */
uint64_t now_us(void);

#endif /* MA_STOP_H */
