/* SPDX-License-Identifier: MIT */
/* bugs.c - each mistake that one can make with malloc and free; run it on libma: ma run ./bugs NAME. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The compiler would see through these and warn: it must not know what it looks at. */
static char *volatile kept;

static char *make(size_t size)
{
	kept = malloc(size);
	if (kept == NULL)
		exit(1);
	memset(kept, 'x', size);
	return kept;
}

static void twice(void)
{
	make(100);
	free(kept);
	free(kept);
}

static void middle(void)
{
	kept = make(100) + 16;
	free(kept);
}

static void past_the_end(void)
{
	make(20000);
	char *neighbour = make(20000);
	char *object = make(20000);

	memset(object, 'x', 20000 + 4); /* four bytes too many */
	make(20000);
	free(object);
	free(neighbour);
}

static void after_free(void)
{
	char *object = make(100);

	free(kept);
	memset(object, 'x', 8); /* where the list of free slots is linked */
	make(100);
	make(100);
}

static void leak(void)
{
	for (int i = 0; i < 1000; i++)
		make(1000); /* the pointer is overwritten each time */
}

static const struct {
	const char *name;
	void (*run)(void);
} bugs[] = {
	{"twice", twice},	    {"middle", middle}, {"past-the-end", past_the_end},
	{"after-free", after_free}, {"leak", leak},
};

int main(int argc, char **argv)
{
	for (int i = 0; i < 40; i++)
		make(100); /* the slab that the mistakes are made in */
	for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++) {
		if (argc == 2 && strcmp(argv[1], bugs[i].name) == 0) {
			bugs[i].run();
			puts("nobody noticed");
			return 0;
		}
	}
	fputs("usage: bugs twice | middle | past-the-end | after-free | leak\n", stderr);
	return 2;
}
