/* SPDX-License-Identifier: MIT */
/* pinned.c - one live block at the top of the heap, and what it keeps. Also without libma: cc -DPLAIN. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef PLAIN
#define ma_malloc malloc
#define ma_free free
#else
#include <ma.h>
#endif

enum { COUNT = 8000, SIZE = 10000 };

/* Prints how much of the process is resident. */
static void tell(const char *what)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
		exit(1);
	fclose(file);
	printf("%-34s %3ld MiB resident\n", what, pages * sysconf(_SC_PAGESIZE) >> 20);
}

int main(void)
{
	static char *object[COUNT];

	tell("at the start");
	for (int i = 0; i < COUNT; i++) {
		object[i] = ma_malloc(SIZE);
		if (object[i] == NULL)
			return 1;
		for (int j = 0; j < SIZE; j += 512)
			object[i][j] = 1;
	}
	tell("80 MB are in use");
	for (int i = 0; i < COUNT - 1; i++)
		ma_free(object[i]);
	tell("all freed, but for the last block");
	ma_free(object[COUNT - 1]);
	tell("the last one, too");
	return 0;
}
