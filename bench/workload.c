/* SPDX-License-Identifier: MIT */
/*
 * workload.c - ma-workload: one program that does what many kinds of programs do with malloc.
 *
 *   ma-workload WORKLOAD [PARAMETER=VALUE...]
 *   ma-workload list
 *   ma-workload probe
 *
 * `ma bench` runs it on one allocator after the other; see ma-bench(1). Each workload is a file of this
 * folder. What it tells goes to the memory that REPORT_VARIABLE names, or, if it is run by hand, to
 * standard output. `probe` does nothing but tell where malloc comes from.
 *
 * Exit status: 0; 1 if the workload could not go on, which includes an allocator that damages its data;
 * 2 for a command line that makes no sense.
 */
#include <config.h>

#include "workload.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_GIVEN_UP = 1, EXIT_USAGE = 2, MOST_PARAMETERS = 12 };

static const struct workload *const workloads[] = {
	&workload_pair,	  &workload_churn,   &workload_pareto,	&workload_larson,  &workload_handover,
	&workload_phases, &workload_mixed,   &workload_sharing, &workload_growth,  &workload_large,
	&workload_zeroed, &workload_aligned, &workload_drift,	&workload_burst,   &workload_births,
	&workload_crowd,  &workload_blocks,  &workload_tiny,	&workload_latency,
};

#define WORKLOADS (sizeof workloads / sizeof workloads[0])

/* Every workload has these, in front of its own. */
static const struct parameter common_parameters[] = {
	{"scale", 100, NULL, "percentage of the usual amount of work"},
	{NULL, 0, NULL, NULL},
};

/* What the running workload's parameters are set to. */
static struct parameter settings[MOST_PARAMETERS];
static unsigned setting_count;

static struct report_told own_report;
struct report_told *told = &own_report;

void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(told->complaint, sizeof told->complaint, format, args);
	va_end(args);
	if (told == &own_report)
		dprintf(STDERR_FILENO, "ma-workload: %s\n", told->complaint);
	_exit(EXIT_GIVEN_UP);
}

double seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void stay_idle(double seconds)
{
	double start = seconds_now();
	struct timespec left = {.tv_sec = (time_t)seconds};

	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	while (nanosleep(&left, &left) != 0)
		;
	told->idle += seconds_now() - start;
}

void *own_memory(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (size + page - 1) / page * page;
	char *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
			    -1, 0);

	if (memory == MAP_FAILED)
		give_up("no memory for the workload's tables");
	told->own += whole;
	return memory;
}

/* Parameters. */

static struct parameter *find_setting(const char *name, size_t length)
{
	for (unsigned i = 0; i < setting_count; i++) {
		if (strlen(settings[i].name) == length && memcmp(settings[i].name, name, length) == 0)
			return &settings[i];
	}
	return NULL;
}

uint64_t parameter(const char *name)
{
	const struct parameter *setting = find_setting(name, strlen(name));

	if (setting == NULL)
		give_up("this workload has no parameter '%s'", name);
	return setting->value;
}

uint64_t scaled_parameter(const char *name)
{
	uint64_t value = parameter(name) * parameter("scale") / 100;

	return value > 0 ? value : 1;
}

unsigned thread_parameter(const char *name)
{
	uint64_t value = parameter(name);

	return value < 1 ? 1 : value > REPORT_WORKERS ? REPORT_WORKERS : (unsigned)value;
}

static void add_settings(const struct parameter *parameters)
{
	for (const struct parameter *p = parameters; p->name != NULL; p++)
		settings[setting_count++] = *p;
}

