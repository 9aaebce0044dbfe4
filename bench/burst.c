/* SPDX-License-Identifier: MIT */
/*
 * burst.c - the workload `burst`: much memory for a short time, and then nothing at all.
 *
 * Most of the burst is small objects, some are large; all are freed in an order that has nothing to do with
 * that of their allocation. Then the program sleeps, and calls no function of the allocator's. The figure
 * is the part of its memory's peak that is still resident then.
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "workload.h"

enum { LARGE_ONE_IN = 64 };

static struct sizes small_sizes, large_sizes;

/* Returns the anonymous bytes in memory, without those of the workload's tables. */
static double resident(void)
{
	unsigned long pages, shared;
	char line[128];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

	if (length <= 0)
		give_up("can't read /proc/self/statm");
	close(fd);
	line[length] = '\0';
	if (sscanf(line, "%*u %lu %lu", &pages, &shared) != 2)
		give_up("can't understand /proc/self/statm");
	return (double)(pages - shared) * (double)sysconf(_SC_PAGESIZE) - (double)told->own;
}

static uint32_t allocate(struct worker *worker, void **objects, uint32_t most, int64_t bytes)
{
	uint32_t count = 0;

	while (worker->live < bytes && count < most) {
		const struct sizes *sizes = random_below(&worker->random, LARGE_ONE_IN) == 0 ? &large_sizes
											     : &small_sizes;
		uint32_t size = sizes_draw(sizes, &worker->random);

		objects[count] = object_new(worker, size);
		object_touch(objects[count++], size);
	}
	return count;
}

static void shuffle(struct worker *worker, void **objects, uint32_t count)
{
	for (uint32_t i = count; i > 1; i--) {
		uint32_t place = random_below(&worker->random, i);
		void *object = objects[place];

		objects[place] = objects[i - 1];
		objects[i - 1] = object;
	}
}

static void run(void)
{
	int64_t bytes = (int64_t)(scaled_parameter("mebibytes") << 20);
	uint32_t most = (uint32_t)(bytes / 256);
	void **objects = own_memory(most * sizeof *objects);
	struct worker worker;
	uint32_t count;
	double peak;

	sizes_log_uniform(&small_sizes, 16, 2048);
	sizes_log_uniform(&large_sizes, 2048, 1 << 20);
	worker_start(&worker, 0, NULL);
	count = allocate(&worker, objects, most, bytes);
	peak = resident();
	shuffle(&worker, objects, count);
	objects_free(&worker, objects, count);
	stay_idle((double)parameter("milliseconds") / 1000);
	told->figure = resident() / peak;
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"mebibytes", 200, NULL, "of the burst"},
	{"milliseconds", 1000, NULL, "of idleness"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_burst = {"burst", "much memory for a short time, then idleness", run,
					parameters};
