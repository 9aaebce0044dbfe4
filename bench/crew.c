/* SPDX-License-Identifier: MIT */
/*
 * crew.c - what the workloads have in common: their threads, and tables of sizes.
 *
 * The checksums of all workers meet in the report, atomically: the order in which threads end is no matter.
 */
#include <config.h>

#include <math.h>

#include "workload.h"

void worker_start(struct worker *worker, unsigned index, void *argument)
{
	struct report_worker *account = &told->worker[index % REPORT_WORKERS];

	*worker = (struct worker){
		.random = random_seed(index),
		.account = account,
		/* Go on from what the account's former holders left. */
		.live = atomic_load_explicit(&account->live, memory_order_relaxed),
		.index = index,
		.argument = argument,
	};
}

void worker_end(struct worker *worker)
{
	__atomic_fetch_add(&told->checksum, worker->checksum, __ATOMIC_RELAXED);
	worker->checksum = 0;
}

static void *run_worker(void *argument)
{
	struct worker *worker = argument;

	worker->work(worker);
	return NULL;
}

pthread_t crew_start(struct worker *worker, void (*work)(struct worker *worker))
{
	pthread_t thread;

	worker->work = work;
	if (pthread_create(&thread, NULL, run_worker, worker) != 0)
		give_up("can't start a thread");
	return thread;
}

void crew_wait(pthread_t thread)
{
	if (pthread_join(thread, NULL) != 0)
		give_up("can't wait for a thread");
}

void crew_run(unsigned count, void (*work)(struct worker *worker), void *argument)
{
	static struct worker workers[REPORT_WORKERS];
	pthread_t threads[REPORT_WORKERS];

	for (unsigned i = 0; i < count; i++)
		worker_start(&workers[i], i, argument);
	for (unsigned i = 0; i < count; i++)
		threads[i] = crew_start(&workers[i], work);
	for (unsigned i = 0; i < count; i++) {
		crew_wait(threads[i]);
		worker_end(&workers[i]);
	}
}

void sizes_log_uniform(struct sizes *sizes, double low, double high)
{
	for (unsigned i = 0; i < SIZE_SAMPLES; i++) {
		double part = (i + 0.5) / SIZE_SAMPLES;

		sizes->sample[i] = (uint32_t)(low * pow(high / low, part));
	}
}

void sizes_pareto(struct sizes *sizes, double low, double high, double alpha)
{
	double cut = 1 - pow(low / high, alpha);

	for (unsigned i = 0; i < SIZE_SAMPLES; i++) {
		double part = (i + 0.5) / SIZE_SAMPLES;

		sizes->sample[i] = (uint32_t)(low * pow(1 - part * cut, -1 / alpha));
	}
}
