/* SPDX-License-Identifier: MIT */
/*
 * drift.c - the workload `drift`: a long run whose mix of sizes drifts, and so breaks the heap to pieces.
 *
 * The heap's live bytes stay what they are; objects are replaced at random. Half of the sizes asked for are of any
 * kind, as always; the other half move from some 64 bytes up to 2 KiB, and back. What an allocator has
 * laid out for one size must serve another, and what the live bytes need in memory shows how well it does: that
 * is what ma-measure samples. In each phase the heap is replaced more than twice over.
 */
#include <config.h>

#include <math.h>

#include "workload.h"

enum { SMALLEST = 16, LARGEST = 8192, SMALLEST_CENTRE = 64, STEPS_UP = 5, LEAST_MEBIBYTES = 8 };

static struct sizes any_size, drifting_size;

/* Sizes around 64 B in the first phase, around 2 KiB in the middle one, and back. */
static void set_sizes(uint64_t phase, uint64_t phases)
{
	double part = phases > 1 ? (double)phase / (double)(phases - 1) : 0;
	double height = part < 0.5 ? 2 * part : 2 - 2 * part;
	double centre = SMALLEST_CENTRE * exp2(STEPS_UP * height);

	sizes_log_uniform(&drifting_size, centre / 2, centre * 2);
}

static uint32_t draw_size(struct worker *worker)
{
	bool drifts = random_below(&worker->random, 2) == 0;

	return sizes_draw(drifts ? &drifting_size : &any_size, &worker->random);
}

struct heap {
	void **objects;
	uint32_t count, most;
	int64_t target; /* bytes */
};

/* Frees objects until there is room for one more. */
static void make_room(struct worker *worker, struct heap *heap)
{
	while (heap->count == heap->most || worker->live >= heap->target) {
		uint32_t place = random_below(&worker->random, heap->count);

		object_free(worker, heap->objects[place]);
		heap->objects[place] = heap->objects[--heap->count];
		told->steady = 1;
	}
}

static void run(void)
{
	uint64_t phases = parameter("phases");
	uint64_t mebibytes = scaled_parameter("mebibytes");
	struct heap heap = {.target = (int64_t)(mebibytes > LEAST_MEBIBYTES ? mebibytes : LEAST_MEBIBYTES)
				      << 20};
	/* Bytes, not objects: each phase replaces as much of the heap as any other. */
	int64_t turnover = heap.target * (int64_t)parameter("turnover") / 100;
	struct worker worker;

	heap.most = (uint32_t)(heap.target / SMALLEST_CENTRE);
	heap.objects = own_memory(heap.most * sizeof *heap.objects);
	sizes_log_uniform(&any_size, SMALLEST, LARGEST);
	worker_start(&worker, 0, NULL);
	for (uint64_t phase = 0; phase < phases; phase++) {
		int64_t left = turnover;

		set_sizes(phase, phases);
		while (left > 0) {
			uint32_t size = draw_size(&worker);
			void *object;

			make_room(&worker, &heap);
			object = object_new(&worker, size);
			object_touch(object, size);
			heap.objects[heap.count++] = object;
			left -= size;
		}
	}
	told->steady = 0;
	objects_free(&worker, heap.objects, heap.count);
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"phases", 12, NULL, "steps of the drift"},
	{"turnover", 250, NULL, "percentage of the heap that is allocated in each phase"},
	{"mebibytes", 32, NULL, "live bytes"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_drift = {"drift", "sizes that drift: what fragmentation costs", run,
					parameters};
