/* SPDX-License-Identifier: MIT */
/*
 * exhausted [as|data]: asks for memory under RLIMIT_AS or RLIMIT_DATA, or a limit that there is already, until there
 * is none: NULL and ENOMEM. Frees it all, and gets as much again.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#include "../expect.h"
#include "../hide.h"

#define MOST ((size_t)200 << 20)

struct object {
	struct object *next;
};

/* Takes all there is, in objects of `size`, and gives it back. Returns how many there were. */
static size_t take_all(size_t size)
{
	struct object *first = NULL, *object;
	size_t count = 0;

	for (;;) {
		errno = 0;
		object = hide(malloc(size));
		if (object == NULL)
			break;
		memset(object, 1, size < 256 ? size : 256);
		object->next = first;
		first = object;
		count++;
		expect(count * size <= MOST);
	}
	expect(errno == ENOMEM);
	while ((object = first) != NULL) {
		first = object->next;
		free(object);
	}
	return count;
}

static void *take_in_thread(void *size)
{
	expect(take_all(*(size_t *)size) * *(size_t *)size > MOST / 20);
	return NULL;
}

/* Bytes of address space that the process has. */
static size_t address_space(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	expect(file != NULL && fscanf(file, "%lu", &pages) == 1);
	fclose(file);
	return pages * (size_t)getpagesize();
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {16, 100, 1000, 9000, 50000, 1000000, 3000000};
	bool all = argc == 2 && strcmp(argv[1], "as") == 0, data = argc == 2 && strcmp(argv[1], "data") == 0;
	struct rlimit limit = {(all ? address_space() : 0) + MOST / 2, RLIM_INFINITY};
	pthread_t thread;

	setvbuf(stdout, NULL, _IONBF,
		0); /* no buffer of its may lie at the top of the break, and hold that up */
	if (all || data)
		expect(setrlimit(all ? RLIMIT_AS : RLIMIT_DATA, &limit) == 0);
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		size_t size = sizes[i], count = take_all(size), again = take_all(size);
		expect(count * size > MOST / 8 && again >= count - count / 8);
		printf("%zu: as much again\n", size);
	}
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		size_t size = sizes[i];
		if (pthread_create(&thread, NULL, take_in_thread, &size) == 0)
			expect(pthread_join(thread, NULL) == 0);
	}
	return 0;
}
