/* SPDX-License-Identifier: MIT */
/*
 * zeroed.c - the workload `zeroed`: calloc.
 *
 *   small  objects of 16 to 1024 bytes, read as a whole, as zeroes, and then made dirty
 *   huge   tables of 1 to 64 MiB that stay nearly empty, as hash tables often do: who clears memory that is
 *          known to be clear pays for all of it
 */
#include <config.h>

#include "workload.h"

enum kind { KIND_SMALL, KIND_HUGE };

enum { STRIDE = 65536 };

static struct sizes sizes;

/* Verifies that every `stride`th byte is 0 and sets it. */
static void use(unsigned char *object, uint32_t size, uint32_t stride)
{
	for (uint32_t i = 0; i < size; i += stride) {
		if (object[i] != 0)
			give_up("calloc's object at %p is not all zeroes", (void *)object);
		object[i] = 0xFF;
	}
}

/* The same for all bytes, eight at a time. */
static void use_fully(void *object, uint32_t size)
{
	uint64_t *words = object;

	for (uint32_t i = 0; i < size / 8; i++) {
		if (words[i] != 0)
			give_up("calloc's object at %p is not all zeroes", object);
		words[i] = UINT64_MAX;
	}
	use((unsigned char *)object + size / 8 * 8, size % 8, 1);
}

static void replace(struct worker *worker, void **slot, uint32_t size, enum kind kind)
{
	void *object;

	object_free(worker, *slot);
	object = calloc(size, 1);
	if (object == NULL)
		give_up("no memory for %u bytes", size);
	if (kind == KIND_HUGE)
		use(object, size, STRIDE);
	else
		use_fully(object, size);
	*slot = object_adopt(worker, object, size);
}

static void run(void)
{
	enum kind kind = (enum kind)parameter("kind");
	uint64_t replacements = scaled_parameter(kind == KIND_HUGE ? "tables" : "objects");
	uint32_t live = (uint32_t)parameter(kind == KIND_HUGE ? "live-tables" : "live");
	void **objects = own_memory(live * sizeof *objects);
	struct worker worker;

	if (kind == KIND_HUGE)
		sizes_log_uniform(&sizes, 1 << 20, 64 << 20);
	else
		sizes_log_uniform(&sizes, 16, 1024);
	worker_start(&worker, 0, NULL);
	for (uint64_t i = 0; i < replacements; i++) {
		uint32_t size = sizes_draw(&sizes, &worker.random);

		replace(&worker, &objects[random_below(&worker.random, live)], size, kind);
	}
	objects_free(&worker, objects, live);
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"kind", KIND_SMALL, "small|huge", "what is allocated"},
	{"objects", 6000000, NULL, "small objects in all"},
	{"live", 10000, NULL, "small objects at a time"},
	{"tables", 150, NULL, "huge ones in all"},
	{"live-tables", 8, NULL, "huge ones at a time"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_zeroed = {"zeroed", "calloc of small objects, or of huge sparse tables", run,
					 parameters};
