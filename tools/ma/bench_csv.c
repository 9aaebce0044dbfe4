/* SPDX-License-Identifier: MIT */
/*
 * bench_csv.c - the results of `ma bench` as comma-separated values: one line for each run, one column for each
 * metric, in the units of the machine (seconds, KiB, nanoseconds, parts of 1); empty where nothing was measured.
 */
#include <config.h>

#include "bench.h"

static void write_run(const struct bench *bench, const struct bench_job *job, size_t allocator,
		      unsigned round, FILE *file)
{
	const struct bench_workload *workload = job->workload;
	const struct bench_result *result = &job->results[allocator];

	if (!isfinite(result->value[round][METRIC_WALL]))
		return;
	fprintf(file, "%s,%s,%s,%u", workload->name, bench_group_names[workload->group],
		bench->allocators[allocator].name, round + 1);
	for (unsigned metric = 0; metric < METRICS; metric++) {
		double value = result->value[round][metric];

		fputc(',', file);
		if (isfinite(value))
			fprintf(file, "%.9g", value);
	}
	fputc('\n', file);
}

void bench_write_csv(const struct bench *bench, FILE *file)
{
	fputs("workload,group,allocator,run", file);
	for (unsigned metric = 0; metric < METRICS; metric++)
		fprintf(file, ",%s", bench_metrics[metric].name);
	fputc('\n', file);
	for (size_t i = 0; i < bench->job_count; i++) {
		for (size_t j = 0; j < bench->allocator_count && bench->jobs[i].results != NULL; j++) {
			for (unsigned round = 0; round < bench->rounds; round++)
				write_run(bench, &bench->jobs[i], j, round, file);
		}
	}
}
