/* SPDX-License-Identifier: MIT */
/* slabs.c - small objects: the first few of a size are blocks, the others slots of a slab. */
#include <ma.h>
#include <stdio.h>

enum { COUNT = 40, SIZE = 40 };

static int count_slabs(const struct ma_place *place, void *arg)
{
	if (place->kind == MA_BLOCK_SLAB && place->slot_size == 48) {
		printf("a slab of %zu bytes holds slots of %zu bytes\n", place->size, place->slot_size);
		*(const char **)arg = place->address;
		return 1;
	}
	return 0;
}

int main(void)
{
	char *object[COUNT], *slab = NULL;
	int next_to_each_other = 0;

	for (int i = 0; i < COUNT; i++)
		object[i] = ma_malloc(SIZE);
	if (ma_walk(count_slabs, &slab) == 0)
		return 1;
	for (int i = 1; i < COUNT; i++)
		next_to_each_other += object[i] - object[i - 1] == 48 && object[i - 1] > slab;
	printf("%d of %d objects of %d bytes lie 48 bytes behind the one before\n", next_to_each_other, COUNT,
	       SIZE);

	/* Last in, first out: the slot that was freed last is the next to be used. */
	char *a = object[30], *b = object[35];

	ma_free(a);
	ma_free(b);
	char *c = ma_malloc(SIZE), *d = ma_malloc(SIZE);

	printf("freed a, then b; malloc gives %s, then %s\n", c == b ? "b" : "another",
	       d == a ? "a" : "another");
	return 0;
}
