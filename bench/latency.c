/* SPDX-License-Identifier: MIT */
/*
 * latency.c - the workload `latency`: how long each single malloc and free takes.
 *
 * Nine of ten objects are small, the others up to 32 KiB. With more than one thread, half of the objects are
 * freed by another thread than allocated them. Each call is timed by the processor's time stamp counter where
 * it runs at a constant rate, else by clock_gettime(2). What two readings in a row differ by is taken off.
 * Times go to a histogram whose buckets are 1/64 apart, in memory of its own.
 */
#include <config.h>

#include <string.h>
#include <time.h>

#if defined __x86_64__
#include <cpuid.h>
#include <x86intrin.h>
#endif

#include "workload.h"

enum {
	FINE_BITS = 6, /* a bucket is 2^-FINE_BITS of its time wide */
	FINE = 1 << FINE_BITS,
	BUCKETS = (64 - FINE_BITS + 1) * FINE,
	READINGS = 10001, /* of the clock, to find what it costs */
	LARGE_ONE_IN = 10
};

/* Times are in ticks: of the counter, or nanoseconds. */
struct histogram {
	uint64_t count[BUCKETS];
	uint64_t largest;
};

struct latency {
	_Atomic(void *) *slots;
	uint32_t share;
	unsigned threads;
	uint64_t replacements;
	uint64_t clock_ticks;			    /* what reading the clock takes */
	struct histogram (*histograms)[OPERATIONS]; /* of each thread */
};

static struct sizes small_sizes, large_sizes;
static bool has_counter;

static inline uint64_t nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

#if defined __x86_64__

/* Whether the counter runs at the same rate whatever the processor's clock does. */
static bool find_counter(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & 1U << 8) != 0;
}

/* The fences keep what is timed between the two readings. */
static inline uint64_t ticks(void)
{
	uint64_t count;

	if (!has_counter)
		return nanoseconds();
	_mm_lfence();
	count = __rdtsc();
	_mm_lfence();
	return count;
}

#else

static bool find_counter(void)
{
	return false;
}

static inline uint64_t ticks(void)
{
	return nanoseconds();
}

#endif

/* Times below FINE have a bucket each; above, each octave has FINE of them. */
static unsigned bucket_of(uint64_t time)
{
	unsigned octave;

	if (time < FINE)
		return (unsigned)time;
	octave = 63 - (unsigned)__builtin_clzll(time) - FINE_BITS;
	return (octave + 1) * FINE + (unsigned)(time >> octave) - FINE;
}

/* Returns the middle of a bucket. */
static double time_of_bucket(unsigned bucket)
{
	unsigned octave = bucket / FINE;

	if (octave == 0)
		return bucket;
	return ((double)(bucket % FINE + FINE) + 0.5) * (double)(UINT64_C(1) << (octave - 1));
}

static inline void record(struct histogram *histogram, uint64_t time, uint64_t clock)
{
	uint64_t net = time > clock ? time - clock : 0;

	histogram->count[bucket_of(net)]++;
	if (net > histogram->largest)
		histogram->largest = net;
}

static uint32_t draw_size(struct worker *worker)
{
	bool large = random_below(&worker->random, LARGE_ONE_IN) == 0;

	return sizes_draw(large ? &large_sizes : &small_sizes, &worker->random);
}

/* What is timed is a program at work, not one that begins: the first objects are not. */
static void fill(struct worker *worker, _Atomic(void *) *slots, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		void *object = object_new(worker, draw_size(worker));

		object_free(worker, atomic_exchange_explicit(&slots[i], object, memory_order_acq_rel));
	}
}

