/* SPDX-License-Identifier: MIT */
/*
 * larson.c - the workload `larson`: a server whose threads inherit each other's objects.
 *
 * After Larson and Krishnan, "Memory allocation for long-running server applications" (1998). A thread
 * replaces objects at random, starts a successor, which goes on with the same objects, and ends. So each
 * thread frees, first of all, what threads that are dead have allocated.
 */
#include <config.h>

#include <semaphore.h>

#include "workload.h"

enum { SMALLEST = 8, LARGEST = 1000 };

/* A line of threads: each has the next one go on with it. */
struct line {
	struct worker worker;
	void **objects;
	uint32_t live;
	uint64_t replacements; /* in each generation */
	uint64_t generations;  /* still to come */
	sem_t *ended;
};

static void *live_once(void *argument);

static void start_generation(struct line *line)
{
	pthread_attr_t detached;
	pthread_t thread;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, live_once, line) != 0)
		give_up("can't start a thread");
	pthread_attr_destroy(&detached);
}

static void *live_once(void *argument)
{
	struct line *line = argument;
	struct worker *worker = &line->worker;

	for (uint64_t i = 0; i < line->replacements; i++) {
		uint32_t place = random_below(&worker->random, line->live);

		object_replace(worker, &line->objects[place],
			       random_between(&worker->random, SMALLEST, LARGEST));
	}
	if (--line->generations > 0)
		start_generation(line);
	else
		sem_post(line->ended);
	return NULL;
}

static void run(void)
{
	static struct line lines[REPORT_WORKERS];
	unsigned threads = thread_parameter("threads");
	uint32_t live = (uint32_t)parameter("live");
	sem_t ended;

	sem_init(&ended, 0, 0);
	for (unsigned i = 0; i < threads; i++) {
		struct line *line = &lines[i];

		*line = (struct line){
			.objects = own_memory(live * sizeof(void *)),
			.live = live,
			.replacements = parameter("replacements"),
			.generations = scaled_parameter("generations"),
			.ended = &ended,
		};
		worker_start(&line->worker, i, NULL);
		for (uint32_t j = 0; j < live; j++)
			line->objects[j] = object_new(
				&line->worker, random_between(&line->worker.random, SMALLEST, LARGEST));
	}
	for (unsigned i = 0; i < threads; i++)
		start_generation(&lines[i]);
	for (unsigned i = 0; i < threads; i++) {
		while (sem_wait(&ended) != 0)
			;
	}
	for (unsigned i = 0; i < threads; i++) {
		objects_free(&lines[i].worker, lines[i].objects, live);
		worker_end(&lines[i].worker);
	}
}

static const struct parameter parameters[] = {
	{"threads", 2, NULL, "lines of threads"},
	{"generations", 150, NULL, "threads, one after the other, in each line"},
	{"replacements", 20000, NULL, "objects that each thread replaces"},
	{"live", 5000, NULL, "objects of a line"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_larson = {"larson", "a server whose threads inherit each other's objects", run,
					 parameters};
