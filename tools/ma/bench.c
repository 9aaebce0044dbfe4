/* SPDX-License-Identifier: MIT */
/*
 * bench.c - `ma bench [OPTION...] [PROGRAM [ARG...]]`: compares libma with other allocators.
 *
 * How it is done is told in bench.h and in the files named there, what it shows in ma-bench(1). Results go to
 * standard output and to the files that were asked for, progress to standard error if that is a
 * terminal. That the files can't be written is better said before half an hour than after.
 */
#include <config.h>

#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argument.h"
#include "bench.h"
#include "command.h"
#include "file.h"
#include "message.h"
#include "program.h"

enum {
	OPTION_ONLY = 0x100,
	OPTION_LIST,
	OPTION_RUNS,
	OPTION_THREADS,
	OPTION_QUICK,
	OPTION_LIB,
	OPTION_ALLOCATORS,
	OPTION_BASE,
	OPTION_METRICS,
	OPTION_JSON,
	OPTION_CSV,
	OPTION_HTML,
	OPTION_NO_TRACE,
	OPTION_TIME_LIMIT
};

enum {
	RUNS = 5,
	QUICK_RUNS = 3,
	TIME_LIMIT = 120,
	QUICK_TIME_LIMIT = 20,
	STARTS = 40, /* runs of a program whose start is measured */
	QUICK_STARTS = 6,
	QUICK_SCALE = 8,
	LONGEST_TIME_LIMIT = 86400,
	EXIT_FAILED_RUNS = 1,
	MOST_WORDS = 8
};

static const struct argp_option options[] = {
	{.name = "only",
	 .key = OPTION_ONLY,
	 .arg = "LIST",
	 .doc = "Run these workloads: names, patterns or groups"},
	{.name = "list", .key = OPTION_LIST, .doc = "List the workloads and the allocators"},
	{.name = "runs", .key = OPTION_RUNS, .arg = "N", .doc = "Measure each workload N times (default: 5)"},
	{.name = "threads",
	 .key = OPTION_THREADS,
	 .arg = "N",
	 .doc = "Threads of threaded workloads (default: "
		"as many as processors, at least 2)"},
	{.name = "quick", .key = OPTION_QUICK, .doc = "Do less work, and be done in two minutes"},
	{.name = "lib", .key = OPTION_LIB, .arg = "NAME=PATH", .doc = "Compare this allocator as well"},
	{.name = "allocators",
	 .key = OPTION_ALLOCATORS,
	 .arg = "LIST",
	 .doc = "Compare libma with these only"},
	{.name = "base",
	 .key = OPTION_BASE,
	 .arg = "NAME",
	 .doc = "Show ratios to this one (default: glibc)"},
	{.name = "metrics",
	 .key = OPTION_METRICS,
	 .arg = "LIST",
	 .doc = "Show tables of these (default: wall,rss; "
		"all for all)"},
	{.name = "json", .key = OPTION_JSON, .arg = "FILE", .doc = "Write all results to FILE as JSON"},
	{.name = "csv", .key = OPTION_CSV, .arg = "FILE", .doc = "Write all runs to FILE as CSV"},
	{.name = "html", .key = OPTION_HTML, .arg = "FILE", .doc = "Write a page with charts to FILE"},
	{.name = "time-limit",
	 .key = OPTION_TIME_LIMIT,
	 .arg = "SECONDS",
	 .doc = "End a run after this time "
		"(default: 120)"},
	{.name = "no-trace", .key = OPTION_NO_TRACE, .doc = "Don't count system calls"},
	{0},
};

struct request {
	struct bench bench;
	bool list;
};

/* Reads a whole number from `least` to `most`. */
static unsigned read_number(const struct argp_state *state, const char *option, const char *text,
			    unsigned least, unsigned most)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number < least || number > most)
		argument_error(state, "--%s takes a number from %u to %u, not '%s'", option, least, most,
			       text);
	return (unsigned)number;
}

static const char *demand_file(const struct argp_state *state, const char *option, const char *text)
{
	if (*text == '\0')
		argument_error(state, "--%s needs a file name", option);
	return text;
}

