/* SPDX-License-Identifier: MIT */
/*
 * bench_statistics.c - medians, ratios and means for `ma bench`, and what its metrics are called.
 *
 * Allocators are compared by ratios of runs that were made one after the other, never by ratios of medians:
 * what the machine did meanwhile is in both. Ratios are averaged by their geometric mean, for which it is no
 * matter which allocator is the base.
 */
#include <config.h>

#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* Times shorter than this are mostly the kernel's rounding; no ratios are made of them. */
static const double shortest_time = 0.002;

const struct bench_metric_info bench_metrics[METRICS] = {
	[METRIC_WALL] = {"wall", "wall time", "s", 1, 3, false, false},
	[METRIC_USER] = {"user", "user time", "s", 1, 3, false, false},
	[METRIC_SYSTEM] = {"system", "system time", "s", 1, 3, false, false},
	[METRIC_RSS] = {"rss", "peak resident memory", "MiB", 1024, 1, false, false},
	[METRIC_FAULTS] = {"faults", "page faults", "", 1, 0, false, false},
	[METRIC_CALLS] = {"calls", "system calls for memory", "", 1, 0, false, false},
	[METRIC_OVER_LIVE] = {"over-live", "resident over live memory", "", 1, 2, false, true},
	[METRIC_LEFT] = {"left", "still resident after a burst", "%", 0.01, 1, false, true},
	[METRIC_CROWD] = {"crowd", "throughput of many threads over few", "", 1, 2, true, true},
	[METRIC_BLOCKS] = {"blocks", "time beside many free blocks over few", "", 1, 2, false, true},
	[METRIC_MALLOC_P50] = {"malloc-p50", "malloc, median", "ns", 1, 0, false, true},
	[METRIC_MALLOC_P99] = {"malloc-p99", "malloc, 99 %", "ns", 1, 0, false, true},
	[METRIC_MALLOC_P999] = {"malloc-p99.9", "malloc, 99.9 %", "ns", 1, 0, false, true},
	[METRIC_MALLOC_MAX] = {"malloc-max", "malloc, longest", "ns", 1, 0, false, true},
	[METRIC_FREE_P50] = {"free-p50", "free, median", "ns", 1, 0, false, true},
	[METRIC_FREE_P99] = {"free-p99", "free, 99 %", "ns", 1, 0, false, true},
	[METRIC_FREE_P999] = {"free-p99.9", "free, 99.9 %", "ns", 1, 0, false, true},
	[METRIC_FREE_MAX] = {"free-max", "free, longest", "ns", 1, 0, false, true},
};

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Returns the value of which the part `part` of the `count` sorted values is smaller, between two of them if
 * need be. */
static double quantile(const double *sorted, unsigned count, double part)
{
	double place = part * (count - 1);
	unsigned below = (unsigned)place;
	double rest = place - below;

	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] * (1 - rest) + sorted[below + 1] * rest;
}

static struct bench_spread spread_of(double *values, unsigned count)
{
	if (count == 0)
		return (struct bench_spread){0, NAN, NAN, NAN};
	qsort(values, count, sizeof values[0], compare_doubles);
	return (struct bench_spread){
		.count = count,
		.median = quantile(values, count, 0.5),
		.low = quantile(values, count, 0.25),
		.high = quantile(values, count, 0.75),
	};
}

struct bench_spread bench_values(const struct bench *bench, const struct bench_job *job, size_t allocator,
				 enum bench_metric metric)
{
	double values[BENCH_ROUNDS];
	unsigned count = 0;

	for (unsigned round = 0; round < bench->rounds && job->results != NULL; round++) {
		double value = job->results[allocator].value[round][metric];

		if (isfinite(value))
			values[count++] = value;
	}
	return spread_of(values, count);
}

static bool too_short(enum bench_metric metric, double value)
{
	return (metric == METRIC_USER || metric == METRIC_SYSTEM) && value < shortest_time;
}

struct bench_spread bench_ratios(const struct bench *bench, const struct bench_job *job, size_t allocator,
				 size_t base, enum bench_metric metric)
{
	double ratios[BENCH_ROUNDS];
	unsigned count = 0;

	for (unsigned round = 0; round < bench->rounds && job->results != NULL; round++) {
		double value = job->results[allocator].value[round][metric];
		double reference = job->results[base].value[round][metric];

		if (isfinite(value) && isfinite(reference) && reference > 0 && value > 0 &&
		    !too_short(metric, reference) && !too_short(metric, value))
			ratios[count++] = value / reference;
	}
	return spread_of(ratios, count);
}

/* Whether the job counts in the mean over the group. */
static bool is_in_mean(const struct bench *bench, const struct bench_job *job, size_t base,
		       enum bench_metric metric, enum bench_group group)
{
	if (group == GROUPS ? (job->workload->flags & APART) != 0 : job->workload->group != group)
		return false;
	for (size_t i = 0; i < bench->allocator_count; i++) {
		if (bench_ratios(bench, job, i, base, metric).count == 0)
			return false;
	}
	return true;
}

double bench_mean(const struct bench *bench, size_t allocator, size_t base, enum bench_metric metric,
		  enum bench_group group)
{
	double sum = 0;
	unsigned count = 0;

	for (size_t i = 0; i < bench->job_count; i++) {
		if (!is_in_mean(bench, &bench->jobs[i], base, metric, group))
			continue;
		sum += log(bench_ratios(bench, &bench->jobs[i], allocator, base, metric).median);
		count++;
	}
	return count > 0 ? exp(sum / count) : NAN;
}

/* Whether `value` is better than the best one so far, which may be NAN. */
static bool is_better(enum bench_metric metric, double value, double best)
{
	if (!isfinite(value))
		return false;
	return !isfinite(best) || (bench_metrics[metric].more_is_better ? value > best : value < best);
}

size_t bench_best_peer(const struct bench *bench, const struct bench_job *job, enum bench_metric metric)
{
	size_t best = SIZE_MAX;
	double best_value = NAN;

	for (size_t i = 0; i < bench->allocator_count; i++) {
		double value = bench_values(bench, job, i, metric).median;

		if (i == bench->ours || !is_better(metric, value, best_value))
			continue;
		best = i;
		best_value = value;
	}
	return best;
}

size_t bench_best_mean(const struct bench *bench, enum bench_metric metric, enum bench_group group)
{
	size_t best = SIZE_MAX;
	double best_value = NAN;

	for (size_t i = 0; i < bench->allocator_count; i++) {
		double value = bench_mean(bench, i, bench->base, metric, group);

		if (i == bench->ours || !is_better(metric, value, best_value))
			continue;
		best = i;
		best_value = value;
	}
	return best;
}

bool bench_has_metric(const struct bench *bench, const struct bench_job *job, enum bench_metric metric)
{
	for (size_t i = 0; i < bench->allocator_count; i++) {
		if (bench_values(bench, job, i, metric).count > 0)
			return true;
	}
	return false;
}

unsigned bench_failures(const struct bench *bench)
{
	unsigned failures = 0;

	for (size_t i = 0; i < bench->job_count; i++) {
		for (size_t j = 0; j < bench->allocator_count && bench->jobs[i].results != NULL; j++)
			failures += bench->jobs[i].results[j].failure != NULL;
	}
	return failures;
}
