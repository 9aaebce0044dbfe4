/* SPDX-License-Identifier: MIT */
/*
 * pareto.c - the workload `pareto`: many small objects, few large ones, most of which die young.
 *
 * Sizes follow Pareto's distribution, cut off at 64 KiB: the sizes that programs ask for are as skewed as
 * that. Three of four objects die within the next few hundred allocations; the others are anywhere in a
 * heap of some 50 MB.
 */
#include <config.h>

#include "workload.h"

enum { NURSERY = 1024, FILLED = 256 };

static struct sizes sizes;

/* Writes all of a small object, as its owner would. */
static void *new_object(struct worker *worker)
{
	uint32_t size = sizes_draw(&sizes, &worker->random);
	unsigned char *object = object_new(worker, size);

	for (uint32_t i = SMALLEST_OBJECT; i + 1 < size && i < FILLED; i++)
		object[i] = (unsigned char)i;
	return object;
}

static void run(void)
{
	uint64_t allocations = scaled_parameter("allocations");
	int64_t bytes = (int64_t)scaled_parameter("megabytes") * 1000000;
	size_t most = (size_t)bytes / 16, old = 0;
	void **objects = own_memory((most + NURSERY) * sizeof *objects);
	void **nursery = objects + most;
	struct worker worker;

	sizes_pareto(&sizes, 16, 65536, (double)parameter("alpha") / 100);
	worker_start(&worker, 0, NULL);
	while (worker.live < bytes && old < most)
		objects[old++] = new_object(&worker);
	told->steady = 1;
	for (uint64_t i = 0; i < allocations; i++) {
		uint32_t draw = random_next(&worker.random);
		void **slot = draw % 4 != 0 ? &nursery[(draw >> 8) % NURSERY]
					    : &objects[random_below(&worker.random, (uint32_t)old)];

		object_free(&worker, *slot);
		*slot = new_object(&worker);
	}
	told->steady = 0;
	objects_free(&worker, nursery, NURSERY);
	objects_free(&worker, objects, old);
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"allocations", 2000000, NULL, "objects in all, after the first ones"},
	{"megabytes", 50, NULL, "live bytes, in millions"},
	{"alpha", 110, NULL, "a hundred times the exponent of the distribution"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_pareto = {"pareto", "sizes after Pareto, most objects die young", run,
					 parameters};
