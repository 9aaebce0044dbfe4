/* SPDX-License-Identifier: MIT */
/* measure.h - the parts of ma-measure: see measure.c, measure_sample.c and measure_trace.c. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "report.h"

/* Memory over time (measure_sample.c). */

struct sampler {
	struct report *report;
	bool tree;	 /* the program's children count as well */
	double start;	 /* when the run began */
	double interval; /* seconds between two samples; doubles whenever the report is full */
	double next;	 /* when the next one is due */
};

void sampler_start(struct sampler *sampler, struct report *report, bool tree, double start);

/* Takes a sample of the process `pid` if one is due at the time `now`. */
void sampler_tick(struct sampler *sampler, pid_t pid, double now);

/* System calls for memory (measure_trace.c). */

/* In the child, between fork and exec, when the parent has seized it: has the kernel stop it and all its
 * children at each of them. */
bool trace_install_filter(void);

/* Seizes the child `pid`, which waits for that. */
bool trace_seize(pid_t pid);

/* Lets the seized child run to its end, or until a signal handler kills it, counts its calls, and returns
 * its wait status. */
int trace_until_end(pid_t pid, struct report_measured *measured);

#endif /* BENCH_MEASURE_H */
