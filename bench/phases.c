/* SPDX-License-Identifier: MIT */
/*
 * phases.c - the workload `phases`: threads that end with each phase of a program, and objects that do not.
 *
 * In each phase new threads build up a heap, and end. One object in eight survives its thread, lives for
 * some phases more, and is then freed by a thread that knows nothing of the first.
 */
#include <config.h>

#include "workload.h"

enum { GENERATIONS = 4, SURVIVE_ONE_IN = 8 };

static struct sizes sizes;

struct phases {
	void **objects;	  /* of all threads, in the running phase */
	void **survivors; /* of all threads, of the last phases */
	size_t share;	  /* objects of one thread in one phase */
	size_t surviving; /* and those of them that survive */
	unsigned threads;
	uint64_t phase;
};

/* Where the survivors of one thread and phase are kept, over those of GENERATIONS phases before. */
static void **survivors_of(const struct phases *phases, unsigned index)
{
	size_t place = (size_t)(phases->phase % GENERATIONS) * phases->threads + index;

	return &phases->survivors[place * phases->surviving];
}

static void work(struct worker *worker)
{
	const struct phases *phases = worker->argument;
	void **objects = &phases->objects[worker->index * phases->share];
	/* The threads go round, so that none frees what was allocated by the one of the same index. */
	unsigned heir = (unsigned)((worker->index + phases->phase / GENERATIONS) % phases->threads);
	void **survivors = survivors_of(phases, heir);

	worker->random = random_seed(phases->phase * REPORT_WORKERS + worker->index);
	for (size_t i = 0; i < phases->share; i++) {
		objects[i] = object_new(worker, sizes_draw(&sizes, &worker->random));
		if (i % SURVIVE_ONE_IN == 0 && i / SURVIVE_ONE_IN < phases->surviving) {
			void **survivor = &survivors[i / SURVIVE_ONE_IN];

			object_free(worker, *survivor);
			*survivor = objects[i];
			objects[i] = NULL;
		}
	}
	objects_free(worker, objects, phases->share);
}

static void run(void)
{
	uint64_t count = scaled_parameter("phases");
	struct phases phases = {
		.share = parameter("objects"),
		.surviving = parameter("objects") / SURVIVE_ONE_IN,
		.threads = thread_parameter("threads"),
	};
	struct worker last;

	sizes_log_uniform(&sizes, 16, 4096);
	phases.objects = own_memory(phases.threads * phases.share * sizeof(void *));
	phases.survivors = own_memory(GENERATIONS * phases.threads * phases.surviving * sizeof(void *));
	for (phases.phase = 0; phases.phase < count; phases.phase++)
		crew_run(phases.threads, work, &phases);
	worker_start(&last, 0, NULL);
	objects_free(&last, phases.survivors, GENERATIONS * phases.threads * phases.surviving);
	worker_end(&last);
}

static const struct parameter parameters[] = {
	{"threads", 2, NULL, "threads in each phase"},
	{"phases", 40, NULL, "how many there are"},
	{"objects", 20000, NULL, "objects of a thread"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_phases = {"phases", "threads that end, and objects that survive them", run,
					 parameters};
