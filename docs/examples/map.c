/* SPDX-License-Identifier: MIT */
/* map.c - draws the map of its own process, and names what lies in each part. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int data = 1;
static int zeros[1000];
static _Thread_local int own;
static const char text[] = "constant";

int main(void)
{
	char line[512], *heap = malloc(100), *large = malloc(1 << 20);
	int local = 0;
	const struct {
		const char *name;
		const void *address;
	} mark[] = {
		{"main, the code", (const void *)(size_t)main},
		{"a constant", text},
		{"a variable with a value", &data},
		{"a variable without one", zeros},
		{"malloc(100)", heap},
		{"malloc(1 MiB)", large},
		{"printf, in the C library", (const void *)(size_t)printf},
		{"a thread-local variable", &own},
		{"a local variable", &local},
	};
	FILE *file = fopen("/proc/self/maps", "r");

	if (file == NULL || heap == NULL || large == NULL)
		return 1;
	while (fgets(line, sizeof line, file) != NULL) {
		unsigned long from, to;
		char rights[8] = "", name[256] = "";

		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, rights, name) < 3)
			continue;
		const char *slash = strrchr(name, '/');

		printf("%12lx %8lu KiB %s %s\n", from, (to - from) / 1024, rights,
		       slash != NULL ? slash + 1 : name);
		for (size_t i = 0; i < sizeof mark / sizeof *mark; i++) {
			if ((unsigned long)mark[i].address >= from && (unsigned long)mark[i].address < to)
				printf("%35s <- %s\n", "", mark[i].name);
		}
	}
	fclose(file);
	free(heap);
	free(large);
	return 0;
}
