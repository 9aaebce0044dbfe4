/* SPDX-License-Identifier: MIT */
/*
 * blocks.c - the workload `blocks`: does an allocation cost more if there are more free blocks to choose from?
 *
 * A few free blocks are made, and pairs of malloc and free timed; then very many, and the same pairs timed again. The
 * figure is the time of a pair then over that at first. An allocator that looks at one free block after the other
 * loses here.
 *
 * Free blocks are made by realloc: objects lie side by side, then each of them shrinks, and what it no longer
 * needs is free, between two objects that stay. For that an allocator must have them in blocks, not in classes of equal
 * size, as libma does from 8 KiB on. So they are allocated larger than that, and shrink at once to what
 * they are to be, so that the next one's place is just behind. All shrink in steps of less than a half, for an object that
 * shrinks by more is moved by many allocators. Those that have nothing but classes move it anyway, and so have no
 * free blocks here.
 *
 * The sizes of the free blocks follow Pareto's distribution: most are too small for the pairs, some are not.
 */
#include <config.h>

#include <math.h>
#include <time.h>

#include "workload.h"

enum {
	FIRST = 8208,		 /* the least bytes that an object is allocated with */
	LAST = 48,		 /* what it shrinks to in the end */
	LEAST_HOLE = 32,	 /* bytes of a free block, */
	LARGEST_HOLE = 32 << 10, /* and at most */
	MOST_LIVE = 4096,
	BATCHES = 25
};

static const double exponent = 1.5;

struct table {
	struct worker worker;
	void **objects;
	size_t count;
};

static double processor_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Returns the size from which an object shrinks to `size`: of which that is a little more than half. */
static uint32_t step_above(uint32_t size)
{
	return 2 * size - 16;
}

/* Returns the largest of LAST, step_above(LAST) and so on that is less than `size`. */
static uint32_t step_below(uint32_t size)
{
	uint32_t step = LAST;

	while (step_above(step) < size)
		step = step_above(step);
	return step;
}

/* Returns the object, shrunk to `size`. */
static void *shrink(struct worker *worker, void *object, uint32_t size)
{
	uint32_t had = object_dismiss(worker, object);

	while (had > size) {
		uint32_t step = step_below(had);

		had = step > size ? step : size;
		object = object_adopt(worker, realloc(object, had), had);
		object_dismiss(worker, object);
	}
	return object_adopt(worker, object, had);
}

/* Returns the size of an object as long as a free block, of random size, is part of it. */
static uint32_t draw_size(struct random *random)
{
	double part = (random_next(random) + 1.0) / 4294967296.0;
	double hole = LEAST_HOLE * pow(part, -1 / exponent);
	uint32_t size = LAST + (hole < LARGEST_HOLE ? (uint32_t)hole : LARGEST_HOLE) / 16 * 16;
	uint32_t step = step_below(size);

	/* No step may be less than the least block, which would stay with the object. */
	if (size - step < LEAST_HOLE)
		return step + LEAST_HOLE;
	return step_above(step) - size < LEAST_HOLE ? step_above(step) : size;
}

/* Makes `count` free blocks, and as many objects that keep them apart. */
static void make_holes(struct table *table, size_t count)
{
	struct worker *worker = &table->worker;
	void **objects = table->objects + table->count;

	for (size_t i = 0; i < count; i++) {
		uint32_t size = draw_size(&worker->random);

		objects[i] = shrink(worker, object_new(worker, size > FIRST ? size : FIRST), size);
	}
	for (size_t i = 0; i < count; i++)
		objects[i] = shrink(worker, objects[i], LAST);
	table->count += count;
}

/* Makes `pairs` pairs of malloc and free. */
static void make_pairs(struct worker *worker, uint64_t pairs, void **live, uint32_t live_count)
{
	uint32_t smallest = (uint32_t)parameter("smallest"), largest = (uint32_t)parameter("largest");

	for (uint64_t i = 0; i < pairs; i++)
		object_replace(worker, &live[random_below(&worker->random, live_count)],
			       random_between(&worker->random, smallest, largest));
}

/* Returns the seconds of the processor's that a pair takes: the median of some batches, after one that does not count,
 * since in it caches become warm. */
static double measure(struct worker *worker)
{
	static void *live[MOST_LIVE];
	uint32_t live_count = (uint32_t)parameter("live");
	uint64_t pairs = scaled_parameter("pairs") / BATCHES + 1;
	double batch[BATCHES];

	make_pairs(worker, pairs, live, live_count);
	for (int i = 0; i < BATCHES; i++) {
		double start = processor_seconds();

		make_pairs(worker, pairs, live, live_count);
		batch[i] = (processor_seconds() - start) / (double)pairs;
	}
	objects_free(worker, live, live_count);
	qsort(batch, BATCHES, sizeof batch[0], compare_doubles);
	return batch[BATCHES / 2];
}

static void run(void)
{
	size_t few = parameter("few"), many = scaled_parameter("many");
	struct table table = {.objects = own_memory((few + many) * sizeof *table.objects)};
	double at_first;

	if (parameter("live") < 1 || parameter("live") > MOST_LIVE)
		give_up("live is a number from 1 to %d", MOST_LIVE);
	if (parameter("smallest") < SMALLEST_OBJECT || parameter("largest") < parameter("smallest") ||
	    parameter("largest") > UINT32_MAX)
		give_up("sizes are 8 bytes at least, and the largest is none less than the smallest");
	worker_start(&table.worker, 0, NULL);
	make_holes(&table, few);
	at_first = measure(&table.worker);
	make_holes(&table, many > few ? many - few : 0);
	told->figure = measure(&table.worker) / at_first;
	objects_free(&table.worker, table.objects, table.count);
	worker_end(&table.worker);
}

static const struct parameter parameters[] = {
	{"few", 100, NULL, "free blocks at first"},
	{"many", 10000000, NULL, "free blocks then"},
	{"pairs", 3000000, NULL, "of malloc and free, beside few and again beside many"},
	{"live", 1, NULL, "objects at a time, of the pairs"},
	{"smallest", 8200, NULL, "bytes of such an object"},
	{"largest", 32768, NULL, "and at most"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_blocks = {"blocks", "malloc and free beside few and beside many free blocks",
					 run, parameters};
