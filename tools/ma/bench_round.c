/* SPDX-License-Identifier: MIT */
/*
 * bench_round.c - the order in which `ma bench` makes its runs, and the progress that it shows meanwhile.
 *
 * Round by round, workload by workload, and within a workload allocator by allocator: runs that are compared
 * lie next to each other in time. Each round and each workload has another order. To begin with another allocator
 * would not do: on a virtual machine, whoever comes after an allocator that leaves the host with little memory in
 * huge pages pays for that, and so nobody may come after the same one time and again.
 *
 * What comes before the first round is not timed: it proves that each allocator serves each workload, counts
 * system calls, and warms the machine's caches.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "message.h"

enum { BAR = 20 };

/* A quick benchmark begins no round that might end later than this, in seconds. */
static const double quick_budget = 110;

struct progress {
	const struct bench *bench;
	double start;
	unsigned done, total; /* runs */
	bool shown;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void show_progress(const struct progress *progress, const char *what, const struct bench_job *job,
			  size_t allocator)
{
	double part = progress->total > 0 ? (double)progress->done / progress->total : 1;
	double elapsed = now() - progress->start;
	unsigned left = part > 0 ? (unsigned)(elapsed / part * (1 - part)) : 0;
	char bar[BAR + 1];

	if (!progress->shown)
		return;
	memset(bar, '.', BAR);
	memset(bar, '#', (size_t)(part * BAR));
	bar[BAR] = '\0';
	fprintf(stderr, "\r\033[K[%s] %3.0f %%  %s  %s, %s", bar, part * 100, what, job->workload->name,
		progress->bench->allocators[allocator].name);
	if (progress->done > 0)
		fprintf(stderr, "  (%u:%02u left)", left / 60, left % 60);
	fflush(stderr);
}

static void clear_progress(const struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}

/* Returns which of `count` allocators comes at `place` in row `row` of a Latin square that is balanced after
 * Williams (1949): in `count` rows each allocator is once at each place, and each comes once after each other one. If
 * `count` is odd, there is no such square, but one of twice as many rows, where all that happens twice. */
static size_t in_order(size_t count, size_t row, size_t place)
{
	size_t shift = row, step;

	if (count % 2 == 1) { /* each row, and then the same backwards */
		shift = row / 2;
		place = row % 2 == 1 ? count - 1 - place : place;
	}
	/* 0, 1, -1, 2, -2, ...: the way from each to the next is another one each time. */
	step = place % 2 == 1 ? (place + 1) / 2 : count - place / 2;
	return (shift + step) % count;
}

/* One run of every job under every allocator, but those that have failed before. */
static void run_all(struct bench *bench, struct progress *progress, enum bench_pass pass, unsigned round)
{
	char *what = pass == PASS_PROOF ? text_format("a first look")
					: text_format("run %u of %u", round + 1, bench->options.runs);

	for (size_t i = 0; i < bench->job_count; i++) {
		struct bench_job *job = &bench->jobs[i];

		for (size_t j = 0; j < bench->allocator_count && job->results != NULL; j++) {
			size_t allocator = in_order(bench->allocator_count, round + i, j);

			show_progress(progress, what, job, allocator);
			if (job->results[allocator].failure == NULL)
				bench_run(bench, job, allocator, pass, round);
			bench_check_interrupt();
			progress->done++;
		}
	}
	free(what);
}

static void make_results(struct bench *bench)
{
	for (size_t i = 0; i < bench->job_count; i++) {
		struct bench_job *job = &bench->jobs[i];

		if (job->skipped != NULL)
			continue;
		job->results = bench_memory(bench->allocator_count, sizeof *job->results);
		for (size_t j = 0; j < bench->allocator_count; j++) {
			for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
				for (unsigned metric = 0; metric < METRICS; metric++)
					job->results[j].value[round][metric] = NAN;
			}
		}
	}
}

void bench_all_rounds(struct bench *bench)
{
	struct progress progress = {.bench = bench, .start = now(), .shown = is_terminal(stderr)};
	unsigned passes = bench->options.runs + 1;
	double round_start;

	make_results(bench);
	for (size_t i = 0; i < bench->job_count; i++) {
		if (bench->jobs[i].results != NULL)
			progress.total += passes * (unsigned)bench->allocator_count;
	}
	run_all(bench, &progress, PASS_PROOF, 0);
	while (bench->rounds < bench->options.runs) {
		round_start = now();
		run_all(bench, &progress, PASS_TIMED, bench->rounds);
		bench->rounds++;
		if (bench->options.quick && 2 * now() - round_start - progress.start > quick_budget)
			break;
	}
	bench->seconds = (unsigned)(now() - progress.start);
	clear_progress(&progress);
}
