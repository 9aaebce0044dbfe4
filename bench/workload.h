/* SPDX-License-Identifier: MIT */
/*
 * workload.h - what the workloads share: parameters, random numbers, objects that are checked, threads.
 *
 * A workload does the same work in each run and under each allocator: its random numbers are its own, and
 * no decision depends on an address or on time. All that it gets from malloc carries marks that are
 * verified before it is freed, so that an allocator that hands out the same memory twice is found out.
 * Its own tables are not from malloc, so that they do not blur what is measured.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "report.h"

/* Parameters. */

struct parameter {
	const char *name;
	uint64_t value;
	const char *choices; /* "a|b|c": the value is the index of one of these words; NULL for a number */
	const char *help;
};

struct workload {
	const char *name;
	const char *summary;
	void (*run)(void);
	const struct parameter *parameters; /* one without a name ends them */
};

extern const struct workload workload_aligned, workload_births, workload_blocks, workload_burst,
	workload_churn, workload_crowd, workload_drift, workload_growth, workload_handover, workload_large,
	workload_larson, workload_latency, workload_mixed, workload_pair, workload_pareto, workload_phases,
	workload_sharing, workload_tiny, workload_zeroed;

/* Returns the value of the running workload's parameter `name`. */
uint64_t parameter(const char *name);

/* The same for an amount of work, which the parameter "scale" of all workloads makes smaller: at least 1. */
uint64_t scaled_parameter(const char *name);

/* The same for a number of threads: at least 1, at most REPORT_WORKERS. */
unsigned thread_parameter(const char *name);

/* Says why the workload can't go on, and ends it with status 1. */
__attribute__((format(printf, 1, 2), noreturn, cold)) void give_up(const char *format, ...);

/* What the workload tells about itself: the memory that is shared with ma-measure, or memory of its own. */
extern struct report_told *told;

/* Returns `size` bytes of zeroes that are no concern of malloc's, all of them resident. Never returned. */
void *own_memory(size_t size);

/* Sleeps, and has the time taken off. */
void stay_idle(double seconds);

double seconds_now(void);

/* Random numbers: xorshift64*, Vigna (2016). */

struct random {
	uint64_t state;
};

static inline struct random random_seed(uint64_t number)
{
	return (struct random){(number + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1};
}

static inline uint32_t random_next(struct random *random)
{
	uint64_t x = random->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random->state = x;
	return (uint32_t)((x * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

/* Returns a number less than `limit`. */
static inline uint32_t random_below(struct random *random, uint32_t limit)
{
	return (uint32_t)(((uint64_t)random_next(random) * limit) >> 32);
}

/* Returns a number from `low` to `high`. */
static inline uint32_t random_between(struct random *random, uint32_t low, uint32_t high)
{
	return low + random_below(random, high - low + 1);
}

/* Distributions of sizes: tables of samples, since logarithms would be what is measured. */

enum { SIZE_SAMPLES = 1 << 14 };

struct sizes {
	uint32_t sample[SIZE_SAMPLES];
};

/* Every octave between `low` and `high` is as likely as any other. */
void sizes_log_uniform(struct sizes *sizes, double low, double high);

/* Pareto's distribution with the exponent `alpha`, cut off at `high`. */
void sizes_pareto(struct sizes *sizes, double low, double high, double alpha);

static inline uint32_t sizes_draw(const struct sizes *sizes, struct random *random)
{
	return sizes->sample[random_below(random, SIZE_SAMPLES)];
}

/* One thread's share of the work. */

struct worker {
	_Alignas(64) struct random random;
	uint64_t
		checksum; /* of the objects freed: a sum, so that the order in which threads do it is no matter */
	int64_t live;
	struct report_worker *account;
	unsigned index;
	void *argument;			     /* of the workload */
	void (*work)(struct worker *worker); /* what its thread does */
};

/* Makes `worker` the one of the account `index`, with random numbers of its own. */
void worker_start(struct worker *worker, unsigned index, void *argument);

/* Adds the worker's checksum to that of the workload. May be called in any thread. */
void worker_end(struct worker *worker);

/* Runs `count` threads, with the workers 0 to count - 1, and waits for all of them. */
void crew_run(unsigned count, void (*work)(struct worker *worker), void *argument);

/* Starts a thread for the worker, which must stay where it is. */
pthread_t crew_start(struct worker *worker, void (*work)(struct worker *worker));

void crew_wait(pthread_t thread);

/*
 * Objects
 *
 * An object of 8 bytes or more begins with its mark: its size in the low half, and in the high half a hash of
 * the size and of where it lies. From 16 bytes on its last byte is marked as well. Whoever frees it needs
 * nothing but the pointer.
 */

enum { SMALLEST_OBJECT = 8 };

static inline uint64_t object_mark(const void *object, uint32_t size)
{
	uint64_t hash = ((uint64_t)(uintptr_t)object ^ size) * UINT64_C(0x9E3779B97F4A7C15);

	return (hash & UINT64_C(0xFFFFFFFF00000000)) | size;
}

static inline void worker_count(struct worker *worker, int64_t bytes)
{
	worker->live += bytes;
	atomic_store_explicit(&worker->account->live, worker->live, memory_order_relaxed);
}

/* Marks what malloc or one of its kin returned. */
static inline void *object_adopt(struct worker *worker, void *memory, uint32_t size)
{
	if (__builtin_expect(memory == NULL, 0))
		give_up("no memory for %u bytes", size);
	/* From here on the compiler knows nothing of the object, as if it came from elsewhere. */
	__asm__("" : "+r"(memory));
	*(uint64_t *)memory = object_mark(memory, size);
	if (size >= 2 * SMALLEST_OBJECT)
		((unsigned char *)memory)[size - 1] = (unsigned char)size;
	worker_count(worker, size);
	return memory;
}

/* Verifies the marks and returns the object's size. After it, the object is to be freed or adopted anew. */
static inline uint32_t object_dismiss(struct worker *worker, const void *object)
{
	uint64_t mark = *(const uint64_t *)object;
	uint32_t size = (uint32_t)mark;

	if (__builtin_expect(mark != object_mark(object, size), 0) ||
	    (size >= 2 * SMALLEST_OBJECT &&
	     __builtin_expect(((const unsigned char *)object)[size - 1] != (unsigned char)size, 0)))
		give_up("the object at %p was overwritten", object);
	worker->checksum += (uint64_t)size * UINT64_C(0x9E3779B97F4A7C15) + 1;
	worker_count(worker, -(int64_t)size);
	return size;
}

static inline void *object_new(struct worker *worker, uint32_t size)
{
	return object_adopt(worker, malloc(size), size);
}

static inline void object_free(struct worker *worker, void *object)
{
	if (object == NULL)
		return;
	object_dismiss(worker, object);
	free(object);
}

/* Frees all of a table of `count` objects, or NULLs, and leaves NULLs there. */
static inline void objects_free(struct worker *worker, void **objects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		object_free(worker, objects[i]);
		objects[i] = NULL;
	}
}

/* Frees the object in `slot` and puts one of `size` bytes there. */
static inline void object_replace(struct worker *worker, void **slot, uint32_t size)
{
	object_free(worker, *slot);
	*slot = object_new(worker, size);
}

/* Touches each OS page of an object, behind its mark. */
static inline void object_touch(void *object, uint32_t size)
{
	for (uint32_t i = 4096; i < size; i += 4096)
		((unsigned char *)object)[i - 1] = (unsigned char)i;
}

#endif /* BENCH_WORKLOAD_H */
