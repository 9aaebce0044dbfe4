/* SPDX-License-Identifier: MIT */
/*
 * births.c - the workload `births`: thousands of threads that live for a few dozen allocations.
 *
 * A few of them run at a time. Each leaves some of its objects to the main thread, which frees them.
 */
#include <config.h>

#include "workload.h"

enum { LEFT = 8 };

static struct sizes sizes;

struct birth {
	struct worker worker;
	void *left[LEFT];
	uint32_t objects;
};

static void work(struct worker *worker)
{
	struct birth *birth = worker->argument;
	void *recent[LEFT] = {NULL};

	for (uint32_t i = 0; i < birth->objects; i++)
		object_replace(worker, &recent[i % LEFT], sizes_draw(&sizes, &worker->random));
	for (unsigned i = 0; i < LEFT; i++)
		birth->left[i] = recent[i];
}

static void run(void)
{
	static struct birth births[REPORT_WORKERS];
	unsigned at_a_time = thread_parameter("threads");
	uint64_t count = scaled_parameter("births");
	pthread_t threads[REPORT_WORKERS];
	struct worker heir;

	sizes_log_uniform(&sizes, 16, 2048);
	worker_start(&heir, REPORT_WORKERS - 1, NULL);
	for (uint64_t i = 0; i < count + at_a_time; i++) {
		unsigned place = (unsigned)(i % at_a_time);
		struct birth *birth = &births[place];

		if (i >= at_a_time) {
			crew_wait(threads[place]);
			objects_free(&heir, birth->left, LEFT);
			worker_end(&birth->worker);
		}
		if (i < count) {
			birth->objects = (uint32_t)parameter("objects");
			worker_start(&birth->worker, place, birth);
			birth->worker.random = random_seed(i);
			threads[place] = crew_start(&birth->worker, work);
		}
	}
	worker_end(&heir);
}

static const struct parameter parameters[] = {
	{"threads", 2, NULL, "at a time"},
	{"births", 10000, NULL, "threads in all"},
	{"objects", 64, NULL, "of each thread"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_births = {"births", "ten thousand threads that soon end", run, parameters};
