/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what the files of `ma bench` share.
 *
 *   bench.c             the command line, and the order of things
 *   bench_allocator.c   which allocators there are, and the proof that each serves malloc
 *   bench_workload.c    the table of workloads
 *   bench_program.c     the real programs' inputs and commands
 *   bench_run.c         one run: a workload under an allocator
 *   bench_proof.c       who serves the malloc of a real program
 *   bench_round.c       all runs, in which order, and the progress shown meanwhile
 *   bench_statistics.c  medians, ratios, means
 *   bench_table.c       results for a terminal
 *   bench_json.c, bench_csv.c, bench_html.c, bench_chart.c   and in files
 *
 * A *workload* is something to run, an *allocator* is what it runs on, a *run* is one process, and a *round* is
 * one run of every workload under every allocator. Run `i` of one allocator is compared with run `i` of
 * another: they were made one after the other, when the machine was in the same mood.
 */
#ifndef MA_BENCH_H
#define MA_BENCH_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../../bench/report.h"

enum { BENCH_ALLOCATORS = 16, BENCH_ROUNDS = 99 };

/* What is measured. */

enum bench_metric {
	METRIC_WALL,
	METRIC_USER,
	METRIC_SYSTEM,
	METRIC_RSS,
	METRIC_FAULTS,
	METRIC_CALLS,
	METRIC_OVER_LIVE,
	METRIC_LEFT,
	METRIC_CROWD,
	METRIC_BLOCKS,
	METRIC_MALLOC_P50,
	METRIC_MALLOC_P99,
	METRIC_MALLOC_P999,
	METRIC_MALLOC_MAX,
	METRIC_FREE_P50,
	METRIC_FREE_P99,
	METRIC_FREE_P999,
	METRIC_FREE_MAX,
	METRICS
};

struct bench_metric_info {
	const char *name;  /* in files and on the command line */
	const char *title; /* for people */
	const char *unit;  /* in which it is shown; "" for none */
	double scale;	   /* shown is the value divided by this */
	int decimals;
	bool more_is_better;
	bool is_ratio; /* compares as it is; else it is shown relative to the base */
};

extern const struct bench_metric_info bench_metrics[METRICS];

/* Workloads. */

enum bench_group {
	GROUP_SMALL,
	GROUP_LARGE,
	GROUP_THREADS,
	GROUP_MEMORY,
	GROUP_PROGRAMS,
	GROUP_START,
	GROUP_LATENCY,
	GROUP_COMMAND, /* the user's own */
	GROUPS
};

extern const char *const bench_group_names[GROUPS];

enum bench_flag {
	THREADED = 1,	    /* takes --threads */
	NEEDS_THREADS = 2,  /* is no good on a libma without threads; so are those that are THREADED */
	APART = 4,	    /* is not part of the means over all workloads */
	REPEATED = 8,	    /* runs many times in one run: its time is the mean */
	ANY_OUTPUT = 16,    /* what it prints is not the same each time */
	FIGURE_CROWD = 32,  /* its own figure is METRIC_CROWD */
	FIGURE_LEFT = 64,   /* or METRIC_LEFT */
	FIGURE_BLOCKS = 128 /* or METRIC_BLOCKS */
};

struct bench_workload {
	const char *name;
	enum bench_group group;
	const char *command; /* ma-workload's arguments, or a program's command: see bench_program.c */
	const char *needs;   /* programs, with blanks between; NULL for a workload of ma-workload */
	unsigned flags;	     /* of enum bench_flag */
	const char *summary;
};

extern const struct bench_workload bench_workloads[];
extern const size_t bench_workload_count;

/* Allocators. */

struct bench_allocator {
	char *name;
	char *path;    /* the library, absolute */
	char *preload; /* what LD_PRELOAD gets: the same, or a link to it without blanks and colons */
	dev_t device;  /* which file that is, however it is called */
	ino_t inode;
};

/* Results. */

/* All runs of a workload under an allocator. */
struct bench_result {
	double value[BENCH_ROUNDS][METRICS]; /* NAN: not measured */
	char *failure;			     /* why there are no more runs, or NULL */
	bool traced;			     /* whether `calls` was counted */
	uint64_t calls[CALLS];
	uint32_t samples; /* of the first round */
	struct report_sample *sample;
};

/* A workload that was asked for. */
struct bench_job {
	const struct bench_workload *workload;
	char **command;		      /* ready to be executed; NULL if the job is skipped */
	char *skipped;		      /* why, or NULL */
	struct bench_result *results; /* one for each allocator */
	uint64_t checksum;	      /* of what was done or printed: the same under all of them */
	size_t checked_by;	      /* the allocator that it is from */
	bool has_checksum;
};

struct bench_options {
	unsigned runs;
	unsigned threads;
	bool quick;
	bool trace;
	unsigned repeat;   /* of the workloads that are REPEATED */
	double time_limit; /* seconds for a run */
	const char *only, *allocators, *base, *metrics;
	const char *json, *csv, *html;
	const char **libraries; /* NAME=PATH, of --lib */
	size_t library_count;
	char **command; /* the user's own program, or NULL */
};

