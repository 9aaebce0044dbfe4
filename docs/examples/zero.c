/* SPDX-License-Identifier: MIT */
/* zero.c - calloc need not clear what comes fresh from the system. */
#include <ma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* MiB of the process that are resident. */
static long resident(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
		exit(1);
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE) >> 20;
}

int main(void)
{
	enum { SIZE = 64 << 20 };
	char *table = ma_calloc(SIZE, 1);

	if (table == NULL)
		return 1;
	printf("calloc of 64 MiB:     %3ld MiB resident\n", resident());
	for (size_t i = 0; i < SIZE; i += SIZE / 16)
		if (table[i] != 0)
			return 1;
	printf("16 bytes of it read:  %3ld MiB resident\n", resident());
	ma_free(table);

	table = ma_malloc(SIZE);
	if (table == NULL)
		return 1;
	memset(table, 0, SIZE);
	printf("malloc and memset:    %3ld MiB resident\n", resident());
	printf("the last byte is %d\n", table[SIZE - 1]); /* or else the compiler would make it a calloc */
	ma_free(table);
	return 0;
}
