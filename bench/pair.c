/* SPDX-License-Identifier: MIT */
/*
 * pair.c - the workload `pair`: an object comes and goes, over and over.
 *
 * This is the fast path alone, as no program has it: the way to count its instructions, as with
 *
 *   LD_PRELOAD=... valgrind --tool=callgrind ma-workload pair size=64 pairs=1000000
 */
#include <config.h>

#include "workload.h"

static void run(void)
{
	uint64_t pairs = scaled_parameter("pairs");
	size_t size = parameter("size");

	for (uint64_t i = 0; i < pairs; i++) {
		void *object = malloc(size);

		/* The compiler must take the object for used. */
		__asm__ volatile("" : "+r"(object) : : "memory");
		free(object);
	}
	told->checksum = pairs;
}

static const struct parameter parameters[] = {
	{"pairs", 40000000, NULL, "pairs of malloc and free"},
	{"size", 64, NULL, "bytes of an object"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_pair = {"pair", "malloc and free of one object by turns", run, parameters};
