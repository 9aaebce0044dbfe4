/* SPDX-License-Identifier: MIT */
/*
 * stress.h - what the stress programs share: how long they run, and objects that know their own contents.
 *
 * Each program runs for TEST_SECONDS (2; 1 with MA_TEST_SHORT), and ends with status 0 if all was as it should be.
 */
#ifndef STRESS_H
#define STRESS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "../expect.h"
#include "../pattern.h"
#include "../random.h"
#include "../used.h"
#include "ma.h"

/* As gcc says it. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

/* The thread sanitizer calls a handler at the next system call, and no kernel's frame is there then: says that the test is
 * skipped. */
static inline bool stress_handlers_wait(void)
{
#if defined(__SANITIZE_THREAD__)
	fputs("skipped: the sanitizer puts signals off to the next system call\n", stderr);
	return true;
#else
	return false;
#endif
}

static inline double stress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* When the program is to end. */
static inline double stress_end(void)
{
	const char *seconds = getenv("TEST_SECONDS");

	if (seconds != NULL)
		return stress_now() + atof(seconds);
	return stress_now() + (getenv("MA_TEST_SHORT") != NULL ? 1 : 2);
}

/* An object: what it says of itself, then its contents. */
struct thing {
	size_t size; /* of all of it */
	uint64_t seed;
};

static inline struct thing *thing_set(struct thing *thing, size_t size, uint64_t seed)
{
	thing->size = size;
	thing->seed = seed;
	pattern_fill(thing + 1, size - sizeof(*thing), seed);
	return thing;
}

static inline void thing_check(const struct thing *thing)
{
	expect(ma_usable_size(thing) >= thing->size && thing->size >= sizeof(*thing));
	expect(pattern_holds(thing + 1, thing->size - sizeof(*thing), thing->seed));
}

static inline size_t thing_size(struct random *random)
{
	size_t most = random_once_in(random, 1000) ? 3000000 : random_once_in(random, 20) ? 60000 : 1500;

	return sizeof(struct thing) + random_size(random, most);
}

/* A new one, of any size, by any of the functions. */
static inline struct thing *thing_new(struct random *random)
{
	size_t size = thing_size(random);
	struct thing *thing;

	switch (random_below(random, 8)) {
	case 0:
		thing = ma_calloc(1, size);
		expect(thing != NULL && pattern_is_zero(thing, size));
		break;
	case 1:
		thing = ma_aligned_alloc((size_t)16 << random_below(random, 9), size);
		break;
	default:
		thing = ma_malloc(size);
	}
	expect(thing != NULL);
	return thing_set(thing, size, random_next(random));
}

static inline void thing_free(struct thing *thing)
{
	if (thing == NULL)
		return;
	thing_check(thing);
	thing->size = 0;
	ma_free(thing);
}

static inline struct thing *thing_resize(struct thing *thing, struct random *random)
{
	size_t size = thing_size(random), kept;
	uint64_t seed = thing->seed;

	thing_check(thing);
	kept = size < thing->size ? size : thing->size;
	thing = ma_realloc(thing, size);
	expect(thing != NULL && thing->seed == seed);
	expect(pattern_holds(thing + 1, kept - sizeof(*thing), seed));
	return thing_set(thing, size, seed + 1);
}

/* With all other threads gone and everything freed: the heap is sound, and empty. */
static inline void stress_finish(void)
{
	expect(ma_check() == 0);
	ma_trim(0);
	expect(ma_check() == 0);
	expect(used() == 0);
}

static inline pthread_t stress_thread(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	expect(pthread_create(&thread, NULL, body, arg) == 0);
	return thread;
}

#endif /* STRESS_H */
