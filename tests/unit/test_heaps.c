/* SPDX-License-Identifier: MIT */
/* The set of heaps: taken and left, adopted by others, looked after while idle, and split by fork. */
#include <unistd.h>

#include "unit.h"

#include "clock.h"
#include "heap.h"
#include "large.h"
#include "ma.h"
#include "scripted_source.h"
#include "thread.h"

static void *take(struct heap *heap, size_t size)
{
	size_t zero;
	void *p = ma_heap_alloc(heap, size, &zero);

	expect(p != NULL);
	return p;
}

/* A thread that has lived so long has ended. */
static void leave_after(struct heap *heap, unsigned milliseconds)
{
	heap->since = ma_clock_ms() - milliseconds;
	ma_heaps_leave(heap);
}

static void leave(struct heap *heap)
{
	leave_after(heap, 0);
}

/* Fills a heap with objects of many sizes. */
static void fill(struct heap *heap, struct objects *objects, unsigned count, uint64_t seed)
{
	struct random random = {seed};

	for (unsigned i = 0; i < count; i++) {
		size_t size = random_size(&random, 100000);
		objects_add(objects, take(heap, size), size);
	}
}

static struct heap *owner_of(const void *p)
{
	return ma_load_relaxed(&ma_chunk_of(p)->owner);
}

START_TEST(taking_and_leaving)
{
	struct heap *first = ma_heaps_take(), *second = ma_heaps_take(), *third = ma_heaps_take();

	expect(first != NULL && second != NULL && third != NULL);
	expect(first != second && second != third && first != third);
	expect(first->number == 1 && second->number == 2 && third->number == 3);
	expect(ma_heaps_first() == third && third->next == second && second->next == first);
	leave(second);
	leave(first);
	expect(ma_load_relaxed(&first->idle) && !ma_load_relaxed(&third->idle));
	expect(ma_heaps_take() == first && ma_heaps_take() == second); /* the latest first */
	expect(!ma_load_relaxed(&first->idle) && !ma_load_relaxed(&second->idle));
	expect(ma_heaps_take()->number == 4);
}
END_TEST

START_TEST(out_of_memory)
{
	struct heap *first = ma_heaps_take();

	expect(first != NULL); /* it is the library's own */
	scripted_refuse(1, UINT64_MAX);
	expect(ma_heaps_take() == NULL);
	leave(first);
	expect(ma_heaps_take() == first && ma_heaps_take() == NULL);
	scripted_relent();
	expect(ma_heaps_take() != NULL);
}
END_TEST

START_TEST(adoption)
{
	struct heap *mine = ma_heaps_take(), *ended = ma_heaps_take();
	struct objects objects;
	size_t touched;

	objects_begin(&objects, 1000);
	expect(!ma_heaps_adopt(mine));
	fill(ended, &objects, 1000, 1);
	expect(!ma_heaps_adopt(mine)); /* it has not ended yet */
	leave(ended);
	touched = ended->blocks.touched;
	for (size_t held = ended->blocks.held; held > 0; held = ended->blocks.held) /* one chunk at a time */
		expect(ma_heaps_adopt(mine) && ended->blocks.held + MA_WINDOW >= held);
	expect(!ma_heaps_adopt(mine));
	expect(ended->blocks.chunks == NULL && ended->blocks.held == 0);
	expect(ended->blocks.touched == 0 && mine->blocks.touched == touched);
	for (size_t i = 0; i < objects.count; i++)
		expect(ma_chunk_of(objects.object[i].at) == NULL || owner_of(objects.object[i].at) == mine);
	objects_are_the_heap(&objects);
	while (objects.count > 0)
		ma_heap_free(mine, objects_take(&objects, 0).at);
	ma_heap_trim(mine, 0);
	objects_are_the_heap(&objects);
	expect(mine->blocks.held <= MA_WINDOW);
	objects_end(&objects);
}
END_TEST

