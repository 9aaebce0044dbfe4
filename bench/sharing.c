/* SPDX-License-Identifier: MIT */
/*
 * sharing.c - the workload `sharing`: whether an allocator puts objects of two threads on one cache line.
 *
 * After Berger, McKinley, Blumofe and Wilson, "Hoard" (2000). Each thread writes to a small object of its own
 * very often. If objects of two threads share a cache line, these writes become slow. An allocator shares
 * lines
 *
 *   actively   if it serves the threads' requests from the same line, and
 *   passively  if a thread that frees an object of another's line is served from that line afterwards.
 */
#include <config.h>

#include "workload.h"

enum { SIZE = 8 };

struct sharing {
	uint64_t objects, writes;
	void *given[REPORT_WORKERS]; /* what each thread frees first of all */
};

static void work(struct worker *worker)
{
	struct sharing *sharing = worker->argument;

	object_free(worker, sharing->given[worker->index]);
	for (uint64_t i = 0; i < sharing->objects; i++) {
		volatile uint64_t *object = object_new(worker, SIZE);
		uint64_t mark = *object;

		for (uint64_t j = 0; j < sharing->writes; j++)
			*object = *object + 1;
		if (*object != mark + sharing->writes)
			give_up("the object at %p was overwritten", (void *)(uintptr_t)object);
		*object = mark;
		object_free(worker, (void *)(uintptr_t)object);
	}
}

static void run(void)
{
	static struct sharing sharing;
	unsigned threads = thread_parameter("threads");
	struct worker first;

	sharing.objects = scaled_parameter("objects");
	sharing.writes = parameter("writes");
	worker_start(&first, REPORT_WORKERS - 1, NULL);
	for (unsigned i = 0; i < threads && parameter("kind") == 1; i++)
		sharing.given[i] = object_new(&first, SIZE);
	crew_run(threads, work, &sharing);
	worker_end(&first);
}

static const struct parameter parameters[] = {
	{"kind", 0, "active|passive", "how the allocator may come to share lines"},
	{"threads", 2, NULL, "how many"},
	{"objects", 200000, NULL, "of each thread, one after the other"},
	{"writes", 2000, NULL, "to each object"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_sharing = {"sharing", "false sharing of cache lines between threads", run,
					  parameters};
