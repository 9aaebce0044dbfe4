/* SPDX-License-Identifier: MIT */
/* random.h - numbers for tests: the same ones on every run, from the seed (splitmix64, Steele and others, 2014). */
#ifndef RANDOM_H
#define RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t n = random->state += UINT64_C(0x9e3779b97f4a7c15);

	n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
	return n ^ (n >> 31);
}

/* One of 0 … below - 1. */
static inline size_t random_below(struct random *random, size_t below)
{
	return (size_t)(random_next(random) % below);
}

/* True once in `n` times. */
static inline int random_once_in(struct random *random, size_t n)
{
	return random_below(random, n) == 0;
}

/* A size of up to `most` bytes, small ones as often as large ones, often at an edge: 2^n - 1, 2^n, 2^n + 1. */
static inline size_t random_size(struct random *random, size_t most)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(most | 1);
	size_t edge = (size_t)1 << random_below(random, bits);
	size_t size = random_once_in(random, 4) ? edge - 1 + random_below(random, 3)
						: edge + random_below(random, edge);

	return size > most ? most : size;
}

/* How often a test repeats itself: less with MA_TEST_SHORT in the environment. */
static inline size_t test_rounds(size_t rounds)
{
	return getenv("MA_TEST_SHORT") == NULL ? rounds : rounds / 10 + 1;
}

#endif /* RANDOM_H */
