/* SPDX-License-Identifier: MIT */
/* The limits: refused beyond them, nothing lost, on again afterwards; who is called, when, and what he may do. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

#include "limit.h"
#include "ma.h"
#include "scripted_source.h"

#define MIB ((size_t)1 << 20)

START_TEST(counts)
{
	ma_limit_set(0, 1000, NULL, NULL);
	expect(ma_limit_take(600) && !ma_limit_take(401) && ma_limit_take(400) && !ma_limit_take(1));
	ma_limit_give(1);
	expect(ma_limit_take(1) && !ma_limit_take(SIZE_MAX));
	ma_limit_set(0, 500, NULL, NULL); /* below what is held */
	expect(!ma_limit_take(1));
	ma_limit_give(1000);
	expect(ma_limit_take(500));
	ma_limit_set(0, 0, NULL, NULL);
	expect(ma_limit_take(10000));
}
END_TEST

/* Takes all that there is, in one size; returns how many bytes. The objects are a list. */
static size_t fill_up(size_t size, void **list)
{
	size_t got = 0;
	void **p;

	for (;;) {
		errno = 0;
		p = ma_malloc(size);
		if (p == NULL)
			break;
		*p = *list;
		*list = p;
		got += size;
	}
	expect(errno == ENOMEM);
	return got;
}

static void free_all(void **list)
{
	while (*list != NULL) {
		void *next = *(void **)*list;
		ma_free(*list);
		*list = next;
	}
}

START_TEST(refused_and_on_again)
{
	static const size_t sizes[] = {16, 1000, 5000, 100000, 3 * MIB};
	void *list = NULL;

	expect(ma_set_limit(0, 32 * MIB, NULL, NULL) == 0);
	for (size_t turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < LENGTH(sizes); i++) {
			size_t got = fill_up(sizes[i], &list);
			expect(got < 32 * MIB && got > 16 * MIB);
			expect(ma_check() == 0);
			expect(ma_realloc(list, 40 * MIB) == NULL && errno == ENOMEM);
			free_all(&list);
			expect(ma_check() == 0);
		}
	expect(ma_set_limit(0, 0, NULL, NULL) == 0);
	list = ma_malloc(40 * MIB);
	expect(list != NULL);
	ma_free(list);
}
END_TEST

/* Growing by mapping counts what it adds. */
START_TEST(growing)
{
	char *p;

	expect(ma_set_limit(0, 20 * MIB, NULL, NULL) == 0);
	p = ma_malloc(3 * MIB);
	for (size_t size = 4; size <= 18; size++) {
		char *q = ma_realloc(p, size * MIB);
		if (q == NULL)
			break;
		p = q;
	}
	expect(ma_usable_size(p) >= 9 * MIB);
	ma_free(p);
	p = ma_malloc(15 * MIB);
	expect(p != NULL);
	ma_free(p);
}
END_TEST

static struct {
	size_t soft, hard, held, wanted;
	void *reserve;
	int mark;
} seen;

static void note(size_t held, size_t wanted, void *arg)
{
	expect(arg == &seen.mark);
	seen.held = held;
	seen.wanted = wanted;
	if (wanted == 0)
		seen.soft++;
	else
		seen.hard++;
	/* All functions may be called, and do not lead here again. */
	ma_free(ma_malloc(100));
	ma_free(ma_malloc(50 * MIB));
	ma_free(seen.reserve);
	seen.reserve = NULL;
}

START_TEST(calls)
{
	void *p[8];

	expect(ma_set_limit(8 * MIB, 20 * MIB, note, &seen.mark) == 0);
	ma_free(ma_malloc(100));
	expect(seen.soft == 0 && seen.hard == 0);
	p[0] = ma_malloc(7 * MIB);
	expect(seen.soft == 0);
	p[1] = ma_malloc(3 * MIB);
	expect(seen.soft == 1 && seen.held > 10 * MIB && seen.wanted == 0);
	p[2] = ma_malloc(3 * MIB);
	expect(seen.soft == 1);
	/* Below, and above again. */
	ma_free(p[0]);
	ma_trim(0);
	p[0] = ma_malloc(7 * MIB);
	expect(seen.soft == 2 && seen.hard == 0);
	/* Refused, and there is nothing to be freed. */
	expect(ma_malloc(15 * MIB) == NULL && errno == ENOMEM);
	expect(seen.hard == 1 && seen.wanted == 15 * MIB);
	/* What is freed meanwhile serves. */
	seen.reserve = p[0];
	p[3] = ma_malloc(9 * MIB);
	expect(p[3] != NULL && seen.hard == 2 && seen.reserve == NULL);
	/* Nobody is called any more. */
	expect(ma_set_limit(0, 20 * MIB, NULL, NULL) == 0);
	expect(ma_malloc(15 * MIB) == NULL && seen.hard == 2);
	for (size_t i = 1; i < 4; i++)
		ma_free(p[i]);
	expect(ma_check() == 0);
}
END_TEST

