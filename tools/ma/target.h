/* SPDX-License-Identifier: MIT */
/* target.h - a live process that libma works in: its mappings, and where libma's roots are; see target.c. */
#ifndef MA_TARGET_H
#define MA_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One line of /proc/PID/maps. */
struct mapping {
	uintptr_t start, end;
	uint64_t offset, inode; /* inode 0: anonymous */
	bool readable, writable, executable, shared;
	char name[256]; /* of the file, or "[heap]" and the like; cut off if it is longer */
};

struct mappings {
	struct mapping *at; /* in address order */
	size_t count;
};

struct target {
	pid_t pid;
	struct mappings mappings;
	char image[256];		/* the file that libma is in */
	uintptr_t text_start, text_end; /* libma's code, if its file holds nothing else; else both 0 */
	uintptr_t data_start, data_end; /* the writable segment of that file */
	struct root *roots; /* the target's, in the order of ours: addresses in the target; size 0 for none */
	size_t root_count;
};

/* The process that the argument of a command names. Exits with a message if there is no such process. */
pid_t target_parse(const char *argument);

/* Finds libma in the process. Exits with a message that says what is wrong and what would help: it is gone, may not
 * be read, is of another word size, does not run libma, or another version of it. */
void target_open(struct target *target, pid_t pid);
void target_close(struct target *target);

/* Where the process has what is listed as a root of that name; 0 if it has none. */
uintptr_t target_place(const struct target *target, const char *name);

/* What the process has loaded at an address: a file, and where that begins in memory. False: nothing is known. */
bool target_file(const struct target *target, uintptr_t at, const char **file, uintptr_t *start);

/* Fails with a message that says why process `pid` may not be inspected, after a call has set errno to `error`. */
__attribute__((noreturn)) void target_refused(pid_t pid, int error);

/* Reads a line of /proc/PID/maps. False: it is none. */
bool mapping_parse(const char *line, struct mapping *mapping);

/* The name that the process was called by, without folders; to be freed. */
char *target_program(pid_t pid);

/* Reads the mappings. False with errno set if that fails, also if the process has none, with ESRCH. */
bool mappings_read(struct mappings *mappings, pid_t pid);
void mappings_free(struct mappings *mappings);

/* The mapping that holds `at`, or NULL. */
const struct mapping *mappings_find(const struct mappings *mappings, uintptr_t at);

/* Copies `size` bytes out of a process. False, with errno set, if that can't be done. */
bool target_read(pid_t pid, uintptr_t from, void *to, size_t size);

/* A number in /proc/PID/status, the first in the line of `field`; -1 if it is not there. */
long target_status(pid_t pid, const char *field);

/* Whether libma is found in the process; says nothing. For lists of processes. */
bool target_runs_libma(pid_t pid);

#endif /* MA_TARGET_H */
