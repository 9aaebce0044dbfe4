/* SPDX-License-Identifier: MIT */
/*
 * handover.c - the workload `handover`: producers allocate what consumers free.
 *
 * After Lever and Boreham, "malloc() performance in a multithreaded Linux environment" (2000). Objects go
 * from a producer to its consumer in batches, through a queue of bounded length. A consumer that now and
 * then allocates has occasion to tidy up behind its frees; one that is quiet, and never does, has not.
 */
#include <config.h>

#include "workload.h"

enum { BATCH = 256, QUEUE = 64, SMALLEST = 16, LARGEST = 512, KEPT = 64, KEEP_ONE_IN = 8 };

struct batch {
	void *objects[BATCH];
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	unsigned first, count;
	struct batch batches[QUEUE];
};

struct pair {
	struct worker producer, consumer;
	struct queue queue;
	uint64_t batches;
	bool quiet;
};

static void queue_put(struct queue *queue, const struct batch *batch)
{
	pthread_mutex_lock(&queue->lock);
	while (queue->count == QUEUE)
		pthread_cond_wait(&queue->emptied, &queue->lock);
	queue->batches[(queue->first + queue->count++) % QUEUE] = *batch;
	pthread_cond_signal(&queue->filled);
	pthread_mutex_unlock(&queue->lock);
}

static void queue_get(struct queue *queue, struct batch *batch)
{
	pthread_mutex_lock(&queue->lock);
	while (queue->count == 0)
		pthread_cond_wait(&queue->filled, &queue->lock);
	*batch = queue->batches[queue->first];
	queue->first = (queue->first + 1) % QUEUE;
	queue->count--;
	pthread_cond_signal(&queue->emptied);
	pthread_mutex_unlock(&queue->lock);
}

static void produce(struct worker *worker)
{
	struct pair *pair = worker->argument;
	struct batch batch;

	for (uint64_t i = 0; i < pair->batches; i++) {
		for (unsigned j = 0; j < BATCH; j++)
			batch.objects[j] = object_new(worker,
						      random_between(&worker->random, SMALLEST, LARGEST));
		queue_put(&pair->queue, &batch);
	}
}

static void consume(struct worker *worker)
{
	struct pair *pair = worker->argument;
	void *kept[KEPT] = {NULL};
	struct batch batch;

	for (uint64_t i = 0; i < pair->batches; i++) {
		queue_get(&pair->queue, &batch);
		for (unsigned j = 0; j < BATCH; j++) {
			object_free(worker, batch.objects[j]);
			if (!pair->quiet && j % KEEP_ONE_IN == 0)
				object_replace(worker, &kept[random_below(&worker->random, KEPT)],
					       random_between(&worker->random, SMALLEST, LARGEST));
		}
	}
	objects_free(worker, kept, KEPT);
}

static void run(void)
{
	unsigned count = (thread_parameter("threads") + 1) / 2;
	struct pair *pairs = own_memory(count * sizeof *pairs);
	pthread_t threads[REPORT_WORKERS];

	for (unsigned i = 0; i < count; i++) {
		struct pair *pair = &pairs[i];

		pthread_mutex_init(&pair->queue.lock, NULL);
		pthread_cond_init(&pair->queue.filled, NULL);
		pthread_cond_init(&pair->queue.emptied, NULL);
		pair->batches = scaled_parameter("batches");
		pair->quiet = parameter("consumer") == 1;
		worker_start(&pair->producer, 2 * i, pair);
		worker_start(&pair->consumer, 2 * i + 1, pair);
		threads[2 * i] = crew_start(&pair->producer, produce);
		threads[2 * i + 1] = crew_start(&pair->consumer, consume);
	}
	for (unsigned i = 0; i < count; i++) {
		crew_wait(threads[2 * i]);
		crew_wait(threads[2 * i + 1]);
		worker_end(&pairs[i].producer);
		worker_end(&pairs[i].consumer);
	}
}

static const struct parameter parameters[] = {
	{"consumer", 0, "busy|quiet", "whether it allocates as well, or never does"},
	{"threads", 2, NULL, "producers and consumers together"},
	{"batches", 20000, NULL, "of 256 objects, from each producer"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_handover = {"handover", "producers allocate what consumers free", run,
					   parameters};
