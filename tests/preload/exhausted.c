/* SPDX-License-Identifier: MIT */
/*
 * exhausted [as|data|maps]: asks for memory under RLIMIT_AS or RLIMIT_DATA, or a limit that there is already, until there
 * is none: NULL and ENOMEM. Frees it all, and gets as much again. On libma the heap is sound after all that.
 * With "maps" the process has almost as many mappings as it may (vm.max_map_count) meanwhile, and none of them later.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
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

/* All mappings that the process may have but for a few: pages of which no two neighbours are alike. */
static char *fill_maps(size_t size)
{
	size_t page = (size_t)getpagesize();
	char *start = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t at = 0;

	expect(start != MAP_FAILED);
	while (at < size && mprotect(start + at, page, PROT_NONE) == 0)
		at += 2 * page;
	if (at >= size) {
		fputs("skipped: a process may have too many mappings\n", stderr);
		exit(77);
	}
	expect(at > 100 * page);
	munmap(start, 20 * page);
	return start;
}

static void in_all_sizes(bool few)
{
	static const size_t sizes[] = {16, 100, 1000, 9000, 50000, 1000000, 3000000};
	pthread_t thread;

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		size_t size = sizes[i], count = take_all(size), again = take_all(size);
		/* Few mappings are fewer objects once these are aligned for huge pages, and no neighbours. */
		expect(again >= count - count / (few ? 2 : 8) && (few || count * size > MOST / 8));
		if (!few)
			printf("%zu: as much again\n", size);
	}
	for (size_t i = 0; !few && i < LENGTH(sizes); i++) {
		size_t size = sizes[i];
		if (pthread_create(&thread, NULL, take_in_thread, &size) == 0)
			expect(pthread_join(thread, NULL) == 0);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	bool all = strcmp(what, "as") == 0, maps = strcmp(what, "maps") == 0;
	struct rlimit limit = {(all ? address_space() : 0) + MOST / 2, RLIM_INFINITY};
	size_t size = (size_t)1 << 30;
	int (*check)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "ma_check");
	char *full;

	setvbuf(stdout, NULL, _IONBF,
		0); /* no buffer of its may lie at the top of the break, and hold that up */
	if (*what != '\0')
		expect(setrlimit(all ? RLIMIT_AS : RLIMIT_DATA, &limit) == 0);
	if (maps) {
		full = fill_maps(size);
		in_all_sizes(true);
		expect(check == NULL || check() == 0);
		munmap(full, size);
	}
	in_all_sizes(false);
	expect(check == NULL || check() == 0);
	return 0;
}
