/* SPDX-License-Identifier: MIT */
/*
 * mixed.c - the workload `mixed`: threads with objects of 8 B to 16 KiB that free each other's now and then.
 *
 * The slots that hold the objects are common to all threads. Half the time a thread replaces one of its own
 * share, half the time any; so which thread frees an object depends on time, but which objects there are
 * does not.
 */
#include <config.h>

#include "workload.h"

static struct sizes sizes;

struct mixed {
	_Atomic(void *) *slots;
	uint32_t share; /* slots of a thread */
	unsigned threads;
	uint64_t replacements;
};

static void work(struct worker *worker)
{
	const struct mixed *mixed = worker->argument;
	_Atomic(void *) *own = &mixed->slots[worker->index * mixed->share];

	for (uint64_t i = 0; i < mixed->replacements; i++) {
		uint32_t draw = random_next(&worker->random);
		_Atomic(void *) *slot =
			draw % 2 == 0
				? &own[random_below(&worker->random, mixed->share)]
				: &mixed->slots[random_below(&worker->random, mixed->share * mixed->threads)];
		void *object = object_new(worker, sizes_draw(&sizes, &worker->random));

		object_free(worker, atomic_exchange_explicit(slot, object, memory_order_acq_rel));
	}
}

static void run(void)
{
	struct mixed mixed = {
		.share = (uint32_t)parameter("live"),
		.threads = thread_parameter("threads"),
		.replacements = scaled_parameter("replacements"),
	};
	struct worker last;

	sizes_log_uniform(&sizes, 8, 16384);
	mixed.slots = own_memory(mixed.threads * mixed.share * sizeof *mixed.slots);
	crew_run(mixed.threads, work, &mixed);
	worker_start(&last, 0, NULL);
	for (uint32_t i = 0; i < mixed.threads * mixed.share; i++)
		object_free(&last, atomic_load(&mixed.slots[i]));
	worker_end(&last);
}

static const struct parameter parameters[] = {
	{"threads", 2, NULL, "how many"},
	{"replacements", 1500000, NULL, "objects that each thread replaces"},
	{"live", 4000, NULL, "objects for each thread"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_mixed = {"mixed", "8 B to 16 KiB, freed in any thread", run, parameters};
