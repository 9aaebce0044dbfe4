/* SPDX-License-Identifier: MIT */
/* A thousand threads at once, or as many as 32-bit addresses have chunks for: each with objects of its own, which its neighbour frees. */
#include "stress.h"

#define THREADS (SIZE_MAX > UINT32_MAX ? 1000 : 300)

static struct thing *given[THREADS];
static pthread_barrier_t barrier;

static void *work(void *number)
{
	size_t me = (uintptr_t)number;
	struct random random = {me};
	struct thing *mine = thing_new(&random);

	given[me] = thing_new(&random);
	pthread_barrier_wait(&barrier);
	thing_free(given[(me + 1) % THREADS]);
	thing_free(thing_resize(mine, &random));
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 * 1024);
	for (int round = 0; round < 2; round++) {
		uintptr_t count = 0;
		pthread_barrier_init(&barrier, NULL, THREADS);
		for (; count < THREADS; count++)
			if (pthread_create(&thread[count], &attributes, work, (void *)count) != 0)
				break;
		if (count < THREADS) {
			fprintf(stderr, "skipped: the system allows %lu threads only\n",
				(unsigned long)count);
			_exit(77);
		}
		for (int i = 0; i < THREADS; i++)
			expect(pthread_join(thread[i], NULL) == 0);
		pthread_barrier_destroy(&barrier);
		expect(ma_check() == 0);
	}
	stress_finish();
	return 0;
}