static void work(struct worker *worker)
{
	const struct latency *latency = worker->argument;
	struct histogram *histograms = latency->histograms[worker->index];
	_Atomic(void *) *own = &latency->slots[worker->index * latency->share];

	fill(worker, own, latency->share);
	for (uint64_t i = 0; i < latency->replacements; i++) {
		uint32_t draw = random_next(&worker->random);
		uint32_t size = draw_size(worker);
		uint32_t share = latency->share;
		_Atomic(void *) *slot =
			(draw >> 16) % 2 == 0
				? &own[random_below(&worker->random, share)]
				: &latency->slots[random_below(&worker->random, share * latency->threads)];
		uint64_t before, between;
		void *object;

		before = ticks();
		object = malloc(size);
		record(&histograms[OPERATION_MALLOC], ticks() - before, latency->clock_ticks);
		object_adopt(worker, object, size);
		object = atomic_exchange_explicit(slot, object, memory_order_acq_rel);
		if (object == NULL)
			continue; /* another thread has not filled its share yet */
		object_dismiss(worker, object);
		between = ticks();
		free(object);
		record(&histograms[OPERATION_FREE], ticks() - between, latency->clock_ticks);
	}
}

static void add_histogram(struct histogram *sum, const struct histogram *histogram)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		sum->count[i] += histogram->count[i];
	if (histogram->largest > sum->largest)
		sum->largest = histogram->largest;
}

/* Returns the time, in ticks, that the part `part` of all calls did not take longer than. */
static double percentile(const struct histogram *histogram, uint64_t count, double part)
{
	uint64_t rank = (uint64_t)((double)count * part);
	uint64_t seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += histogram->count[i];
		if (seen > rank)
			return time_of_bucket(i);
	}
	return (double)histogram->largest;
}

/* Returns the median of what two readings in a row differ by. */
static uint64_t cost_of_clock(void)
{
	struct histogram *differences = own_memory(sizeof *differences);

	for (unsigned i = 0; i < READINGS; i++) {
		uint64_t before = ticks();

		record(differences, ticks() - before, 0);
	}
	return (uint64_t)percentile(differences, READINGS, 0.5);
}

static void tell_latency(struct report_latency *result, const struct histogram *histogram, double tick)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		count += histogram->count[i];
	*result = (struct report_latency){
		.count = count,
		.p50 = percentile(histogram, count, 0.5) * tick,
		.p99 = percentile(histogram, count, 0.99) * tick,
		.p999 = percentile(histogram, count, 0.999) * tick,
		.max = (double)histogram->largest * tick,
	};
}

static void tell_latencies(const struct latency *latency, double tick)
{
	for (unsigned operation = 0; operation < OPERATIONS; operation++) {
		struct histogram *sum = &latency->histograms[0][operation];

		for (unsigned i = 1; i < latency->threads; i++)
			add_histogram(sum, &latency->histograms[i][operation]);
		tell_latency(&told->latency[operation], sum, tick);
	}
}

static void run(void)
{
	struct latency latency = {
		.share = (uint32_t)parameter("live"),
		.threads = thread_parameter("threads"),
		.replacements = scaled_parameter("replacements"),
	};
	uint64_t start_ticks, start_time;
	struct worker last;
	double tick;

	has_counter = find_counter();
	sizes_log_uniform(&small_sizes, 16, 1024);
	sizes_log_uniform(&large_sizes, 1024, 32768);
	latency.slots = own_memory(latency.threads * latency.share * sizeof *latency.slots);
	latency.histograms = own_memory(latency.threads * sizeof *latency.histograms);
	latency.clock_ticks = cost_of_clock();
	start_time = nanoseconds();
	start_ticks = ticks();
	crew_run(latency.threads, work, &latency);
	tick = (double)(nanoseconds() - start_time) / (double)(ticks() - start_ticks);
	tell_latencies(&latency, tick);
	worker_start(&last, 0, NULL);
	for (uint32_t i = 0; i < latency.threads * latency.share; i++)
		object_free(&last, atomic_load(&latency.slots[i]));
	worker_end(&last);
}

static const struct parameter parameters[] = {
	{"threads", 1, NULL, "how many"},
	{"replacements", 2000000, NULL, "objects that each thread replaces"},
	{"live", 10000, NULL, "objects for each thread"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_latency = {"latency", "how long each malloc and free takes", run, parameters};