/* The system refuses, not the limit. */
START_TEST(called_for_the_system)
{
	expect(ma_set_limit(0, 0, note, &seen.mark) == 0);
	ma_free(ma_malloc(1));
	scripted_refuse_map(true);
	expect(ma_malloc(5 * MIB) == NULL && seen.hard == 1);
	scripted_relent();
	seen.reserve = ma_malloc(5 * MIB);
	expect(seen.reserve != NULL && seen.hard == 1);
}
END_TEST

START_TEST(bad_arguments)
{
	errno = 0;
	expect(ma_set_limit(1, 0, NULL, NULL) == -1 && errno == EINVAL);
	errno = 0;
	expect(ma_set_limit(2, 1, note, NULL) == -1 && errno == EINVAL);
	expect(ma_set_limit(1, 1, note, &seen.mark) == 0 && ma_set_limit(5, 0, note, NULL) == 0);
}
END_TEST

/* What a refused request has taken on its way is given back: the count ends where it began. */
START_TEST(nothing_is_lost)
{
	void *list = NULL;

	expect(ma_set_limit(0, 64 * MIB, NULL, NULL) == 0);
	ma_free(ma_malloc(1));
	for (uint64_t nth = 1; nth < 40; nth++) {
		scripted_refuse(nth, 3);
		for (size_t i = 0; i < 200; i++) {
			void **p = ma_malloc(i % 20 == 0 ? 3 * MIB : 20000);
			if (p == NULL)
				continue;
			*p = list;
			list = p;
		}
		scripted_relent();
		free_all(&list);
		ma_trim(0);
	}
	list = ma_malloc(60 * MIB);
	expect(list != NULL);
	ma_free(list);
}
END_TEST

#if MA_THREADS

/* One thread is being called, and stays there, while another one forks: the child's is called as ever. */
static pthread_barrier_t inside, forked;

static void stay(size_t held, size_t wanted, void *arg)
{
	(void)held;
	(void)wanted;
	(void)arg;
	if (seen.hard++ == 0) {
		pthread_barrier_wait(&inside);
		pthread_barrier_wait(&forked);
	}
}

static void *be_refused(void *arg)
{
	(void)arg;
	expect(ma_malloc(30 * MIB) == NULL);
	return NULL;
}

START_TEST(fork_while_one_is_called)
{
	pthread_t thread;
	int status;
	pid_t child;

	expect(ma_set_limit(0, 20 * MIB, stay, NULL) == 0);
	pthread_barrier_init(&inside, NULL, 2);
	pthread_barrier_init(&forked, NULL, 2);
	expect(pthread_create(&thread, NULL, be_refused, NULL) == 0);
	pthread_barrier_wait(&inside);
	child = fork();
	if (child == 0) {
		bool refused = ma_malloc(30 * MIB) == NULL;
		_exit(refused && seen.hard == 2 ? 0 : 1);
	}
	pthread_barrier_wait(&forked);
	expect(pthread_join(thread, NULL) == 0);
	expect(waitpid(child, &status, 0) == child && status == 0);
	expect(ma_malloc(30 * MIB) == NULL && seen.hard == 2);
}
END_TEST

/* And one that forks while it is called is not called from what it allocates there: not in the child either. */
static void fork_in_it(size_t held, size_t wanted, void *arg)
{
	int status = 0;

	(void)held;
	(void)wanted;
	(void)arg;
	seen.hard++;
	if (fork() == 0) {
		bool refused = ma_malloc(30 * MIB) == NULL;
		_exit(refused && seen.hard == 1 ? 0 : 1);
	}
	expect(wait(&status) > 0 && status == 0);
}

START_TEST(fork_while_called)
{
	expect(ma_set_limit(0, 20 * MIB, fork_in_it, NULL) == 0);
	expect(ma_malloc(30 * MIB) == NULL && seen.hard == 1);
}
END_TEST

#endif

int main(void)
{
	const TTest *const tests[] = {
#if MA_THREADS
		fork_while_one_is_called,
		fork_while_called,
#endif
		counts,
		refused_and_on_again,
		growing,
		calls,
		called_for_the_system,
		bad_arguments,
		nothing_is_lost,
	};

	return unit_run("limit", tests, LENGTH(tests));
}
