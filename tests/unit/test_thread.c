/* SPDX-License-Identifier: MIT */
/* Threads and their heaps: bound at the first call, left at the end whatever the order of destructors, forked. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "ma.h"
#include "scripted_source.h"
#include "thread.h"

static void run(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	expect(pthread_create(&thread, NULL, body, arg) == 0);
	expect(pthread_join(thread, NULL) == 0);
}

static unsigned heaps(void)
{
	return ma_heaps_first() == NULL ? 0 : ma_heaps_first()->number;
}

/* Are all heaps idle but those of threads that live? */
static unsigned busy_heaps(void)
{
	unsigned busy = 0;

	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next)
		busy += !ma_load_relaxed(&heap->idle);
	return busy;
}

START_TEST(binding)
{
	struct heap *heap;

	expect(ma_thread_heap == &ma_heap_none);
	errno = 99;
	heap = ma_thread_bind();
	expect(heap != NULL && heap != &ma_heap_none && ma_thread_heap == heap && ma_thread_bind() == heap);
	expect(errno == 99 && busy_heaps() == 1);
}
END_TEST

START_TEST(binding_refused)
{
	void *p = ma_malloc(1);

	(void)p;
	scripted_refuse(1, UINT64_MAX);
	expect(ma_thread_bind() != NULL); /* this thread has its heap */
	scripted_relent();
}
END_TEST

static void *allocate_one(void *out)
{
	*(void **)out = ma_malloc(1000);
	return NULL;
}

START_TEST(thread_that_gets_no_heap)
{
	void *p = ma_malloc(1), *q = NULL;

	scripted_refuse(1, UINT64_MAX);
	run(allocate_one, &q);
	expect(p != NULL && q == NULL);
	scripted_relent();
	run(allocate_one, &q);
	expect(q != NULL && ma_usable_size(q) >= 1000);
	ma_free(q);
	expect(ma_check() == 0);
}
END_TEST

static void *use_and_free(void *given)
{
	struct random random = {(uintptr_t)given};
	void *p[100];

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(random_size(&random, 20000));
	ma_free(given);
	for (size_t i = 0; i < LENGTH(p); i++)
		ma_free(p[i]);
	return ma_malloc(100);
}

START_TEST(threads_one_after_another)
{
	for (int i = 0; i < 300; i++) {
		pthread_t thread;
		void *left;
		expect(pthread_create(&thread, NULL, use_and_free, ma_malloc(500)) == 0);
		expect(pthread_join(thread, &left) == 0);
		expect(ma_usable_size(left) >= 100);
		ma_free(left);
	}
	expect(heaps() == 2 && busy_heaps() == 1 && ma_check() == 0);
	expect(scripted_held() < 3 * MA_WINDOW);
}
END_TEST

START_TEST(threads_at_once)
{
	pthread_t thread[50];

	for (size_t i = 0; i < LENGTH(thread); i++)
		expect(pthread_create(&thread[i], NULL, use_and_free, ma_malloc(500)) == 0);
	for (size_t i = 0; i < LENGTH(thread); i++) {
		void *left;
		expect(pthread_join(thread[i], &left) == 0);
		ma_free(left);
	}
	expect(heaps() <= 51 && busy_heaps() == 1);
	ma_trim(0);
	expect(ma_check() == 0);
}
END_TEST

/* --- the end of a thread --- */

static void *leave_by_exit(void *arg)
{
	ma_free(use_and_free(arg));
	pthread_exit(NULL);
}

static void *leave_by_cancellation(void *arg)
{
	ma_free(use_and_free(arg));
	pthread_cancel(pthread_self());
	pthread_testcancel();
	abort();
}

START_TEST(ways_to_end)
{
	for (int i = 0; i < 50; i++) {
		run(leave_by_exit, ma_malloc(100));
		run(leave_by_cancellation, ma_malloc(100));
	}
	expect(heaps() == 2 && busy_heaps() == 1 && ma_check() == 0);
}
END_TEST

static pthread_key_t frees_key, allocates_key, stubborn_key;

static void destroy_by_free(void *value)
{
	ma_free(value);
}

static void destroy_by_churn(void *value)
{
	void *p = ma_malloc(300);

	expect(p != NULL);
	ma_free(value);
	ma_free(p);
}

/* Comes again in each round of destructors: the object that it allocates is left to a later round. */
static void destroy_stubbornly(void *value)
{
	static _Thread_local int rounds;

	ma_free(value);
	if (++rounds < 3)
		pthread_setspecific(stubborn_key, ma_malloc(200));
}

static void *end_with_destructors(void *arg)
{
	(void)arg;
	pthread_setspecific(frees_key, ma_malloc(100));
	pthread_setspecific(allocates_key, ma_malloc(100));
	pthread_setspecific(stubborn_key, ma_malloc(100));
	return NULL;
}

