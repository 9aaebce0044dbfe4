/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - the workload `crowd`: far more threads than processors.
 *
 * A fixed amount of work is done twice: by a few threads, and by many. The figure is the throughput of the many,
 * the few's being 1. A thread may be interrupted anywhere, so an allocator that lets others wait for it
 * loses here. One object in eight is freed by another thread.
 */
#include <config.h>

#include "workload.h"

enum { ELSEWHERE_ONE_IN = 8, SMALLEST = 16, LARGEST = 1024 };

struct crowd {
	_Atomic(void *) *slots;
	uint32_t slot_count;
	unsigned threads;
	uint64_t replacements; /* of all threads */
};

static void work(struct worker *worker)
{
	const struct crowd *crowd = worker->argument;
	uint32_t share = crowd->slot_count / crowd->threads;
	uint64_t replacements = crowd->replacements / crowd->threads;

	for (uint64_t i = 0; i < replacements; i++) {
		bool elsewhere = random_below(&worker->random, ELSEWHERE_ONE_IN) == 0;
		uint32_t place = elsewhere ? random_below(&worker->random, crowd->slot_count)
					   : worker->index * share + random_below(&worker->random, share);
		void *object = object_new(worker, random_between(&worker->random, SMALLEST, LARGEST));

		object_free(worker,
			    atomic_exchange_explicit(&crowd->slots[place], object, memory_order_acq_rel));
	}
}

/* Returns the seconds that so many threads take. */
static double measure(struct crowd *crowd, unsigned threads)
{
	double start = seconds_now();

	crowd->threads = threads;
	crew_run(threads, work, crowd);
	return seconds_now() - start;
}

static void run(void)
{
	struct crowd crowd = {
		.slot_count = (uint32_t)parameter("live"),
		.replacements = scaled_parameter("replacements"),
	};
	struct worker last;
	double few, many;

	crowd.slots = own_memory(crowd.slot_count * sizeof *crowd.slots);
	few = measure(&crowd, thread_parameter("threads"));
	many = measure(&crowd, thread_parameter("crowd"));
	told->figure = few / many;
	worker_start(&last, 0, NULL);
	for (uint32_t i = 0; i < crowd.slot_count; i++)
		object_free(&last, atomic_load(&crowd.slots[i]));
	worker_end(&last);
}

static const struct parameter parameters[] = {
	{"threads", 2, NULL, "the few"},
	{"crowd", 32, NULL, "the many"},
	{"replacements", 3000000, NULL, "of objects, by the few and again by the many"},
	{"live", 32000, NULL, "objects of all threads"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_crowd = {"crowd", "32 threads on a few processors", run, parameters};
