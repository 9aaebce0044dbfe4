/* SPDX-License-Identifier: MIT */
/*
 * loaded LIBRARY: loads and unloads it while the program runs, again and again, with threads that have used it and end
 * later, forks behind it, and objects that outlive it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>

#include "../expect.h"
#include "../pattern.h"

#define THREADS 3

static void *(*take)(size_t size);
static void (*give)(void *p);
static int (*check)(void);
static pthread_barrier_t used, unloaded;

static void find(void *library)
{
	*(void **)&take = dlsym(library, "ma_malloc");
	*(void **)&give = dlsym(library, "ma_free");
	*(void **)&check = dlsym(library, "ma_check");
	expect(take != NULL && give != NULL && check != NULL);
}

static void use(void)
{
	for (size_t size = 1; size < 3000000; size *= 3) {
		char *p = take(size), *q = take(size);
		expect(p != NULL && q != NULL);
		pattern_fill(p, size, 1);
		give(q);
		expect(pattern_holds(p, size, 1));
		give(p);
	}
}

static void *use_in_thread(void *arg)
{
	use();
	pthread_barrier_wait(&used);
	pthread_barrier_wait(&unloaded);
	return arg; /* libma hears of it, if it is still there */
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	char *left = NULL;

	expect(argc == 2);
	pthread_barrier_init(&used, NULL, THREADS + 1);
	pthread_barrier_init(&unloaded, NULL, THREADS + 1);
	for (int round = 0; round < 8; round++) {
		void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
		pid_t child;
		int status;
		if (library == NULL)
			fprintf(stderr, "%s\n", dlerror());
		expect(library != NULL);
		find(library);
		use();
		if (left != NULL) {
			expect(pattern_holds(left, 100000, 5));
			give(left);
		}
		left = take(100000);
		expect(left != NULL);
		pattern_fill(left, 100000, 5);
		for (int i = 0; i < THREADS; i++)
			expect(pthread_create(&thread[i], NULL, use_in_thread, NULL) == 0);
		pthread_barrier_wait(&used);
		expect(dlclose(library) == 0);
		pthread_barrier_wait(&unloaded);
		for (int i = 0; i < THREADS; i++)
			expect(pthread_join(thread[i], NULL) == 0);
		child = fork();
		expect(child >= 0);
		if (child == 0)
			_exit(0);
		expect(waitpid(child, &status, 0) == child && status == 0);
		expect(pattern_holds(left, 100000, 5));
	}
	puts("loaded and unloaded");
	return 0;
}