START_TEST(destructors_that_use_the_heap)
{
	struct objects none = {0};

	expect(pthread_key_create(&frees_key, destroy_by_free) == 0);
	expect(pthread_key_create(&allocates_key, destroy_by_churn) == 0);
	expect(pthread_key_create(&stubborn_key, destroy_stubbornly) == 0);
	for (int i = 0; i < 100; i++)
		run(end_with_destructors, NULL);
	expect(heaps() <= 2 && busy_heaps() <= 1);
	ma_trim(0);
	objects_are_the_heap(&none);
}
END_TEST

static pthread_barrier_t barrier;

static void *detached(void *arg)
{
	ma_free(use_and_free(arg));
	pthread_barrier_wait(&barrier);
	return NULL;
}

START_TEST(detached_threads)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 50; i++) {
		expect(pthread_create(&thread, &attributes, detached, ma_malloc(10)) == 0);
		pthread_barrier_wait(&barrier);
	}
	expect(heaps() <= 51);
}
END_TEST

#if !defined(__SANITIZE_THREAD__) /* it can't join the first thread */
/* The first thread ends before the others. */
static void *outlive_main(void *arg)
{
	pthread_t first = *(pthread_t *)arg;

	expect(pthread_join(first, NULL) == 0);
	ma_free(use_and_free(ma_malloc(10)));
	_exit(7);
}

static void end_main(void *arg)
{
	pthread_t thread, self = pthread_self();

	(void)arg;
	expect(ma_malloc(100) != NULL);
	expect(pthread_create(&thread, NULL, outlive_main, &self) == 0);
	pthread_exit(NULL);
}

START_TEST(main_ends_first)
{
	char text[1000];
	int status = unit_child(end_main, NULL, text, sizeof(text));

	ck_assert_str_eq(text, "");
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}
END_TEST
#endif

/* --- fork --- */

static void use_in_child(void *arg)
{
	struct objects *objects = arg;
	void *left;

	objects_hold(objects);
	while (objects->count > 0)
		ma_free(objects_take(objects, 0).at);
	left = use_and_free(ma_malloc(10));
	expect(left != NULL && ma_check() == 0);
#if !defined(__SANITIZE_THREAD__) /* it allows no threads after a fork of several */
	run(leave_by_exit, left);
	expect(ma_check() == 0);
#endif
}

static void *fork_here(void *arg)
{
	struct objects *objects = arg;
	char text[1000];

	for (int i = 0; i < 10; i++)
		objects_add(objects, ma_malloc(1000), 1000);
	expect(unit_child(use_in_child, arg, text, sizeof(text)) == 0);
	expect(text[0] == '\0');
	objects_hold(objects);
	return NULL;
}

START_TEST(fork_in_a_thread)
{
	struct objects objects;

	objects_begin(&objects, 1000);
	for (int i = 0; i < 100; i++)
		objects_add(&objects, ma_malloc(5000), 5000);
	run(fork_here, &objects);
	run(fork_here, &objects);
	objects_are_the_heap(&objects);
}
END_TEST

static MA_SHARED(bool) enough;

static void *trim_on(void *arg)
{
	while (!ma_load_relaxed(&enough))
		ma_trim(0);
	return arg;
}

static void allocate(void *arg)
{
	(void)arg;
	alarm(20); /* for a lock that nobody gives back */
	ma_free(ma_malloc(10));
}

/* It takes locks, though nobody has asked for memory yet. */
START_TEST(fork_beside_a_thread_without_a_heap)
{
	pthread_t thread;
	char text[1000];

	expect(heaps() == 0);
	expect(pthread_create(&thread, NULL, trim_on, NULL) == 0);
	for (int i = 0; i < 300; i++)
		expect(unit_child(allocate, NULL, text, sizeof(text)) == 0);
	ma_store_relaxed(&enough, true);
	expect(pthread_join(thread, NULL) == 0);
	expect(heaps() == 0);
}
END_TEST

static void start_again(void *arg)
{
	(void)arg;
	ma_thread_start();
	ma_thread_start();
	ma_free(ma_malloc(1));
}

START_TEST(start_is_done_once)
{
	char text[1000];

	start_again(NULL);
	expect(unit_child(start_again, NULL, text, sizeof(text)) == 0); /* its locks are taken once */
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		binding,
		binding_refused,
		thread_that_gets_no_heap,
		threads_one_after_another,
		threads_at_once,
		ways_to_end,
		destructors_that_use_the_heap,
		detached_threads,
#if !defined(__SANITIZE_THREAD__)
		main_ends_first,
#endif
		fork_in_a_thread,
		fork_beside_a_thread_without_a_heap,
		start_is_done_once,
	};

	return unit_run("thread", tests, LENGTH(tests));
}
