/* SPDX-License-Identifier: MIT */
/* remote.c - each thread has a heap; what one thread frees of another's goes back to its owner. */
#include <ma.h>
#include <pthread.h>
#include <stdio.h>

enum { COUNT = 1000, SIZE = 64 };

static char *object[COUNT];

struct found {
	const char *address;
	unsigned heap;
	enum ma_kind kind;
};

static int find(const struct ma_place *place, void *arg)
{
	struct found *found = arg;
	const char *start = place->address;

	if (place->kind == MA_BLOCK_SLAB || found->address < start || found->address >= start + place->size)
		return 0;
	found->heap = place->heap;
	found->kind = place->kind;
	return 1;
}

static void tell(const char *what, const char *address)
{
	struct found found = {address, 0, MA_LARGE_USED};

	ma_walk(find, &found); /* nobody else allocates meanwhile */
	printf("%-36s heap %u, %s\n", what, found.heap, found.kind == MA_SLOT_USED ? "in use" : "free");
}

/* Another thread: frees all objects of the first, and allocates one of its own. */
static void *other(void *arg)
{
	(void)arg;
	for (int i = 0; i < COUNT; i++)
		ma_free(object[i]);
	for (int i = 0; i < 100; i++)
		arg = ma_malloc(SIZE);
	tell("the second thread's own object:", arg);
	return arg;
}

int main(void)
{
	pthread_t thread;
	int reused = 0;

	for (int i = 0; i < COUNT; i++)
		object[i] = ma_malloc(SIZE);
	tell("the first thread's object:", object[500]);
	if (pthread_create(&thread, NULL, other, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 1;
	for (int i = 0; i < COUNT; i++) {
		char *again = ma_malloc(SIZE);

		for (int j = 0; j < COUNT; j++)
			reused += again == object[j];
	}
	printf("of %d slots that the second thread freed, the first got at least half back: %s\n", COUNT,
	       reused >= COUNT / 2 ? "yes" : "no");
	return 0;
}
