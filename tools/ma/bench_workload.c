/* SPDX-License-Identifier: MIT */
/*
 * bench_workload.c - the workloads of `ma bench`, and which of them were asked for.
 *
 * A workload of ours is a call of ma-workload, whose source tells what it does and after which paper. What a
 * program's command looks like is told in bench_program.c.
 */
#include <config.h>

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "command.h"
#include "message.h"
#include "suggest.h"

const char *const bench_group_names[GROUPS] = {
	[GROUP_SMALL] = "small",     [GROUP_LARGE] = "large",	    [GROUP_THREADS] = "threads",
	[GROUP_MEMORY] = "memory",   [GROUP_PROGRAMS] = "programs", [GROUP_START] = "start",
	[GROUP_LATENCY] = "latency", [GROUP_COMMAND] = "command",
};

const struct bench_workload bench_workloads[] = {
	{"pair", GROUP_SMALL, "pair", NULL, APART, "malloc and free of one object by turns"},
	{"churn-random", GROUP_SMALL, "churn shape=random", NULL, 0,
	 "small objects, any of which may die next"},
	{"churn-lifo", GROUP_SMALL, "churn shape=lifo", NULL, 0, "small objects, the youngest dies first"},
	{"churn-fifo", GROUP_SMALL, "churn shape=fifo", NULL, 0, "small objects, the oldest dies first"},
	{"churn-young", GROUP_SMALL, "churn shape=young", NULL, 0, "small objects, most of which die young"},
	{"pareto", GROUP_SMALL, "pareto", NULL, 0, "sizes after Pareto: many small ones, few large"},
	{"strings", GROUP_SMALL, "growth kind=string", NULL, 0, "strings that grow by realloc, exactly"},
	{"calloc-small", GROUP_SMALL, "zeroed kind=small", NULL, 0, "small objects from calloc"},
	{"aligned", GROUP_SMALL, "aligned", NULL, 0, "boundaries of 32 to 4096 bytes"},
	{"vectors", GROUP_LARGE, "growth kind=vector", NULL, 0, "vectors that grow by realloc up to 256 MiB"},
	{"huge", GROUP_LARGE, "large", NULL, 0, "objects of 1 to 64 MiB"},
	{"calloc-huge", GROUP_LARGE, "zeroed kind=huge", NULL, 0, "sparse tables of 1 to 64 MiB from calloc"},
	{"larson", GROUP_THREADS, "larson", NULL, THREADED, "a server whose threads inherit objects"},
	{"handover", GROUP_THREADS, "handover consumer=busy", NULL, THREADED, "producers and consumers"},
	{"handover-quiet", GROUP_THREADS, "handover consumer=quiet", NULL, THREADED,
	 "producers, and consumers that never allocate"},
	{"phases", GROUP_THREADS, "phases", NULL, THREADED, "threads that end, objects that survive them"},
	{"mixed", GROUP_THREADS, "mixed", NULL, THREADED, "8 B to 16 KiB, freed in any thread"},
	{"sharing-active", GROUP_THREADS, "sharing kind=active", NULL, THREADED,
	 "false sharing that the allocator begins"},
	{"sharing-passive", GROUP_THREADS, "sharing kind=passive", NULL, THREADED,
	 "false sharing that the program begins"},
	{"births", GROUP_THREADS, "births", NULL, THREADED, "10,000 threads that soon end"},
	{"crowd", GROUP_THREADS, "crowd", NULL, THREADED | FIGURE_CROWD, "32 threads, against few"},
	{"drift", GROUP_MEMORY, "drift", NULL, 0, "a long run whose mix of sizes drifts"},
	{"burst", GROUP_MEMORY, "burst", NULL, FIGURE_LEFT, "a burst, then a second of idleness"},
	{"blocks", GROUP_MEMORY, "blocks", NULL, APART | FIGURE_BLOCKS,
	 "10,000,000 free blocks, against 100"},
	{"python3", GROUP_PROGRAMS, "@python classes.py #8", "python3", 0, "trees of objects in Python"},
	{"python3-malloc", GROUP_PROGRAMS, "env PYTHONMALLOC=malloc @python classes.py #8", "python3", 0,
	 "the same with malloc for all objects"},
	{"python3-json", GROUP_PROGRAMS, "@python records.py records.json 2", "python3", 0,
	 "JSON read, regrouped and written"},
	{"perl", GROUP_PROGRAMS, "perl words.pl text", "perl", 0, "an index of words, in hashes"},
	{"gcc", GROUP_PROGRAMS, "gcc -O2 -S -o - program.c", "gcc", 0, "the C compiler"},
	{"g++", GROUP_PROGRAMS, "g++ -std=c++17 -fsyntax-only source.cc", "g++", 0,
	 "the C++ compiler, without its back end"},
	{"sqlite3", GROUP_PROGRAMS, "sqlite3 -batch -init tables.sql :memory: .exit", "sqlite3", 0,
	 "a database in memory"},
	{"lua", GROUP_PROGRAMS, "lua5.4 objects.lua #60000", "lua5.4", 0, "tables under Lua's collector"},
	{"redis", GROUP_PROGRAMS, "sh redis.sh #60000", "redis-server redis-benchmark redis-cli",
	 NEEDS_THREADS, "redis-server, loaded by redis-benchmark"},
	{"git", GROUP_PROGRAMS, "sh pack.sh repository", "git", NEEDS_THREADS,
	 "git packs and shows a history"},
	{"node", GROUP_PROGRAMS, "node records.js records.json", "node", NEEDS_THREADS,
	 "two workers of node regroup JSON"},
	{"jq", GROUP_PROGRAMS, "jq -f summary.jq records.json", "jq", 0, "a summary of JSON"},
	{"sort", GROUP_PROGRAMS, "sort --parallel=2 -S 200M -k 2 long-text", "sort", NEEDS_THREADS,
	 "150,000 lines, in two threads"},
	{"tiny", GROUP_START, "tiny", NULL, REPEATED, "a program of a hundred objects"},
	{"start-true", GROUP_START, "true", "true", REPEATED | APART, "true"},
	{"start-ls", GROUP_START, "ls", "ls", REPEATED | APART, "ls"},
	{"start-bash", GROUP_START, "bash -c :", "bash", REPEATED | APART, "bash -c :"},
	{"start-git", GROUP_START, "git --version", "git", REPEATED | APART, "git --version"},
	{"start-perl", GROUP_START, "perl -e 1", "perl", REPEATED | APART, "perl -e 1"},
	{"latency-single", GROUP_LATENCY, "latency", NULL, APART, "each malloc and free timed"},
	{"latency-threads", GROUP_LATENCY, "latency", NULL, THREADED | APART,
	 "the same, with frees elsewhere"},
};

