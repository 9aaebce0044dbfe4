/* SPDX-License-Identifier: MIT */
/* holes.c - external fragmentation: much is free, and nothing of it is large enough. Two characters are 10,000 bytes. */
#include <ma.h>
#include <stdio.h>

enum { COUNT = 20, SIZE = 10000 };

struct free_memory {
	const char *from, *to; /* only what lies between our own blocks counts */
	size_t total, largest;
};

static int add(const struct ma_place *place, void *arg)
{
	struct free_memory *free = arg;
	const char *address = place->address;

	if (address < free->from || address > free->to)
		return 0;
	for (size_t i = 0; i < place->size / (SIZE / 2); i++)
		putchar(place->kind == MA_BLOCK_FREE ? '.' : '#');
	if (place->kind == MA_BLOCK_FREE) {
		free->total += place->size;
		if (place->size > free->largest)
			free->largest = place->size;
	}
	return 0;
}

static void tell(const char *what, char **object)
{
	struct free_memory free = {object[0], object[COUNT - 1], 0, 0};

	ma_walk(add, &free);
	printf("  %s: %zu bytes free, the largest piece has %zu\n", what, free.total, free.largest);
}

int main(void)
{
	char *object[COUNT];

	for (int i = 0; i < COUNT; i++) {
		object[i] = ma_malloc(SIZE);
		if (object[i] == NULL)
			return 1;
	}
	tell("all in use", object);
	for (int i = 1; i < COUNT - 1; i += 2)
		ma_free(object[i]);
	tell("every other one freed", object);

	char *twice = ma_malloc(2 * SIZE);

	printf("%40s  twice the size lies %s\n", "",
	       twice < object[COUNT - 1] ? "in a hole" : "behind them all: the heap has grown");
	for (int i = 2; i < COUNT - 1; i += 2)
		ma_free(object[i]);
	ma_trim(1 << 20); /* merges what waits to be taken again as it is */
	tell("the others too", object);
	return 0;
}
