/* SPDX-License-Identifier: MIT */
/* bench_chart.h - the charts of `ma bench --html`; see bench_chart.c. */
#ifndef MA_BENCH_CHART_H
#define MA_BENCH_CHART_H

#include <stdio.h>

#include "bench.h"

/* Mean time against mean memory: a point for each allocator. */
void bench_chart_overview(const struct bench *bench, FILE *file);

/* Ratios to the base: a row for each workload, in which each allocator has its place. */
void bench_chart_ratios(const struct bench *bench, enum bench_metric metric, FILE *file);

/* The job's latencies of malloc and free: a row for each percentile. Nothing, if it has none. */
void bench_chart_latency(const struct bench *bench, const struct bench_job *job, FILE *file);

/* The job's memory over time: a line for each allocator. */
void bench_chart_memory(const struct bench *bench, const struct bench_job *job, FILE *file);

/* Whether there is enough of it for a chart. */
bool bench_has_memory(const struct bench *bench, const struct bench_job *job);

/* An allocator's mark, as a small picture for the legend. */
void bench_chart_mark(const struct bench *bench, size_t allocator, FILE *file);

/* Text for HTML. */
void bench_html_text(const char *text, FILE *file);

#endif /* MA_BENCH_CHART_H */
