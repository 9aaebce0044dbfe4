/* SPDX-License-Identifier: MIT */
/*
 * A program that goes on when memory is refused: it allocates in all ways, in threads and in a child too, and takes
 * each NULL as it comes, with ENOMEM and with nothing changed. When memory is back, everything is granted; in the
 * end everything is free, and the heap is sound. refuse.c refuses; without it all has to be granted at once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

#include "../expect.h"
#include "../hide.h"
#include "../pattern.h"
#include "ma.h"

#define ROOM 4000
#define MB ((size_t)1 << 20)

struct object {
	char *at;
	size_t size, seed;
};

struct objects {
	struct object object[ROOM];
	size_t count;
};

static struct objects mine;
static void (*relent)(void); /* refuse.c's, or NULL */
static int (*check)(void);   /* libma's, or NULL */
static int (*stats)(struct ma_stats *);
static bool granted; /* nothing is refused any more */

/* What is watched of an object's contents. */
static size_t watched(size_t size)
{
	return size < 20000 ? size : 20000;
}

static void fill(const struct object *object)
{
	pattern_fill(object->at, watched(object->size), object->seed);
}

static void look(const struct object *object, size_t size)
{
	expect(pattern_holds(object->at, watched(size), object->seed));
}

static bool got(const void *p)
{
	if (p != NULL)
		return true;
	expect(errno == ENOMEM && !granted);
	return false;
}

static void add(struct objects *objects, void *p, size_t size)
{
	static _Atomic size_t seed;

	if (!got(p))
		return;
	expect(objects->count < ROOM);
	objects->object[objects->count] = (struct object){p, size, ++seed << 24};
	fill(&objects->object[objects->count++]);
}

/* Each goes on as it was if it is refused. */
static void resize(struct object *object, size_t size)
{
	size_t kept = object->size < size ? object->size : size;
	char *p;

	errno = 0;
	p = realloc(object->at, size);
	if (!got(p)) {
		look(object, object->size);
		return;
	}
	object->at = p;
	look(object, kept);
	object->size = size;
	fill(object);
}

static void drop(struct objects *objects, size_t n)
{
	struct object object = objects->object[n];

	look(&object, object.size);
	objects->object[n] = objects->object[--objects->count];
	errno = 77;
	free(object.at);
	expect(errno == 77);
}

static void drop_all(struct objects *objects)
{
	while (objects->count > 0)
		drop(objects, objects->count - 1);
}

static void allocate(struct objects *objects, size_t times)
{
	errno = 0;
	for (size_t i = 0; i < 150 * times; i++)
		add(objects, malloc(i * 7 % 1500), i * 7 % 1500);
	for (size_t i = 0; i < 12 * times; i++)
		add(objects, malloc(i * i * 500 + 9000), i * i * 500 + 9000);
	for (size_t i = 0; i < times; i++)
		add(objects, malloc(2 * MB + i * 700000), 2 * MB + i * 700000);
	for (size_t i = 0; i < 20 * times; i++) {
		size_t size = i * 997 * i % 70000;
		char *p = calloc(1, size);
		expect(p == NULL || pattern_is_zero(p, size));
		add(objects, p, size);
	}
	for (size_t align = 32; align <= 4 * MB; align *= 4) {
		char *p = memalign(align, 3000);
		expect(p == NULL || (uintptr_t)p % align == 0);
		add(objects, p, 3000);
	}
	for (size_t i = 0; i < objects->count; i += 17)
		resize(&objects->object[i], objects->object[i].size * 2 + 50);
	for (size_t size = 100000; size < 7 * MB && objects->count > 0; size *= 2)
		resize(&objects->object[0], size);
	for (size_t i = 0; i < objects->count; i += 2)
		drop(objects, i);
	for (size_t i = 0; i < 100 * times; i++)
		add(objects, malloc(i * 31 % 3000), i * 31 % 3000);
	malloc_trim(0);
}

static void *in_thread(void *arg)
{
	struct objects *objects = arg;

	allocate(objects, 1);
	return arg;
}

/* Threads whose objects this one frees. */
static void use_threads(void)
{
	static struct objects theirs[2];
	pthread_t thread[LENGTH(theirs)];
	bool runs[LENGTH(theirs)];

	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < LENGTH(theirs); i++) {
			int error = pthread_create(&thread[i], NULL, in_thread, &theirs[i]);
			runs[i] = error == 0;
			expect(runs[i] || (!granted && (error == EAGAIN || error == ENOMEM)));
		}
		for (size_t i = 0; i < LENGTH(theirs); i++)
			expect(!runs[i] || pthread_join(thread[i], NULL) == 0);
		for (size_t i = 0; i < LENGTH(theirs); i++)
			drop_all(&theirs[i]);
	}
}

static void use_child(void)
{
	pid_t child = fork();
	int status;

	expect(child >= 0);
	if (child == 0) {
		allocate(&mine, 1);
		drop_all(&mine);
		expect(check == NULL || check() == 0);
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void use_all(void)
{
	allocate(&mine, 1);
	if (getenv("PERSISTS_ALONE") == NULL)
		use_threads();
	use_child();
	expect(check == NULL || check() == 0);
}

static void *in_short_thread(void *arg)
{
	free(hide(malloc(1000)));
	return arg;
}

/* No thread's heap is left behind, and nothing in use but what the C library has: of the stacks that it keeps. */
static void nothing_is_lost(void)
{
	struct ma_stats now = {.struct_size = sizeof(now)};
	pthread_t thread;

	if (getenv("PERSISTS_ALONE") == NULL)
		for (int i = 0; i < 5; i++)
			expect(pthread_create(&thread, NULL, in_short_thread, NULL) == 0 &&
			       pthread_join(thread, NULL) == 0);
	malloc_trim(0);
	expect(check() == 0 && stats(&now) == 0);
	expect(now.used_bytes < 32 * 1024);
	expect(now.heaps - now.idle_heaps == 1);
}

#define FIND(name, in) (*(void **)&(in) = dlsym(RTLD_DEFAULT, name))

int main(void)
{
	FIND("refuse_relent", relent);
	FIND("ma_check", check);
	FIND("ma_stats", stats);
	granted = relent == NULL;
	use_all();
	if (relent != NULL)
		relent();
	granted = true;
	for (size_t i = 0; i < mine.count; i++)
		look(&mine.object[i], mine.object[i].size);
	drop_all(&mine);
	use_all();
	drop_all(&mine);
	if (check != NULL)
		nothing_is_lost();
	puts("all was granted in the end");
	return 0;
}
