/* SPDX-License-Identifier: MIT */
/*
 * Threads that allocate, resize and free out of one table, each taking what any other has put there: half of all
 * frees are remote. Every object's contents are looked at before it goes.
 */
#include "stress.h"

#define THREADS 4
#define PLACES 4000

static _Atomic(struct thing *) table[PLACES];
static double end;

static void *work(void *number)
{
	struct random random = {(uintptr_t)number};

	while (stress_now() < end) {
		for (int i = 0; i < 500; i++) {
			size_t place = random_below(&random, PLACES);
			struct thing *thing = atomic_exchange(&table[place], NULL);
			if (thing == NULL)
				thing = thing_new(&random);
			else if (random_once_in(&random, 3))
				thing = thing_resize(thing, &random);
			else if (random_once_in(&random, 2)) {
				thing_free(thing);
				continue;
			}
			thing_free(atomic_exchange(&table[place], thing));
		}
		if (random_once_in(&random, 200))
			ma_trim(0);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];

	end = stress_end();
	for (uintptr_t i = 0; i < THREADS; i++)
		thread[i] = stress_thread(work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		expect(pthread_join(thread[i], NULL) == 0);
	expect(ma_check() == 0);
	for (int i = 0; i < PLACES; i++)
		thing_free(table[i]);
	stress_finish();
	return 0;
}