__attribute__((format(printf, 1, 2), noreturn)) static void usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("ma-workload: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

/* Returns the place of `word` in "a|b|c", or -1. */
static int place_of_choice(const char *choices, const char *word)
{
	size_t length = strlen(word);

	for (int place = 0; length > 0; place++) {
		size_t choice_length = strcspn(choices, "|");

		if (choice_length == length && memcmp(choices, word, length) == 0)
			return place;
		if (choices[choice_length] == '\0')
			break;
		choices += choice_length + 1;
	}
	return -1;
}

/* Reads "PARAMETER=VALUE". */
static void set_parameter(const char *assignment)
{
	size_t length = strcspn(assignment, "=");
	struct parameter *setting = find_setting(assignment, length);
	const char *value = assignment + length + 1;
	char *end;

	if (assignment[length] == '\0')
		usage_error("'%s' is not PARAMETER=VALUE", assignment);
	if (setting == NULL)
		usage_error("there is no parameter '%.*s' here; `ma-workload list` shows all", (int)length,
			    assignment);
	if (setting->choices != NULL) {
		int place = place_of_choice(setting->choices, value);

		if (place < 0)
			usage_error("%s is one of %s, not '%s'", setting->name, setting->choices, value);
		setting->value = (uint64_t)place;
		return;
	}
	setting->value = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0')
		usage_error("%s is a number, not '%s'", setting->name, value);
}

static void list_parameters(const struct parameter *parameters)
{
	for (const struct parameter *p = parameters; p->name != NULL; p++) {
		if (p->choices != NULL)
			printf("    %s=%s\n        %s\n", p->name, p->choices, p->help);
		else
			printf("    %s=%" PRIu64 "\n        %s\n", p->name, p->value, p->help);
	}
}

static void list_workloads(void)
{
	for (size_t i = 0; i < WORKLOADS; i++) {
		printf("%s: %s\n", workloads[i]->name, workloads[i]->summary);
		list_parameters(workloads[i]->parameters);
	}
	puts("all of them:");
	list_parameters(common_parameters);
}

static const struct workload *find_workload(const char *name)
{
	for (size_t i = 0; i < WORKLOADS; i++) {
		if (strcmp(workloads[i]->name, name) == 0)
			return workloads[i];
	}
	usage_error("there is no workload '%s'; `ma-workload list` shows all", name);
}

/* The report. */

static void attach_report(void)
{
	const char *number = getenv(REPORT_VARIABLE);
	struct report *shared;

	told->figure = -1;
	if (number == NULL)
		return;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(number), 0);
	if (shared == MAP_FAILED)
		usage_error("%s=%s names no report", REPORT_VARIABLE, number);
	told = &shared->told;
	told->figure = -1;
	told->checksum = 0; /* not the sum of this run and those before it */
}

/* Asks the dynamic loader where malloc and its kin come from; if not all of them come from one file, says which do
 * not. This is what this program's calls reach: they are bound by name, as any other's. */
static void tell_server(void)
{
	static const char *const functions[] = {"malloc",  "free",	     "calloc",
						"realloc", "posix_memalign", "aligned_alloc"};
	Dl_info first = {0};

	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		void *function = dlsym(RTLD_DEFAULT, functions[i]);
		Dl_info here = {0};

		if (function == NULL || dladdr(function, &here) == 0 || here.dli_fname == NULL)
			give_up("can't tell where %s comes from", functions[i]);
		if (i == 0)
			first = here;
		else if (here.dli_fbase != first.dli_fbase)
			give_up("malloc comes from '%s', but %s from '%s'", first.dli_fname, functions[i],
				here.dli_fname);
	}
	snprintf(told->server, sizeof told->server, "%s", first.dli_fname);
}

static void print_latency(const char *operation, const struct report_latency *latency)
{
	if (latency->count > 0)
		printf("%-6s  p50 %.0f ns, p99 %.0f ns, p99.9 %.0f ns, max %.0f ns\n", operation,
		       latency->p50, latency->p99, latency->p999, latency->max);
}

static void print_report(double seconds)
{
	printf("malloc from %s\n", told->server);
	printf("checksum    %016" PRIx64 "\n", told->checksum);
	printf("seconds     %.3f\n", seconds - told->idle);
	if (told->figure >= 0)
		printf("figure      %.4f\n", told->figure);
	print_latency("malloc", &told->latency[OPERATION_MALLOC]);
	print_latency("free", &told->latency[OPERATION_FREE]);
}

int main(int argc, char **argv)
{
	const struct workload *workload = NULL;
	double start;

	if (argc < 2)
		usage_error("give a workload; `ma-workload list` shows all");
	if (strcmp(argv[1], "list") == 0) {
		list_workloads();
		return 0;
	}
	if (strcmp(argv[1], "probe") != 0) {
		workload = find_workload(argv[1]);
		add_settings(common_parameters);
		add_settings(workload->parameters);
		for (int i = 2; i < argc; i++)
			set_parameter(argv[i]);
	}
	attach_report();
	tell_server();
	start = seconds_now();
	if (workload != NULL)
		workload->run();
	if (told == &own_report)
		print_report(seconds_now() - start);
	return 0;
}
