/* SPDX-License-Identifier: MIT */
/* aslr.c - runs itself again and again: where do code, heap, mappings and stack lie each time? */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 4, MOST = 1000 };

static const char *const names[PLACES] = {"code", "heap", "mapping", "stack"};

/* The number of bits that differ between any two of the addresses. */
static int bits(const uint64_t *address, int runs)
{
	uint64_t differ = 0;
	int count = 0;

	for (int i = 1; i < runs; i++)
		differ |= address[i] ^ address[0];
	for (; differ != 0; differ &= differ - 1)
		count++;
	return count;
}

static int distinct(const uint64_t *address, int runs)
{
	int count = 0;

	for (int i = 0; i < runs; i++) {
		int j = 0;

		while (j < i && address[j] != address[i])
			j++;
		count += j == i;
	}
	return count;
}

int main(int argc, char **argv)
{
	static uint64_t address[PLACES][MOST];
	int runs = argc > 1 ? atoi(argv[1]) : 100;

	if (argc > 1 && strcmp(argv[1], "child") == 0) {
		printf("%p %p %p %p\n", (void *)(size_t)main, malloc(100), malloc(1 << 20), (void *)&argc);
		return 0;
	}
	if (runs < 2 || runs > MOST)
		return 2;
	for (int i = 0; i < runs; i++) {
		char command[300];
		void *p[PLACES];

		snprintf(command, sizeof command, "%s child", argv[0]);
		FILE *child = popen(command, "r");

		if (child == NULL || fscanf(child, "%p %p %p %p", &p[0], &p[1], &p[2], &p[3]) != 4)
			return 1;
		pclose(child);
		for (int place = 0; place < PLACES; place++)
			address[place][i] = (uintptr_t)p[place];
		if (argc > 2) /* as data, for a plot */
			printf("%p,%p,%p,%p\n", p[0], p[1], p[2], p[3]);
	}
	if (argc > 2)
		return 0;
	for (int place = 0; place < PLACES; place++)
		printf("%-8s e.g. %#14llx   %3d different in %d runs, in %d bits\n", names[place],
		       (unsigned long long)address[place][0], distinct(address[place], runs), runs,
		       bits(address[place], runs));
	return 0;
}
