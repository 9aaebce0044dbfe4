/* SPDX-License-Identifier: MIT */
/* blocks.c - a real heap splits and coalesces: walked with ma_walk() after each step. */
#include <ma.h>
#include <stdio.h>

static char *first, *last;

/* Prints the blocks from `first` to `last`, on one line. */
static int show(const struct ma_place *place, void *arg)
{
	const char *address = place->address;

	(void)arg;
	if (address >= first && address <= last)
		printf("[%s %zu] ", place->kind == MA_BLOCK_FREE ? "free" : "used", place->size);
	return 0;
}

static void draw(const char *what)
{
	ma_trim(1 << 20); /* merges what would wait to be taken again as it is */
	ma_walk(show, NULL);
	printf(" %s\n", what);
}

int main(void)
{
	char *a = ma_malloc(10000), *b = ma_malloc(20000), *c = ma_malloc(30000), *d = ma_malloc(40000);

	if (a == NULL || b == NULL || c == NULL || d == NULL)
		return 1;
	first = a;
	last = d;
	draw("four blocks, side by side");
	ma_free(a);
	draw("a is free");
	ma_free(c);
	draw("c is free");
	ma_free(b);
	draw("b is free: one block of three");
	a = ma_malloc(50000);
	draw("50000 bytes, split off it");
	ma_free(a);
	ma_free(d);
	return 0;
}
