/* SPDX-License-Identifier: MIT */
/*
 * leaks.h - leak reports as libma writes them, and what ma makes of them.
 *
 *   leaks_run.c       has a program report its leaks, and collects the reports of its processes
 *   leaks_read.c      reads a report
 *   leaks_symbols.c   finds function, file and line of each frame; leaks_symbols_none.c can't, in a build without libdw
 *   leaks_suppress.c  knows which leaks are not to be told of
 *   leaks_write.c     writes it all as text or JSON
 */
#ifndef MA_LEAKS_H
#define MA_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum leak_kind { LEAK_DEFINITE, LEAK_INDIRECT, LEAK_POSSIBLE, LEAK_REACHABLE, LEAK_KINDS };

extern const char *const leak_kind_names[LEAK_KINDS];

struct leak_count {
	uint64_t bytes, allocations;
};

/* A return address. What is not known is NULL or 0. */
struct leak_frame {
	uint64_t address;
	char *object;	   /* file that was loaded there */
	uint64_t distance; /* from where it begins in memory */
	char *function;
	char *source; /* file */
	int line;
};

/* Allocations of one kind, made at one place or of about one size. */
struct leak_group {
	enum leak_kind kind;
	struct leak_count count;
	struct leak_count behind; /* indirectly lost with them */
	uint64_t most;		  /* bytes of the largest */
	uint64_t first;		  /* address of the one with the lowest */
	struct leak_frame *frame; /* innermost first */
	size_t frames;
	bool suppressed;
};

struct leak_process {
	long process;
	char *program;
	struct leak_count total[LEAK_KINDS];
	char **note;
	size_t notes;
	struct leak_group *group; /* the largest first, kind by kind */
	size_t groups;
};

struct leak_report {
	struct leak_process *process; /* by number */
	size_t processes;
};

/* Reads the report in `file` and adds it. False: it is none, or not whole. */
bool leaks_read(struct leak_report *report, FILE *file);

/* Reads "ADDRESS[ OBJECT+DISTANCE[ (FUNCTION)]]", as a frame stands in a report. False: that is none. */
bool leaks_read_frame(struct leak_frame *frame, const char *text);

/* Fills in function, source and line of all frames, as far as they can be found. */
void leaks_find_symbols(struct leak_report *report);

/* The same for frames that are no report's. */
void leaks_find_frames(struct leak_frame *frame, size_t frames);

struct leak_suppressions;

/* Reads one more file of suppressions, in LeakSanitizer's or in Valgrind's format, into `*suppressions`, at first NULL.
 * Exits with EXIT_OWN_FAILURE and says where if it can't be read or understood. */
void leaks_read_suppressions(struct leak_suppressions **suppressions, const char *path);

/* Marks what they apply to. */
void leaks_suppress(struct leak_report *report, const struct leak_suppressions *suppressions);

/* Writes all that is lost, definitely or possibly, and not suppressed. */
void leaks_write_text(const struct leak_report *report, FILE *file);
void leaks_write_json(const struct leak_report *report, FILE *file);

/* A frame as a line of a report. */
void leaks_write_frame(const struct leak_frame *frame, FILE *file);

/* How many allocations are definitely lost, or indirectly with them, and not suppressed. */
uint64_t leaks_count(const struct leak_report *report);

/* What `ma run` was asked for. */
struct leaks_request {
	bool wanted;
	const char *file; /* "-": standard error */
	int exit_status;  /* to end with if something is lost; -1: PROGRAM's own */
	struct leak_suppressions *suppressions;
};

/* Has the processes of a program that is run next write what they have lost to a folder, and returns its name. */
char *leaks_begin(void);

/* When that program has ended: reads what is in the folder, and removes it and its name. */
void leaks_collect(struct leak_report *report, char *folder);

/* Writes the report on a program that ended so, as waitpid(2) told. Returns how many allocations are lost, as leaks_count()
 * does, and whether the report could not be written. */
uint64_t leaks_end(const struct leaks_request *request, struct leak_report *report, int ended, bool *failed);

#endif /* MA_LEAKS_H */