const size_t bench_workload_count = sizeof bench_workloads / sizeof bench_workloads[0];

void bench_list_workloads(void)
{
	int widest = 0;

	for (size_t i = 0; i < bench_workload_count; i++) {
		int length = (int)strlen(bench_workloads[i].name);

		widest = length > widest ? length : widest;
	}
	for (int group = 0; group < GROUP_COMMAND; group++) {
		printf("%s%s:\n", group > 0 ? "\n" : "", bench_group_names[group]);
		for (size_t i = 0; i < bench_workload_count; i++) {
			const struct bench_workload *workload = &bench_workloads[i];

			if (workload->group == (enum bench_group)group)
				printf("  %-*s  %s%s\n", widest, workload->name, workload->summary,
				       (workload->flags & APART) != 0 ? " *" : "");
		}
	}
	printf("\n* stands apart from the means over all workloads\n");
}

/* Whether the word of --only, a name, a pattern or a group, means the workload. */
static bool word_matches(const char *word, const struct bench_workload *workload)
{
	return fnmatch(word, workload->name, 0) == 0 || strcmp(word, bench_group_names[workload->group]) == 0;
}

static void complain_unknown(const char *word)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < bench_workload_count; i++) {
		const char *name = bench_workloads[i].name;

		if (suggest_is_near(word, name) &&
		    (nearest == NULL || suggest_distance(word, name) < suggest_distance(word, nearest)))
			nearest = name;
	}
	if (nearest != NULL)
		fail(EXIT_USAGE, "there is no workload '%s'; did you mean '%s'?", word, nearest);
	fail(EXIT_USAGE, "there is no workload or group '%s'; 'ma bench --list' shows all", word);
}

/* Marks the workloads that the list of words names. */
static void choose(const char *words, bool *chosen)
{
	char *copy = text_format("%s", words);
	char *rest = copy;
	char *word;

	while ((word = strsep(&rest, ",")) != NULL) {
		bool known = false;

		for (size_t i = 0; i < bench_workload_count; i++) {
			if (!word_matches(word, &bench_workloads[i]))
				continue;
			chosen[i] = true;
			known = true;
		}
		if (!known)
			complain_unknown(word);
	}
	free(copy);
}

/* What runs if a program was given on the command line. */
static const struct bench_workload own_command = {"command", GROUP_COMMAND, "",
						  "",	     ANY_OUTPUT,    "the program given"};

void bench_find_jobs(struct bench *bench)
{
	bool *chosen = bench_memory(bench_workload_count, sizeof *chosen);

	bench->jobs = bench_memory(bench_workload_count + 1, sizeof *bench->jobs);
	if (bench->options.command != NULL)
		bench->jobs[bench->job_count++].workload = &own_command;
	if (bench->options.only != NULL)
		choose(bench->options.only, chosen);
	for (size_t i = 0; i < bench_workload_count; i++) {
		if (chosen[i] || (bench->options.only == NULL && bench->options.command == NULL))
			bench->jobs[bench->job_count++].workload = &bench_workloads[i];
	}
	for (size_t i = 0; i < bench->job_count && !MA_THREADS; i++) {
		if ((bench->jobs[i].workload->flags & (THREADED | NEEDS_THREADS)) != 0)
			bench->jobs[i].skipped = text_format("this libma was built without threads");
	}
	free(chosen);
}
