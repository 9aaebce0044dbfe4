/* SPDX-License-Identifier: MIT */
/* timing.c - one allocator, three benchmarks, three different answers. Also without libma: cc -DPLAIN. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef PLAIN
#define ma_malloc malloc
#define ma_free free
#else
#include <ma.h>
#endif

enum { LIVE = 100000, SIZES = 1000 };

static uint64_t seed = 1;
static char *object[LIVE];

static uint32_t random_below(uint32_t bound)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) * bound >> 31);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The loop that everybody writes first: the same slot, over and over. */
static void same(int pairs)
{
	for (int i = 0; i < pairs; i++) {
		char *volatile only = ma_malloc(64); /* volatile: or else the compiler leaves the pair out */

		only[0] = 1;
		ma_free(only);
	}
}

/* Sizes as programs have them, and many live objects: each is anywhere in memory. */
static void mixed(int pairs)
{
	for (int i = 0; i < pairs; i++) {
		char **place = &object[random_below(LIVE)];

		ma_free(*place);
		*place = ma_malloc(16 + random_below(SIZES));
		(*place)[0] = 1;
	}
}

/* Memory that was never used before: mostly the kernel's time. */
static void fresh(int pairs)
{
	for (int i = 0; i < pairs; i++) {
		object[i] = ma_malloc(4096);
		object[i][0] = 1;
	}
}

/* In a process of its own, which inherits no other benchmark's heap. */
static void measure(const char *name, void (*before)(int), void (*run)(int), int pairs)
{
	pid_t child = fork();

	if (child == 0) {
		if (before != NULL)
			before(LIVE * 10); /* fills the table, and is not measured */
		double start = now();

		run(pairs);
		printf("%-6s %8.1f ns\n", name, (now() - start) / pairs);
		exit(0);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	int pairs = argc > 1 ? atoi(argv[1]) : LIVE;

	if (pairs < 1 || pairs > 10000000)
		return 2;
	measure("same", NULL, same, pairs);
	measure("mixed", mixed, mixed, pairs);
	measure("fresh", NULL, fresh, pairs < LIVE ? pairs : LIVE);
	return 0;
}
