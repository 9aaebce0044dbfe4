/* SPDX-License-Identifier: MIT */
/*
 * churn.c - the workload `churn`: small objects that come and go, with one of several shapes of lifetime.
 *
 *   random  any object may be the next to die
 *   lifo    the youngest dies first, as with what a recursion holds: a stack that grows and shrinks
 *   fifo    the oldest dies first, as with queues
 *   young   most die soon, and those that do not live long: what programs are found to do most (Ungar, 1984,
 *           and the literature on garbage collection since)
 */
#include <config.h>

#include "workload.h"

enum shape { SHAPE_RANDOM, SHAPE_LIFO, SHAPE_FIFO, SHAPE_YOUNG };

enum {
	NURSERY = 256,	 /* objects of which the next to die is one, as a rule; a power of 2 */
	OLD_ONE_IN = 16, /* deaths of which one is an old object's */
	LONGEST_STEP = 64
};

struct churn {
	struct worker worker;
	void **objects;
	uint32_t live; /* objects */
	uint32_t smallest, largest;
	uint64_t left; /* allocations */
};

static uint32_t draw_size(struct churn *churn)
{
	return random_between(&churn->worker.random, churn->smallest, churn->largest);
}

static void run_random(struct churn *churn)
{
	for (; churn->left > 0; churn->left--) {
		uint32_t place = random_below(&churn->worker.random, churn->live);

		object_replace(&churn->worker, &churn->objects[place], draw_size(churn));
	}
}

static void run_fifo(struct churn *churn)
{
	for (uint32_t place = 0; churn->left > 0; churn->left--) {
		object_replace(&churn->worker, &churn->objects[place], draw_size(churn));
		place = place + 1 < churn->live ? place + 1 : 0;
	}
}

/* Up and down by steps that balance each other, between an empty stack and a full one. */
static void run_lifo(struct churn *churn)
{
	struct worker *worker = &churn->worker;
	uint32_t depth = 0;

	while (churn->left > 0) {
		uint32_t up = random_between(&worker->random, 1, LONGEST_STEP);
		uint32_t down = random_between(&worker->random, 1, LONGEST_STEP);

		for (; up > 0 && depth < churn->live && churn->left > 0; up--, churn->left--)
			churn->objects[depth++] = object_new(worker, draw_size(churn));
		for (; down > 0 && depth > 0; down--) {
			object_free(worker, churn->objects[--depth]);
			churn->objects[depth] = NULL;
		}
	}
}

static void run_young(struct churn *churn)
{
	struct worker *worker = &churn->worker;

	for (; churn->left > 0; churn->left--) {
		uint32_t draw = random_next(&worker->random);
		uint32_t place = draw % OLD_ONE_IN == 0 ? random_below(&worker->random, churn->live)
							: (draw >> 8) % NURSERY;

		object_replace(worker, &churn->objects[place], draw_size(churn));
	}
}

static void run(void)
{
	struct churn churn = {
		.live = (uint32_t)parameter("live") + NURSERY,
		.smallest = (uint32_t)parameter("smallest"),
		.largest = (uint32_t)parameter("largest"),
		.left = scaled_parameter("allocations"),
	};

	if (churn.smallest < SMALLEST_OBJECT || churn.largest < churn.smallest)
		give_up("sizes are %d bytes at least", SMALLEST_OBJECT);
	worker_start(&churn.worker, 0, NULL);
	churn.objects = own_memory(churn.live * sizeof *churn.objects);
	switch ((enum shape)parameter("shape")) {
	case SHAPE_RANDOM:
		run_random(&churn);
		break;
	case SHAPE_LIFO:
		run_lifo(&churn);
		break;
	case SHAPE_FIFO:
		run_fifo(&churn);
		break;
	case SHAPE_YOUNG:
		run_young(&churn);
		break;
	}
	objects_free(&churn.worker, churn.objects, churn.live);
	worker_end(&churn.worker);
}

static const struct parameter parameters[] = {
	{"shape", SHAPE_RANDOM, "random|lifo|fifo|young", "which object dies next"},
	{"allocations", 10000000, NULL, "objects in all"},
	{"live", 20000, NULL, "objects at a time"},
	{"smallest", 16, NULL, "bytes of an object"},
	{"largest", 512, NULL, "bytes of an object"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_churn = {"churn", "small objects with several shapes of lifetime", run,
					parameters};
