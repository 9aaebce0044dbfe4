/* SPDX-License-Identifier: MIT */
/* walk.c - fills a heap with objects of all sizes, frees some, and prints every place in it, as CSV. */
#include <ma.h>
#include <stdint.h>
#include <stdio.h>

enum { COUNT = 3000 };

static const char *const kinds[] = {"free block", "block",	  "slab",	 "free slot",
				    "slot",	  "large object", "free mapping"};

static uint32_t random_below(uint32_t bound)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) * bound >> 31);
}

static int print(const struct ma_place *place, void *arg)
{
	(void)arg;
	printf("%s,%td,%zu,%zu\n", kinds[place->kind],
	       (const char *)place->address - (const char *)place->chunk, place->size, place->slot_size);
	return 0;
}

int main(void)
{
	static char output[1 << 16];
	static void *object[COUNT];

	setvbuf(stdout, output, _IOFBF, sizeof output);
	for (int i = 0; i < COUNT; i++) {
		size_t size = random_below(4) != 0 ? 48 : 16 + random_below(300);

		if (random_below(100) == 0)
			size = 9000 + random_below(30000);
		object[i] = ma_malloc(size);
	}
	for (int i = 0; i < COUNT; i++) { /* two of three objects of the middle, some of the others */
		if (random_below(100) < (i > COUNT / 3 && i < 2 * COUNT / 3 ? 75 : 15))
			ma_free(object[i]);
	}
	puts("kind,offset,size,slot_size");
	ma_walk(print, NULL);
	return 0;
}
