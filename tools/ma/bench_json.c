/* SPDX-License-Identifier: MIT */
/*
 * bench_json.c - the results of `ma bench` as JSON: all runs, and what was made of them.
 *
 *   {
 *     "libma": VERSION, "machine": TEXT, "quick": BOOL, "runs": N, "threads": N, "seconds": N,
 *     "base": NAME,
 *     "allocators": [{"name", "library"}],
 *     "metrics": {NAME: {"title", "more_is_better"}},
 *     "workloads": [{"name", "group", "summary", "apart", "skipped": TEXT or null,
 *       "results": [{"allocator", "failure": TEXT or null, "system_calls": {NAME: N} or null,
 *         "runs": {METRIC: [N or null]}, "median": {METRIC: N}, "ratio": {METRIC: {"median", "low", "high"}},
 *         "memory": [[SECONDS, RESIDENT, LIVE]]}]}],
 *     "means": {METRIC: {GROUP or "all": {ALLOCATOR: N}}}
 *   }
 *
 * Numbers are in the units of the machine: seconds, KiB, nanoseconds, parts of 1, and bytes in "memory".
 */
#include <config.h>

#include "bench.h"

#include <stdlib.h>

static const char *const call_names[CALLS] = {
	[CALL_BRK] = "brk",	  [CALL_MMAP] = "mmap",	      [CALL_MUNMAP] = "munmap",
	[CALL_MREMAP] = "mremap", [CALL_MADVISE] = "madvise", [CALL_MPROTECT] = "mprotect",
};

static void write_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		unsigned char letter = (unsigned char)*text;

		if (letter == '"' || letter == '\\')
			fprintf(file, "\\%c", letter);
		else if (letter < 0x20)
			fprintf(file, "\\u%04x", letter);
		else
			fputc(letter, file);
	}
	fputc('"', file);
}

static void write_name(FILE *file, const char *name)
{
	write_string(file, name);
	fputs(": ", file);
}

static void write_number(FILE *file, double number)
{
	if (isfinite(number))
		fprintf(file, "%.9g", number);
	else
		fputs("null", file);
}

/* Writes the text or null. */
static void write_optional(FILE *file, const char *text)
{
	if (text != NULL)
		write_string(file, text);
	else
		fputs("null", file);
}

/* Writes what comes between two elements, and from then on that there are elements. */
static void separate(FILE *file, bool *any, const char *separator)
{
	if (*any)
		fputs(separator, file);
	*any = true;
}

static void write_calls(const struct bench_result *result, FILE *file)
{
	fputs(", \"system_calls\": ", file);
	if (!result->traced) {
		fputs("null", file);
		return;
	}
	for (unsigned i = 0; i < CALLS; i++)
		fprintf(file, "%s\"%s\": %llu", i == 0 ? "{" : ", ", call_names[i],
			(unsigned long long)result->calls[i]);
	fputc('}', file);
}

static void write_runs(const struct bench *bench, const struct bench_job *job, size_t allocator, FILE *file)
{
	bool any = false;

	fputs(",\n       \"runs\": {", file);
	for (unsigned metric = 0; metric < METRICS; metric++) {
		if (bench_values(bench, job, allocator, (enum bench_metric)metric).count == 0)
			continue;
		separate(file, &any, ", ");
		write_name(file, bench_metrics[metric].name);
		for (unsigned round = 0; round < bench->rounds; round++) {
			fputs(round == 0 ? "[" : ", ", file);
			write_number(file, job->results[allocator].value[round][metric]);
		}
		fputc(']', file);
	}
	fputc('}', file);
}

static void write_medians(const struct bench *bench, const struct bench_job *job, size_t allocator,
			  FILE *file)
{
	bool any = false;

	fputs(",\n       \"median\": {", file);
	for (unsigned metric = 0; metric < METRICS; metric++) {
		struct bench_spread values = bench_values(bench, job, allocator, (enum bench_metric)metric);

		if (values.count == 0)
			continue;
		separate(file, &any, ", ");
		write_name(file, bench_metrics[metric].name);
		write_number(file, values.median);
	}
	fputs("},\n       \"ratio\": {", file);
	any = false;
	for (unsigned metric = 0; metric < METRICS; metric++) {
		struct bench_spread ratio = bench_ratios(bench, job, allocator, bench->base,
							 (enum bench_metric)metric);

		if (ratio.count == 0)
			continue;
		separate(file, &any, ", ");
		write_name(file, bench_metrics[metric].name);
		fprintf(file, "{\"median\": %.6g, \"low\": %.6g, \"high\": %.6g}", ratio.median, ratio.low,
			ratio.high);
	}
	fputc('}', file);
}

