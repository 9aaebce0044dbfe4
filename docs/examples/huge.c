/* SPDX-License-Identifier: MIT */
/* huge.c - touches 64 MiB, page by page, in ordinary and in huge pages. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

enum { SIZE = 64 << 20 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void touch(const char *what, int advice)
{
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rusage before, after;

	if (memory == MAP_FAILED)
		exit(1);
	madvise(memory, SIZE, advice);
	getrusage(RUSAGE_SELF, &before);
	double start = now();

	for (size_t i = 0; i < SIZE; i += 4096)
		memory[i] = 1;
	double touched = now();
	unsigned sum = 0, place = 1;

	for (int i = 0; i < 3000000; i++) { /* reads here and there */
		place = place * 1664525 + 1013904223;
		sum += (unsigned char)memory[place % SIZE];
	}
	getrusage(RUSAGE_SELF, &after);
	printf("%-10s %6ld faults, %5.0f ms to touch, %5.0f ms for 3 million reads%s\n", what,
	       after.ru_minflt - before.ru_minflt, touched - start, now() - touched, sum == 1 ? "!" : "");
	munmap(memory, SIZE);
}

int main(void)
{
	touch("4 KiB", MADV_NOHUGEPAGE);
	touch("huge", MADV_HUGEPAGE);
	return 0;
}
