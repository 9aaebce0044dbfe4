/* SPDX-License-Identifier: MIT */
/*
 * Whole scenarios, each repeated with the n-th request for memory refused, for every n that there is; alone, and
 * with all that follow it. What fails returns NULL with ENOMEM; all else stays as it was; the heap is sound; and when
 * memory is back the scenario succeeds, and leaves no more memory behind than it does without refusals.
 */
#include "../unit/unit.h"

#include <errno.h>
#include <pthread.h>

#include "../unit/scripted_source.h"
#include "heap.h"
#include "ma.h"

#define MB ((size_t)1 << 20)

static struct objects objects;

/* NULL is in order only after a refusal. */
static bool got(const void *p)
{
	if (p != NULL)
		return true;
	expect(errno == ENOMEM && scripted_refusals() > 0);
	return false;
}

static void add(void *p, size_t size)
{
	if (got(p))
		objects_add(&objects, p, size);
}

static void resize(size_t n, size_t size)
{
	struct object *object = &objects.object[n];
	size_t watched = size < 20000 ? size : 20000; /* bytes; the rest need not be looked at */
	void *p;

	errno = 0;
	p = ma_realloc(object->at, size);
	if (!got(p))
		return;
	expect(pattern_holds(p, watched < object->size ? watched : object->size, object->seed));
	*object = (struct object){p, watched, object->seed};
	pattern_fill(p, watched, object->seed);
}

/* --- scenarios: each leaves its objects in `objects` --- */

static void small_ones(void)
{
	for (size_t i = 0; i < 6000; i++)
		add(ma_malloc(i % 700), i % 700);
}

static void middle_ones(void)
{
	for (size_t i = 0; i < 120; i++)
		add(ma_malloc(20000 + i * 1000), 2000);
}

static void large_ones(void)
{
	for (size_t i = 0; i < 40; i++) /* more than the first table holds */
		add(ma_malloc(2 * MB), 10);
	add(ma_calloc(1, 3 * MB), 50000);
}

static void aligned_ones(void)
{
	for (size_t align = 16; align <= 16 * MB; align *= 2) {
		void *p;
		add(ma_aligned_alloc(align, 1000), 1000);
		add(ma_memalign(align, 100000), 3000);
		p = &objects;
		switch (ma_posix_memalign(&p, align, 50)) {
		case 0:
			objects_add(&objects, p, 50);
			break;
		default:
			expect(p == &objects && scripted_refusals() > 0);
		}
	}
}

static void growing_ones(void)
{
	for (size_t i = 0; i < 4; i++)
		add(ma_malloc(10), 10);
	for (size_t size = 20; size < 3 * MB; size *= 5)
		for (size_t n = 0; n < objects.count; n++)
			resize(n, size + n * 100);
	for (size_t size = 3 * MB; size > 5; size /= 10)
		for (size_t n = 0; n < objects.count; n++)
			resize(n, size + n * 100);
}

static void zeroed_ones(void)
{
	for (size_t i = 0; i < 3; i++) {
		for (size_t size = 10; size < 2 * MB; size *= 5) {
			char *p = ma_calloc(1, size), *q;
			if (!got(p))
				continue;
			expect(pattern_is_zero(p, size));
			q = ma_rezalloc(p, size * 2);
			if (got(q))
				expect(pattern_is_zero(q, size * 2));
			add(q == NULL ? p : q, q == NULL ? size : size * 2);
		}
		while (objects.count > 0)
			ma_free(objects_take(&objects, 0).at);
	}
}

#define THREADS_AT_ONCE 2

#if MA_THREADS
static void *thread_body(void *arg)
{
	void **out = arg;
	void *mine[30];

	for (size_t i = 0; i < LENGTH(mine); i++) {
		mine[i] = ma_malloc(i * 2000);
		(void)got(mine[i]);
		out[i] = ma_malloc(500);
		(void)got(out[i]);
	}
	for (size_t i = 0; i < LENGTH(mine); i++)
		ma_free(mine[i]);
	return NULL;
}

