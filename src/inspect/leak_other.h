/* SPDX-License-Identifier: MIT */
/* leak_other.h - a leak check of another process: what `ma leaks` asks for; see leak.h. */
#ifndef MA_LEAK_OTHER_H
#define MA_LEAK_OTHER_H

#include "base.h"

/* A thread that stands still, or this one. */
struct leak_thread {
	struct leak_thread *next;
	const char *sp;		    /* what is in use of its stack begins here */
	const uintptr_t *registers; /* that are not saved there */
	size_t register_words;
};

/* Another process, whose memory was copied to where it was. It stands still, or what stands for it does. */
struct leak_other {
	long number; /* whose report it is */
	const char *program;
	int pid;		    /* whose memory stands for its */
	const char *maps, *pagemap; /* of that one: files in /proc */
	struct leak_thread *threads;
	unsigned threads_missed;
	/* Is asked about each lost object: false if it is not to count as lost. NULL: all count. */
	bool (*is_lost)(const void *start);
	bool whole; /* go no further if it was in the middle of a change */
	bool torn;  /* result: it was */
};

/* As ma_leak_check(), of another process. The caller sees to it that nobody changes the copy. */
int ma_leak_check_other(int fd, struct leak_other *other);

#endif /* MA_LEAK_OTHER_H */