static void add_library(struct bench_options *wanted, const char *text)
{
	wanted->libraries = realloc(wanted->libraries,
				    (wanted->library_count + 1) * sizeof *wanted->libraries);
	if (wanted->libraries == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	wanted->libraries[wanted->library_count++] = text;
}

/* Options that concern what is measured. */
static error_t parse_measuring(int key, char *arg, struct argp_state *state)
{
	struct bench_options *wanted = &((struct request *)state->input)->bench.options;

	switch (key) {
	case OPTION_ONLY:
		wanted->only = arg;
		return 0;
	case OPTION_RUNS:
		wanted->runs = read_number(state, "runs", arg, 1, BENCH_ROUNDS);
		return 0;
	case OPTION_THREADS:
		wanted->threads = read_number(state, "threads", arg, 1, REPORT_WORKERS);
		return 0;
	case OPTION_QUICK:
		wanted->quick = true;
		return 0;
	case OPTION_LIB:
		add_library(wanted, arg);
		return 0;
	case OPTION_ALLOCATORS:
		wanted->allocators = arg;
		return 0;
	case OPTION_NO_TRACE:
		wanted->trace = false;
		return 0;
	case OPTION_TIME_LIMIT:
		wanted->time_limit = read_number(state, "time-limit", arg, 1, LONGEST_TIME_LIMIT);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;
	struct bench_options *wanted = &request->bench.options;

	switch (key) {
	case OPTION_LIST:
		request->list = true;
		return 0;
	case OPTION_BASE:
		wanted->base = arg;
		return 0;
	case OPTION_METRICS:
		wanted->metrics = arg;
		return 0;
	case OPTION_JSON:
		wanted->json = demand_file(state, "json", arg);
		return 0;
	case OPTION_CSV:
		wanted->csv = demand_file(state, "csv", arg);
		return 0;
	case OPTION_HTML:
		wanted->html = demand_file(state, "html", arg);
		return 0;
	case ARGP_KEY_ARG:
		wanted->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	default:
		return parse_measuring(key, arg, state);
	}
}

static unsigned processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count < 2 ? 2 : count > REPORT_WORKERS ? REPORT_WORKERS : (unsigned)count;
}

/* Fills in what was not asked for. */
static void set_defaults(struct bench_options *wanted)
{
	if (wanted->runs == 0)
		wanted->runs = wanted->quick ? QUICK_RUNS : RUNS;
	if (wanted->threads == 0)
		wanted->threads = processors();
	if (wanted->time_limit <= 0)
		wanted->time_limit = wanted->quick ? QUICK_TIME_LIMIT : TIME_LIMIT;
	wanted->repeat = wanted->quick ? QUICK_STARTS : STARTS;
}

__attribute__((noreturn)) static void complain_metric(const char *word)
{
	char *names = text_format("all");

	for (unsigned i = 0; i < METRICS; i++)
		names = text_append(names, ", %s", bench_metrics[i].name);
	fail(EXIT_USAGE, "--metrics: there is no metric '%s'; there are: %s", word, names);
}

/* Marks the metrics that --metrics names. */
static void choose_metrics(struct bench *bench)
{
	const char *wanted = bench->options.metrics != NULL ? bench->options.metrics : "wall,rss";
	char *copy = text_format("%s", wanted);
	char *rest = copy;
	char *word;

	while ((word = strsep(&rest, ",")) != NULL) {
		bool all = strcmp(word, "all") == 0;
		bool known = all;

		for (unsigned i = 0; i < METRICS; i++) {
			if (!all && strcmp(word, bench_metrics[i].name) != 0)
				continue;
			bench->metrics[i] = true;
			known = true;
		}
		if (!known)
			complain_metric(word);
	}
	free(copy);
}

static bool is_stdout(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

/* That it can't be written is better said now than after a long run; what is there stays until then. */
static void check_result(const char *option, const char *path)
{
	int error = path == NULL || is_stdout(path) ? 0 : file_check(path);

	if (error != 0)
		fail(EXIT_USAGE, "--%s: can't write '%s': %s", option, path, strerror(error));
}

/* A long run is not lost because one file can't be written: false tells of that. */
static bool write_result(const struct bench *bench, const char *path,
			 void (*write)(const struct bench *bench, FILE *file))
{
	FILE *file;

	if (path == NULL)
		return true;
	file = is_stdout(path) ? stdout : file_create(path);
	if (file != NULL)
		write(bench, file);
	if (file != NULL && (file == stdout || file_close(file)))
		return true;
	complain("can't write '%s': %s", path, strerror(errno));
	return false;
}

/* Makes the commands of ma-workload's workloads, and of the user's own program. */
static void prepare_workloads(struct bench *bench)
{
	for (size_t i = 0; i < bench->job_count; i++) {
		struct bench_job *job = &bench->jobs[i];
		char *rest;
		size_t count = 1;

		if (job->workload->group == GROUP_COMMAND)
			job->command = bench->options.command;
		if (job->workload->needs != NULL || job->skipped != NULL)
			continue;
		job->command = bench_memory(MOST_WORDS, sizeof *job->command);
		job->command[0] = bench->workloads;
		rest = text_format("%s", job->workload->command);
		while (rest != NULL && count < MOST_WORDS - 3)
			job->command[count++] = strsep(&rest, " ");
		if ((job->workload->flags & THREADED) != 0)
			job->command[count++] = text_format("threads=%u", bench->options.threads);
		if (bench->options.quick && job->workload->group != GROUP_START)
			job->command[count] = text_format("scale=%d", QUICK_SCALE);
	}
}

static int list_all(struct bench *bench)
{
	bench_list_workloads();
	bench_find_allocators(bench);
	printf("\nallocators:\n");
	for (size_t i = 0; i < bench->allocator_count; i++)
		printf("  %-20s  %s\n", bench->allocators[i].name, bench->allocators[i].path);
	return 0;
}

/* Exits if the user's own program is not there. */
static void demand_command(const struct bench_options *wanted)
{
	char *path = NULL;
	int error = wanted->command != NULL ? program_find(wanted->command[0], &path) : 0;

	if (error != 0)
		fail(EXIT_USAGE, "can't run '%s': %s", wanted->command[0], strerror(error));
	free(path);
}

static int measure_all(struct bench *bench)
{
	struct bench_options *wanted = &bench->options;
	bool written;

	set_defaults(wanted);
	choose_metrics(bench);
	demand_command(wanted);
	bench_find_jobs(bench);
	bench_find_allocators(bench);
	check_result("json", wanted->json);
	check_result("csv", wanted->csv);
	check_result("html", wanted->html);
	if (is_stdout(wanted->json) + is_stdout(wanted->csv) + is_stdout(wanted->html) > 1)
		fail(EXIT_USAGE, "only one of --csv, --html and --json can go to standard output");
	bench_open(bench);
	bench_prove_allocators(bench);
	bench_prepare_programs(bench);
	prepare_workloads(bench);
	bench_all_rounds(bench);
	if (!is_stdout(wanted->json) && !is_stdout(wanted->csv) && !is_stdout(wanted->html))
		bench_print_tables(bench);
	written = write_result(bench, wanted->json, bench_write_json);
	written = write_result(bench, wanted->csv, bench_write_csv) && written;
	written = write_result(bench, wanted->html, bench_write_html) && written;
	if (!written)
		return EXIT_OWN_FAILURE;
	return bench_failures(bench) == 0 ? 0 : EXIT_FAILED_RUNS;
}

int bench_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "[PROGRAM [ARG...]]",
		.doc = "Compare libma with the other memory allocators of this machine: in PROGRAM, or in the "
		       "workloads that --list shows.\v"
		       "Every run is a process of its own, and runs that are compared are made one after the "
		       "other. The exit status is 1 if a run failed. ma-bench(1) says more.",
	};
	struct request *request = bench_memory(1, sizeof *request);

	setlocale(LC_CTYPE, "");
	request->bench.options.trace = true;
	argp_err_exit_status = EXIT_USAGE;
	if (argument_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, request) != 0)
		return EXIT_USAGE;
	return request->list ? list_all(&request->bench) : measure_all(&request->bench);
}
