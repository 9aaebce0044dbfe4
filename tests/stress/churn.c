/* SPDX-License-Identifier: MIT */
/*
 * Threads that come and go all the time. Each inherits the objects of those before it, frees some, leaves others of
 * its own, and ends: by returning, by pthread_exit(), cancelled, or detached, some with a destructor that allocates.
 */
#include "stress.h"

#define RUNNERS 3
#define LEGACY 2000

static _Atomic(struct thing *) legacy[LEGACY];
static atomic_uint detached, lives;
static pthread_key_t late_key;
static double end;

static void late(void *thing)
{
	struct random random = {(uintptr_t)thing};

	thing_free(thing);
	thing_free(thing_new(&random));
}

static void live(struct random *random)
{
	struct thing *mine[50];

	for (size_t i = 0; i < LENGTH(mine); i++) {
		mine[i] = thing_new(random);
		thing_free(atomic_exchange(&legacy[random_below(random, LEGACY)], thing_new(random)));
	}
	for (size_t i = 0; i < LENGTH(mine); i++)
		thing_free(mine[i]);
	if (random_once_in(random, 2))
		pthread_setspecific(late_key, thing_new(random));
	atomic_fetch_add(&lives, 1);
}

static void *one_life(void *seed)
{
	struct random random = {(uintptr_t)seed};

	live(&random);
	switch (random_below(&random, 3)) {
	case 0:
		pthread_exit(NULL);
	case 1:
		pthread_cancel(pthread_self());
		pthread_testcancel();
		abort();
	default:
		return NULL;
	}
}

static void *detached_life(void *seed)
{
	struct random random = {(uintptr_t)seed};

	live(&random);
	atomic_fetch_sub(&detached, 1);
	return NULL;
}

/* Starts threads one after another, or several at a time. */
static void *run(void *number)
{
	struct random random = {(uintptr_t)number * 1000};
	pthread_t thread[4];

	while (stress_now() < end) {
		size_t count = 1 + random_below(&random, LENGTH(thread));
		for (size_t i = 0; i < count; i++)
			thread[i] = stress_thread(one_life, (void *)(uintptr_t)random_next(&random));
		if (random_once_in(&random, 4) && atomic_load(&detached) < 20) {
			atomic_fetch_add(&detached, 1);
			pthread_detach(stress_thread(detached_life, (void *)(uintptr_t)random_next(&random)));
		}
		for (size_t i = 0; i < count; i++)
			expect(pthread_join(thread[i], NULL) == 0);
	}
	return NULL;
}

static int highest_heap(const struct ma_place *place, void *heap)
{
	if (place->heap > *(unsigned *)heap)
		*(unsigned *)heap = place->heap;
	return 0;
}

int main(void)
{
	pthread_t runner[RUNNERS];
	unsigned heaps = 0;

	end = stress_end();
	expect(pthread_key_create(&late_key, late) == 0);
	for (uintptr_t i = 0; i < RUNNERS; i++)
		runner[i] = stress_thread(run, (void *)(i + 1));
	for (int i = 0; i < RUNNERS; i++)
		expect(pthread_join(runner[i], NULL) == 0);
	while (atomic_load(&detached) > 0)
		usleep(1000);
	usleep(100 * 1000); /* a detached thread's own end can't be waited for */
	ma_trim(0); /* but what it wrote before it left its heap is known to who looks at idle heaps */
	ma_walk(highest_heap, &heaps);
	expect(atomic_load(&lives) < 50 ||
	       heaps < 45); /* of all the lives, as many heaps as threads at a time */
	for (int i = 0; i < LEGACY; i++)
		thing_free(legacy[i]);
	stress_finish();
	return 0;
}
