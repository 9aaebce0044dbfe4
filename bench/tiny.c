/* SPDX-License-Identifier: MIT */
/*
 * tiny.c - the workload `tiny`: a program that is done before it has begun.
 *
 * What it costs is what the allocator itself costs: starting it, and its memory.
 */
#include <config.h>

#include "workload.h"

enum { OBJECTS = 64 };

static void run(void)
{
	void *objects[OBJECTS] = {NULL};
	uint64_t count = scaled_parameter("objects");
	struct worker worker;

	worker_start(&worker, 0, NULL);
	for (uint64_t i = 0; i < count; i++)
		object_replace(&worker, &objects[i % OBJECTS], random_between(&worker.random, 16, 256));
	objects_free(&worker, objects, OBJECTS);
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"objects", 100, NULL, "in all"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_tiny = {"tiny", "a hundred objects, and the end", run, parameters};