struct bench {
	struct bench_options options;
	struct bench_allocator allocators[BENCH_ALLOCATORS];
	size_t allocator_count;
	size_t base; /* the allocator that the others are compared with */
	size_t ours; /* libma */
	struct bench_job *jobs;
	size_t job_count;
	unsigned rounds;	    /* done */
	unsigned seconds;	    /* that all took */
	bool metrics[METRICS];	    /* which the tables show */
	char *folder;		    /* for files that do not stay */
	char *work;		    /* the folder in it where workloads run */
	char *measurer, *workloads; /* the programs ma-measure and ma-workload */
	struct report *report;	    /* of the run that is under way or was the last */
	int report_fd;
};

/* bench_allocator.c */

/* Fills in the list of allocators. Exits if one that was asked for can't be had. */
void bench_find_allocators(struct bench *bench);

/* Runs a small program under each allocator, and exits if it is not the one that serves malloc there. */
void bench_prove_allocators(struct bench *bench);

/* Whether the file `path` is the library of `allocator`. */
bool bench_is_library(const struct bench_allocator *allocator, const char *path);

/* bench_workload.c */

/* Prints all workloads. */
void bench_list_workloads(void);

/* Makes jobs of the workloads that were asked for. Exits if there are none. */
void bench_find_jobs(struct bench *bench);

/* bench_program.c */

/* Makes the inputs that the jobs' programs need, and their commands; skips what the machine lacks. */
void bench_prepare_programs(struct bench *bench);

/* bench_run.c */

enum bench_pass {
	PASS_PROOF, /* system calls are counted, and who serves a program's malloc is found out */
	PASS_TIMED
};

/* Finds ma-measure and ma-workload, and makes the folder and the report that runs need. */
void bench_open(struct bench *bench);

/* Takes all of that away again, also when ma exits. */
void bench_close(void);

/* Runs the job under the allocator. PASS_TIMED fills in round `round` of its result, PASS_PROOF what does not
 * depend on the round. A failure goes to the result. */
void bench_run(struct bench *bench, struct bench_job *job, size_t allocator, enum bench_pass pass,
	       unsigned round);

/* Makes the environment of this process that of a workload, of which nothing depends on the machine or the
 * user. */
void bench_set_environment(const struct bench *bench);

/* Whether the user asked ma to end. */
bool bench_is_interrupted(void);

/* Exits if so. */
void bench_check_interrupt(void);

/* Runs ma-measure with these arguments, in bench->work or, for the user's own program, where ma was started.
 * Returns whether it filled in bench->report. */
bool bench_measure(const struct bench *bench, const char *flags, const struct bench_allocator *allocator,
		   unsigned repeat, char *const *command, bool in_folder);

/* Returns what went wrong in the run just made, to be freed, or NULL. */
char *bench_run_failure(const struct bench *bench);

/* Returns the name of a file in bench->folder, to be freed. */
char *bench_file(const struct bench *bench, const char *name);

/* bench_proof.c */

/* Returns why the program that was just run, for PASS_PROOF, is not proven to be served by the allocator, to be
 * freed, or NULL if it is. */
char *bench_check_bindings(const struct bench *bench, const struct bench_allocator *allocator);

/* bench_round.c */

/* Makes all runs. */
void bench_all_rounds(struct bench *bench);

/* bench_statistics.c */

struct bench_spread {
	unsigned count;		  /* values; if it is 0, all else is NAN */
	double median, low, high; /* low and high are the quartiles */
};

/* Of a metric's values in all rounds. */
struct bench_spread bench_values(const struct bench *bench, const struct bench_job *job, size_t allocator,
				 enum bench_metric metric);

/* Of the ratios of one allocator's values to another's, round by round. */
struct bench_spread bench_ratios(const struct bench *bench, const struct bench_job *job, size_t allocator,
				 size_t base, enum bench_metric metric);

/* Returns the geometric mean of the medians of the ratios to `base`, over the group's workloads, or, for GROUPS,
 * over all but those that stand apart; NAN if there is none. Only workloads for which all allocators have the
 * metric count, so that means can be compared. */
double bench_mean(const struct bench *bench, size_t allocator, size_t base, enum bench_metric metric,
		  enum bench_group group);

/* Returns the allocator, other than libma, that does best at the workload; SIZE_MAX if none has the metric. */
size_t bench_best_peer(const struct bench *bench, const struct bench_job *job, enum bench_metric metric);

/* Returns the peer whose mean is best, over the group or all; SIZE_MAX if there is none. */
size_t bench_best_mean(const struct bench *bench, enum bench_metric metric, enum bench_group group);

/* Whether any run measured it. */
bool bench_has_metric(const struct bench *bench, const struct bench_job *job, enum bench_metric metric);

/* Output. */

void bench_print_tables(const struct bench *bench);
void bench_write_json(const struct bench *bench, FILE *file);
void bench_write_csv(const struct bench *bench, FILE *file);
void bench_write_html(const struct bench *bench, FILE *file);

/* Returns a line about the machine, to be freed. */
char *bench_machine(void);

/* Returns the number of runs that failed: pairs of a workload and an allocator. */
unsigned bench_failures(const struct bench *bench);

/* Returns `count` zeroed elements of `size` bytes. Exits if there is no memory. */
void *bench_memory(size_t count, size_t size);

#endif /* MA_BENCH_H */
