/* SPDX-License-Identifier: MIT */
/* attach.h - the library's readers of the heap, at work on the heap of a live process; see attach.c. */
#ifndef MA_ATTACH_H
#define MA_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "stop.h"
#include "target.h"

/* What a reader may know besides what it finds in the library's own variables, which are the process's. */
struct subject_process {
	const struct target *target;
	const struct stopped
		*threads; /* with their registers; NULL in a first reading, whose result does not count */
	pid_t memory;	  /* the process whose memory is read: that one, or a copy of it */
	bool last;	  /* what is found now is the result, be it as it may */
};

/* What of the process is read. */
enum attach_depth {
	ATTACH_HEAP,  /* the heap, but not what lies in its objects */
	ATTACH_AUDIT, /* the same for who counts: no thread is in the middle of so much as a pop or a push */
	ATTACH_SITES, /* the same with the sites of its objects, if they are kept: these are as large as the heap */
	ATTACH_CONTENTS, /* all of its memory */
};

/* Writes a report on the heap to the descriptor `output`. Returns how many faults it met in the heap: if it met any, the
 * process may have been stopped in the middle of a change, and is looked at once more. */
typedef int attach_reader(int output, const struct subject_process *process, void *arg);

struct attach_result {
	int faults;		 /* as the reader returned */
	int report;		 /* a file that holds the report, at its beginning; the caller closes it */
	size_t inside;		 /* threads that could not be stopped outside of libma */
	bool locked;		 /* something in libma was being changed at that */
	bool torn;		 /* some of it was copied after the process went on */
	char image[256];	 /* the file that libma is in */
	bool snapshot;		 /* a copy of the process was read, see snapshot.h */
	const char *no_snapshot; /* why not; NULL: it was not tried, or there was no good moment */
	unsigned attempts;
	uint64_t stopped_us; /* how long the process stood still, the longest time */
	size_t copied_bytes;
};

/* Has the process stopped for a moment, and its heap read. Exits with a message if that can't be done. */
struct attach_result attach_read(pid_t pid, enum attach_depth depth, attach_reader *reader, void *arg);

/* Writes the report to a file, and closes it. */
void attach_print(struct attach_result *result, FILE *out);

#endif /* MA_ATTACH_H */