/* Threads that come, leave objects, and go. */
static void threads(void)
{
	for (int i = 0; i < 6; i++) {
		void *out[THREADS_AT_ONCE][30];
		pthread_t thread[THREADS_AT_ONCE];
		for (int t = 0; t < THREADS_AT_ONCE; t++)
			expect(pthread_create(&thread[t], NULL, thread_body, out[t]) == 0);
		for (int t = 0; t < THREADS_AT_ONCE; t++)
			expect(pthread_join(thread[t], NULL) == 0);
		for (int t = 0; t < THREADS_AT_ONCE; t++)
			for (size_t j = 0; j < 30; j++)
				if (out[t][j] != NULL)
					objects_add(&objects, out[t][j], 500);
	}
}
#else
static void threads(void)
{
}
#endif

/* --- the machine --- */

static void release_all(void)
{
	objects_hold(&objects);
	while (objects.count > 0)
		ma_free(objects_take(&objects, objects.count / 2).at);
	objects_are_the_heap(&objects);
	ma_trim(0);
	objects_are_the_heap(&objects);
}

/* Runs a scenario with `count` refusals from the n-th request on; then once more without. True if any came. */
static bool run_refused(void (*scenario)(void), uint64_t n, uint64_t count)
{
	uint64_t before = scripted_refusals();
	bool refused;

	scripted_refuse(n, count);
	scenario();
	refused = scripted_refusals() > before;
	objects_are_the_heap(&objects);
	scripted_relent();
	release_all();
	return refused;
}

struct run {
	void (*scenario)(void);
	uint64_t n, count;
};

/* From a heap that is as at start. The exit status tells whether there was an n-th request. */
static void run_fresh(void *arg)
{
	struct run *run = arg;
	bool refused = run_refused(run->scenario, run->n, run->count);
	uint64_t before = scripted_refusals();

	run->scenario();
	objects_hold(&objects);
	expect(scripted_refusals() == before &&
	       (run->scenario == zeroed_ones || objects.count > 0 || !MA_THREADS));
	release_all();
	_exit(refused ? 1 : 0);
}

static void every_request_fails(void (*scenario)(void), uint64_t count)
{
	struct run run = {scenario, 1, count};
	uint64_t step = getenv("MA_TEST_SHORT") == NULL ? 1 : 7;
	char text[1000];
	int status;

	objects_begin(&objects, 10000);
	for (;; run.n += 1 + run.n / 16 * step) {
		status = unit_child(run_fresh, &run, text, sizeof(text));
		ck_assert_str_eq(text, "");
		expect(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			break;
	}
	expect(run.n > 1);
	objects_end(&objects);
}

/* In one process, over and over: what is left behind does not grow. */
static void nothing_is_lost(void (*scenario)(void))
{
	size_t held[2];

	objects_begin(&objects, 10000);
	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t n = 1; n < 20; n++)
			run_refused(scenario, n, 1 + n % 3);
		held[pass] = scripted_held();
	}
	/* An idle heap keeps its last chunk. How many of the threads were there at once, and so got a heap of their own,
	 * is a matter of timing. */
	if (scenario == threads)
		held[0] += THREADS_AT_ONCE * (sizeof(struct heap) + MA_WINDOW);
	expect(held[1] <= held[0]);
	objects_end(&objects);
}

#define SCENARIO(name)                                                                                       \
	START_TEST(name##_one_refusal)                                                                       \
	{                                                                                                    \
		every_request_fails(name, 1);                                                                \
	}                                                                                                    \
	END_TEST                                                                                             \
	START_TEST(name##_no_more_memory)                                                                    \
	{                                                                                                    \
		every_request_fails(name, UINT64_MAX);                                                       \
	}                                                                                                    \
	END_TEST                                                                                             \
	START_TEST(name##_lose_nothing)                                                                      \
	{                                                                                                    \
		nothing_is_lost(name);                                                                       \
	}                                                                                                    \
	END_TEST

SCENARIO(small_ones)
SCENARIO(middle_ones)
SCENARIO(large_ones)
SCENARIO(aligned_ones)
SCENARIO(growing_ones)
SCENARIO(zeroed_ones)
SCENARIO(threads)

#define ALL(name) name##_one_refusal, name##_no_more_memory, name##_lose_nothing

int main(void)
{
	const TTest *const tests[] = {ALL(small_ones),	 ALL(middle_ones), ALL(large_ones), ALL(aligned_ones),
				      ALL(growing_ones), ALL(zeroed_ones), ALL(threads)};

	return unit_run("exhaustion", tests, MA_THREADS ? LENGTH(tests) : LENGTH(tests) - 3);
}
