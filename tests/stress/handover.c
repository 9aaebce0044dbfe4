/* SPDX-License-Identifier: MIT */
/*
 * Producers that only allocate and consumers that only free: every free is remote, and all memory has to find its
 * way back. What the heap holds must not grow with time.
 */
#include "stress.h"

#define PAIRS 2
#define ROOM 256

struct queue {
	_Atomic(struct thing *) place[ROOM];
	atomic_bool done;
};

static struct queue queues[PAIRS];
static double end;

static void *produce(void *arg)
{
	struct queue *queue = arg;
	struct random random = {(uintptr_t)(queue - queues)};
	size_t at = 0;

	while (stress_now() < end)
		for (int i = 0; i < 200; i++) {
			struct thing *thing = thing_new(&random);
			while (atomic_load(&queue->place[at]) != NULL)
				sched_yield();
			atomic_store(&queue->place[at], thing);
			at = (at + 1) % ROOM;
		}
	atomic_store(&queue->done, true);
	return NULL;
}

static void *consume(void *arg)
{
	struct queue *queue = arg;
	size_t at = 0;

	for (;;) {
		bool done = atomic_load(&queue->done);
		struct thing *thing = atomic_exchange(&queue->place[at], NULL);
		if (thing != NULL) {
			thing_free(thing);
			at = (at + 1) % ROOM;
		} else if (done) {
			return NULL;
		} else {
			sched_yield();
		}
	}
}

static int add_size(const struct ma_place *place, void *bytes)
{
	if (place->kind == MA_BLOCK_USED || place->kind == MA_BLOCK_FREE || place->kind == MA_BLOCK_SLAB)
		*(size_t *)bytes += place->size;
	return 0;
}

int main(void)
{
	pthread_t thread[PAIRS * 2];
	size_t held = 0;

	end = stress_end();
	for (int i = 0; i < PAIRS; i++) {
		thread[i * 2] = stress_thread(produce, &queues[i]);
		thread[i * 2 + 1] = stress_thread(consume, &queues[i]);
	}
	for (int i = 0; i < PAIRS * 2; i++)
		expect(pthread_join(thread[i], NULL) == 0);
	ma_walk(add_size, &held);
	/* 256 objects are on their way at a time; what is beyond is what the library keeps. */
	expect(held < PAIRS * (ROOM * 10000 + ((size_t)24 << 20)));
	stress_finish();
	return 0;
}