static void write_result(const struct bench *bench, const struct bench_job *job, size_t allocator, FILE *file)
{
	const struct bench_result *result = &job->results[allocator];

	fputs("\n      {\"allocator\": ", file);
	write_string(file, bench->allocators[allocator].name);
	fputs(", \"failure\": ", file);
	write_optional(file, result->failure);
	write_calls(result, file);
	write_runs(bench, job, allocator, file);
	write_medians(bench, job, allocator, file);
	fputs(",\n       \"memory\": [", file);
	for (uint32_t i = 0; i < result->samples; i++)
		fprintf(file, "%s[%.4f, %llu, %llu]", i > 0 ? ", " : "", (double)result->sample[i].time,
			(unsigned long long)result->sample[i].resident,
			(unsigned long long)result->sample[i].live);
	fputs("]}", file);
}

static void write_workload(const struct bench *bench, const struct bench_job *job, FILE *file)
{
	fputs("\n    {\"name\": ", file);
	write_string(file, job->workload->name);
	fputs(", \"group\": ", file);
	write_string(file, bench_group_names[job->workload->group]);
	fputs(", \"summary\": ", file);
	write_string(file, job->workload->summary);
	fprintf(file,
		", \"apart\": %s, \"skipped\": ", (job->workload->flags & APART) != 0 ? "true" : "false");
	write_optional(file, job->skipped);
	fputs(", \"results\": [", file);
	for (size_t i = 0; i < bench->allocator_count && job->results != NULL; i++) {
		if (i > 0)
			fputc(',', file);
		write_result(bench, job, i, file);
	}
	fputs("]}", file);
}

static void write_group_means(const struct bench *bench, enum bench_metric metric, unsigned group, FILE *file)
{
	write_name(file, group == GROUPS ? "all" : bench_group_names[group]);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		fputs(i == 0 ? "{" : ", ", file);
		write_name(file, bench->allocators[i].name);
		write_number(file, bench_mean(bench, i, bench->base, metric, (enum bench_group)group));
	}
	fputc('}', file);
}

static void write_means(const struct bench *bench, FILE *file)
{
	fputs("  \"means\": {", file);
	for (unsigned metric = 0; metric < METRICS; metric++) {
		bool any = false;

		fprintf(file, "%s\n    \"%s\": {", metric > 0 ? "," : "", bench_metrics[metric].name);
		for (unsigned group = 0; group <= GROUPS; group++) {
			if (!isfinite(bench_mean(bench, bench->base, bench->base, (enum bench_metric)metric,
						 (enum bench_group)group)))
				continue;
			separate(file, &any, ", ");
			write_group_means(bench, (enum bench_metric)metric, group, file);
		}
		fputc('}', file);
	}
	fputs("\n  }\n", file);
}

static void write_head(const struct bench *bench, FILE *file)
{
	char *machine = bench_machine();

	fputs("  \"libma\": ", file);
	write_string(file, PACKAGE_VERSION);
	fputs(",\n  \"machine\": ", file);
	write_string(file, machine);
	fprintf(file,
		",\n  \"quick\": %s,\n  \"runs\": %u,\n  \"threads\": %u,\n  \"seconds\": %u,\n  \"base\": ",
		bench->options.quick ? "true" : "false", bench->rounds, bench->options.threads,
		bench->seconds);
	write_string(file, bench->allocators[bench->base].name);
	fputs(",\n  \"allocators\": [", file);
	for (size_t i = 0; i < bench->allocator_count; i++) {
		fputs(i > 0 ? ",\n    {\"name\": " : "\n    {\"name\": ", file);
		write_string(file, bench->allocators[i].name);
		fputs(", \"library\": ", file);
		write_string(file, bench->allocators[i].path);
		fputc('}', file);
	}
	fputs("\n  ],\n  \"metrics\": {", file);
	for (unsigned metric = 0; metric < METRICS; metric++) {
		const struct bench_metric_info *info = &bench_metrics[metric];

		fprintf(file, "%s\n    \"%s\": {\"title\": ", metric > 0 ? "," : "", info->name);
		write_string(file, info->title);
		fprintf(file, ", \"more_is_better\": %s}", info->more_is_better ? "true" : "false");
	}
	fputs("\n  },\n", file);
	free(machine);
}

void bench_write_json(const struct bench *bench, FILE *file)
{
	fputs("{\n", file);
	write_head(bench, file);
	fputs("  \"workloads\": [", file);
	for (size_t i = 0; i < bench->job_count; i++) {
		if (i > 0)
			fputc(',', file);
		write_workload(bench, &bench->jobs[i], file);
	}
	fputs("\n  ],\n", file);
	write_means(bench, file);
	fputs("}\n", file);
}
