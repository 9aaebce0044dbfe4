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

static void *work_a_little(void *does)
{
	void *p = does != NULL ? ma_malloc(100) : NULL;

	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	ma_free(p);
	return NULL;
}

/* Mappings of the process; 0 if nobody tells. */
static size_t mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	size_t lines = 0;
	int c;

	if (file == NULL)
		return 0;
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

/* Mappings of a process with so many threads, each of which has an object if `does` is not NULL. */
static size_t mappings_of_threads(pthread_t *thread, unsigned count, void *does)
{
	size_t found;

	pthread_barrier_init(&barrier, NULL, count + 1);
	for (unsigned i = 0; i < count; i++)
		expect(pthread_create(&thread[i], NULL, work_a_little, does) == 0);
	pthread_barrier_wait(&barrier);
	found = mappings();
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < count; i++)
		expect(pthread_join(thread[i], NULL) == 0);
	pthread_barrier_destroy(&barrier);
	return found;
}

/* The kernel allows 65,530 mappings: a thread's heap takes one, and its first chunk another. */
static void few_mappings(void)
{
	pthread_t thread[60];
	size_t before = mappings_of_threads(thread, LENGTH(thread), NULL);
	size_t after = mappings_of_threads(thread, LENGTH(thread), thread);

#if defined(__SANITIZE_THREAD__) /* whose own mappings for what a thread writes are more */
	expect(after >= before);
#else
	expect(after <= before + 2 * LENGTH(thread) + 10);
#endif
}

int main(void)
{
	pthread_t thread[THREADS];
	pthread_attr_t attributes;

	few_mappings();
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