/* Before a heap grows it takes over what an ended thread has left. */
START_TEST(adoption_instead_of_growth)
{
	struct heap *mine = ma_heaps_take(), *ended = ma_heaps_take();
	void *p[3000];
	uint64_t requests;

	for (unsigned i = 0; i < LENGTH(p); i++)
		p[i] = take(ended, 1000);
	for (unsigned i = 1; i < LENGTH(p); i++)
		ma_heap_free(ended, p[i]);
	leave(ended);
	requests = scripted_requests();
	for (unsigned i = 1; i < LENGTH(p) - 100; i++)
		p[i] = take(mine, 1000);
	expect(scripted_requests() == requests && owner_of(p[0]) == mine);
	expect(ma_check() == 0);
}
END_TEST

/* Fills a heap and empties it again, so often that it keeps what it may soon want again. Returns how many bytes are resident
 * then. */
static size_t bursts_in(struct heap *heap)
{
	static void *p[20000];

	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < LENGTH(p); i++)
			p[i] = take(heap, 1000);
		for (unsigned i = 0; i < LENGTH(p); i++)
			ma_heap_free(heap, p[i]);
	}
	return heap->blocks.touched;
}

/* Who has lived for long gives back what he has no use for when he ends. */
START_TEST(long_lives_leave_nothing)
{
	struct heap *heap = ma_heaps_take();
	size_t touched = bursts_in(heap);

	leave_after(heap, 10000);
	expect(touched > 1000 * 1000 && heap->blocks.touched < 200 * 1000 && heap->blocks.dirty == 0);
	expect(ma_check() == 0);
}
END_TEST

/* Who has not leaves it to the next one; but if none comes for long it goes. */
START_TEST(what_nobody_takes_goes)
{
	struct heap *heap = ma_heaps_take();
	size_t touched = bursts_in(heap);

	leave(heap);
	ma_heaps_age();
	expect(heap->blocks.touched > 1000 * 1000);
	usleep(700 * 1000);
	ma_heaps_age();
	expect(heap->blocks.touched < touched / 4 && heap->blocks.dirty == 0 && ma_check() == 0);
}
END_TEST

/* Threads that come and go by the thousand, and leave one object each, need no more memory than the objects. */
START_TEST(thread_churn)
{
	enum { LIVES = 2000 };
	static void *left[LIVES];
	struct heap *heap;

	for (unsigned i = 0; i < LIVES; i++) {
		void *p[50];
		heap = ma_heaps_take();
		for (unsigned j = 0; j < LENGTH(p); j++)
			p[j] = take(heap, 500);
		left[i] = p[i % LENGTH(p)];
		for (unsigned j = 0; j < LENGTH(p); j++)
			if (p[j] != left[i])
				ma_heap_free(heap, p[j]);
		if (i >= 100)
			ma_heap_free(heap, left[i - 100]);
		leave(heap);
	}
	expect(ma_heaps_first()->number == 1);
	expect(scripted_held() < 2 * MA_WINDOW && ma_check() == 0);
}
END_TEST

/* --- idle heaps --- */

START_TEST(frees_into_an_idle_heap)
{
	struct heap *mine = ma_heaps_take(), *ended = ma_heaps_take();
	struct objects objects;

	objects_begin(&objects, 5000);
	fill(ended, &objects, 5000, 2);
	leave(ended);
	while (objects.count > 0) {
		ma_heap_free(mine, objects_take(&objects, objects.count / 2).at);
		if (objects.count % 200 == 0)
			objects_are_the_heap(&objects);
	}
	expect(ma_heaps_trim_idle(0) > 0);
	objects_are_the_heap(&objects);
	ma_large_trim();
	expect(ended->blocks.held <= MA_WINDOW);
	expect(ma_heaps_take() == ended);
	fill(ended, &objects, 100, 3);
	objects_are_the_heap(&objects);
	objects_end(&objects);
}
END_TEST

