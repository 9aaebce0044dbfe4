/* SPDX-License-Identifier: MIT */
/*
 * aligned.c - the workload `aligned`: objects on boundaries of 32 to 4096 bytes, of any size.
 *
 * Half of them come from aligned_alloc, half from posix_memalign. Small alignments are more frequent than
 * large ones, as in programs.
 */
#include <config.h>

#include "workload.h"

enum { SMALLEST_ALIGNMENT = 32, ALIGNMENTS = 8, LARGEST = 8192 };

static struct sizes sizes;

static void *new_aligned(struct worker *worker)
{
	uint32_t draw = random_next(&worker->random);
	/* Each alignment is half as likely as the one below it. */
	uint32_t step = (uint32_t)__builtin_ctz((draw >> 8) | 1U << (ALIGNMENTS - 1));
	size_t alignment = (size_t)SMALLEST_ALIGNMENT << step;
	uint32_t size = sizes_draw(&sizes, &worker->random);
	void *object = NULL;

	if (draw % 2 == 0) {
		/* Some take only whole multiples, as C11 once had it. */
		size = (size + (uint32_t)alignment - 1) & ~((uint32_t)alignment - 1);
		object = aligned_alloc(alignment, size);
	} else if (posix_memalign(&object, alignment, size) != 0) {
		object = NULL;
	}
	if (((uintptr_t)object & (alignment - 1)) != 0)
		give_up("the object at %p should be on a boundary of %zu bytes", object, alignment);
	return object_adopt(worker, object, size);
}

static void run(void)
{
	uint64_t replacements = scaled_parameter("replacements");
	uint32_t live = (uint32_t)parameter("live");
	void **objects = own_memory(live * sizeof *objects);
	struct worker worker;

	sizes_log_uniform(&sizes, 16, LARGEST);
	worker_start(&worker, 0, NULL);
	for (uint64_t i = 0; i < replacements; i++) {
		void **slot = &objects[random_below(&worker.random, live)];

		object_free(&worker, *slot);
		*slot = new_aligned(&worker);
	}
	objects_free(&worker, objects, live);
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"replacements", 2000000, NULL, "objects in all"},
	{"live", 5000, NULL, "objects at a time"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_aligned = {"aligned", "aligned_alloc and posix_memalign", run, parameters};
