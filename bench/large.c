/* SPDX-License-Identifier: MIT */
/*
 * large.c - the workload `large`: objects of 1 to 64 MiB, of which a few live at a time, used in full.
 */
#include <config.h>

#include "workload.h"

enum { SMALLEST = 1 << 20, LARGEST = 64 << 20 };

static struct sizes sizes;

static void run(void)
{
	uint64_t replacements = scaled_parameter("replacements");
	uint32_t live = (uint32_t)parameter("live");
	void **objects = own_memory(live * sizeof *objects);
	struct worker worker;

	sizes_log_uniform(&sizes, SMALLEST, LARGEST);
	worker_start(&worker, 0, NULL);
	for (uint64_t i = 0; i < replacements; i++) {
		uint32_t size = sizes_draw(&sizes, &worker.random);
		void **slot = &objects[random_below(&worker.random, live)];

		object_replace(&worker, slot, size);
		object_touch(*slot, size);
	}
	objects_free(&worker, objects, live);
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"replacements", 30, NULL, "objects in all"},
	{"live", 6, NULL, "objects at a time"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_large = {"large", "objects of 1 to 64 MiB", run, parameters};