/* Memory that others free into an idle heap goes back in time, without anybody allocating. */
START_TEST(idle_heap_is_visited)
{
	enum { COUNT = 40000 };
	static void *p[COUNT];
	struct heap *mine = ma_heaps_take(), *ended = ma_heaps_take();
	size_t held;

	for (unsigned i = 0; i < COUNT; i++)
		memset(p[i] = take(ended, 1000), 1, 1000);
	leave(ended);
	held = scripted_held();
	for (unsigned i = 0; i < COUNT; i++)
		ma_heap_free(mine, p[i]);
	expect(held - scripted_held() + scripted_purged() > held / 2);
	expect(ma_check() == 0);
}
END_TEST

START_TEST(trim_idle)
{
	struct heap *heap = ma_heaps_take(), *other = ma_heaps_take();
	void *p = take(heap, 200000);

	memset(p, 1, 200000);
	ma_heap_free(heap, p);
	expect(ma_heaps_trim_idle(0) == 0);
	leave(heap);
	expect(ma_heaps_trim_idle(0) > 180000);
	expect(ma_heaps_trim_idle(0) == 0);
	expect(!ma_heaps_adopt(other) || ma_check() == 0);
}
END_TEST

/* --- fork --- */

/* In the child: heap 1 is this thread's, 2 was another thread's, 3 is idle. */
static void after_fork(void *arg)
{
	struct objects *objects = arg;
	struct heap *idle = ma_heaps_first(), *lost = idle->next, *mine = lost->next;
	struct heap *taken;
	size_t count = objects->count;

	expect(lost->lost && !idle->lost && !mine->lost && ma_thread_heap == mine);
	objects_hold(objects);
	expect(ma_check() == 0);
	for (size_t i = 0; i < count; i++)
		ma_free(objects_take(objects, 0).at);
	for (size_t i = 0; i < count; i++) {
		void *p = ma_malloc(1000);
		objects_add(objects, p, 1000);
		expect(ma_chunk_of(p) == NULL || owner_of(p) != lost);
	}
	expect(ma_check() == 0);
	ma_heaps_trim_idle(0);
	taken = ma_heaps_take();
	expect(taken != NULL && taken != lost);
	objects_hold(objects);
}

START_TEST(fork_loses_other_threads_heaps)
{
	struct heap *mine, *other, *ended;
	struct objects objects;
	char text[1000];

	if (!MA_THREADS) /* without them nobody listens for a fork */
		return;
	objects_begin(&objects, 1000);
	objects_add(&objects, ma_malloc(10), 10); /* binds */
	mine = ma_thread_heap;
	other = ma_heaps_take();
	ended = ma_heaps_take();
	fill(mine, &objects, 200, 1);
	fill(other, &objects, 200, 2);
	fill(ended, &objects, 200, 3);
	leave(ended);
	expect(unit_child(after_fork, &objects, text, sizeof(text)) == 0);
	expect(text[0] == '\0');
	objects_are_the_heap(&objects); /* nothing of it is seen here */
	expect(!other->lost);
	while (objects.count > 0)
		ma_free(objects_take(&objects, 0).at);
	objects_are_the_heap(&objects);
}
END_TEST

static void fork_again(void *arg)
{
	char text[1000];

	expect(unit_child(after_fork, arg, text, sizeof(text)) == 0 && text[0] == '\0');
	after_fork(arg);
}

START_TEST(forks_of_forks)
{
	struct objects objects;
	char text[1000];

	if (!MA_THREADS) /* without them nobody listens for a fork */
		return;
	objects_begin(&objects, 1000);
	objects_add(&objects, ma_malloc(10), 10);
	fill(ma_thread_heap, &objects, 100, 1);
	fill(ma_heaps_take(), &objects, 100, 2);
	leave(ma_heaps_take());
	expect(unit_child(fork_again, &objects, text, sizeof(text)) == 0);
	ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		taking_and_leaving,
		out_of_memory,
		adoption,
		adoption_instead_of_growth,
		long_lives_leave_nothing,
		what_nobody_takes_goes,
		thread_churn,
		frees_into_an_idle_heap,
		idle_heap_is_visited,
		trim_idle,
		fork_loses_other_threads_heaps,
		forks_of_forks,
	};

	return unit_run("heaps", tests, LENGTH(tests));
}
