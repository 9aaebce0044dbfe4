/* SPDX-License-Identifier: MIT */
/*
 * The malloc family under its usual names. This program is linked over it, with the real source: all that it
 * allocates, and all that the C library and Check do, comes from libma.
 */
#include "unit.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "ma.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void cfree(void *p);
extern void free_sized(void *p, size_t size);
extern void free_aligned_sized(void *p, size_t align, size_t size);

/* Is this libma's? Any other pointer would end the test here. */
static void *ours(void *p, size_t size)
{
	expect(p != NULL && ma_usable_size(p) >= size && malloc_usable_size(p) == ma_usable_size(p));
	return p;
}

/* Unknown to the compilers, which would else warn. */
static volatile size_t too_large = SIZE_MAX - 100, half = (size_t)2 << sizeof(size_t) * 4, no_power = 100;

START_TEST(every_function)
{
	size_t page = (size_t)getpagesize();
	void *p = NULL;

	free(ours(malloc(100), 100));
	free(ours(calloc(10, 100), 1000));
	free(ours(realloc(malloc(10), 5000), 5000));
	free(ours(realloc(NULL, 50), 50));
	expect(realloc(malloc(10), 0) == NULL);
	free(ours(reallocarray(NULL, 10, 10), 100));
	free(ours(aligned_alloc(256, 1000), 1000));
	expect(posix_memalign(&p, 4096, 100) == 0 && (uintptr_t)p % 4096 == 0);
	free(ours(p, 100));
	p = memalign(no_power, 50); /* as glibc's: rounded up to 128 */
	expect((uintptr_t)p % 128 == 0);
	free(ours(p, 50));
	p = valloc(10);
	expect((uintptr_t)p % page == 0);
	free(ours(p, 10));
	p = pvalloc(page + 1);
	expect((uintptr_t)p % page == 0);
	cfree(ours(p, 2 * page));
	expect((p = pvalloc(0)) != NULL && (uintptr_t)p % page == 0);
	free_sized(p, 0);
	free_sized(malloc(77), 77);
	free_aligned_sized(aligned_alloc(64, 128), 64, 128);
	free(NULL);
	expect(malloc_usable_size(NULL) == 0 && ma_check() == 0);
}
END_TEST

START_TEST(failures)
{
	void *p = &p;

#define FAILS(call) (errno = 0, expect((call) == NULL && errno == ENOMEM))
	FAILS(malloc(too_large));
	FAILS(calloc(half, half));
	FAILS(realloc(NULL, too_large));
	FAILS(reallocarray(NULL, half, half));
	FAILS(aligned_alloc(64, too_large));
	FAILS(memalign(64, too_large));
	FAILS(valloc(too_large));
	FAILS(pvalloc(too_large));
	expect(posix_memalign(&p, 64, too_large) == ENOMEM && posix_memalign(&p, 3, 10) == EINVAL && p == &p);
}
END_TEST

START_TEST(the_c_library_allocates_here)
{
	char *line = NULL, *text = NULL;
	size_t room = 0;
	FILE *file = tmpfile();

	free(ours(strdup("text"), 5));
	expect(asprintf(&text, "%d", 12345) == 5);
	free(ours(text, 6));
	expect(file != NULL && fputs("a line\n", file) >= 0);
	rewind(file);
	expect(getline(&line, &room, file) == 7);
	free(ours(line, 8));
	fclose(file);
	expect(ma_check() == 0);
}
END_TEST

/* --- the C library's own memory --- */

static void *free_libcs(void *own)
{
	free(own);
	free(__libc_malloc(500));
	return __libc_malloc(1000);
}

START_TEST(memory_of_the_c_library_goes_back_to_it)
{
	pthread_t thread;
	void *p[100], *other;

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = __libc_malloc(i * 50);
	for (size_t i = 0; i < LENGTH(p); i += 2)
		free(p[i]);
	for (size_t i = 1; i < LENGTH(p); i += 2) {
		memset(p[i], (int)i, i * 50);
		p[i] = realloc(p[i], i * 100);
		expect(p[i] != NULL && ((unsigned char *)p[i])[i * 50 - 1] == i);
		free(p[i]);
	}
	free(__libc_malloc(10000000)); /* a mapping of its own */
	free(__libc_memalign(4096, 100));
	expect(pthread_create(&thread, NULL, free_libcs, __libc_malloc(700)) == 0); /* of another arena */
	expect(pthread_join(thread, &other) == 0);
	free(other);
	expect(ma_check() == 0);
}
END_TEST

/* The C library's heap grows behind libma's on the break, and libma's behind that. */
START_TEST(two_heaps_on_one_break)
{
	void *mine[300], *libcs[300];

	for (size_t i = 0; i < LENGTH(mine); i++) {
		memset(mine[i] = malloc(30000), 1, 30000);
		memset(libcs[i] = __libc_malloc(5000), 2, 5000);
	}
	for (size_t i = 0; i < LENGTH(mine); i++) {
		expect(((char *)mine[i])[29999] == 1 && ((char *)libcs[i])[4999] == 2);
		free(libcs[i]);
		free(mine[i]);
	}
	malloc_trim(0);
	expect(ma_check() == 0);
}
END_TEST

static void free_it(void *p)
{
	free(p);
}

static void size_it(void *p)
{
	expect(malloc_usable_size(p) == 0);
}

START_TEST(nobodys_memory)
{
	static char place[256];
	char stack[256] = {0};
	size_t page = (size_t)getpagesize();
	char *closed = mmap(NULL, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect(closed != MAP_FAILED);
	unit_dies(free_it, place + 64, "libma: invalid pointer, not libma's memory: %p",
		  (void *)(place + 64));
	unit_dies(free_it, stack + 5, "libma: invalid pointer, not libma's memory: %p", (void *)(stack + 5));
	unit_dies(free_it, (void *)16, "libma: invalid pointer, not libma's memory: 0x10");
	/* Mapped, but not to be read. */
	unit_dies(free_it, closed + 64, "libma: invalid pointer, not libma's memory: %p",
		  (void *)(closed + 64));
	unit_dies(free_it, closed + page, "libma: invalid pointer, not libma's memory: %p",
		  (void *)(closed + page));
	munmap(closed, 2 * page);
	unit_says(size_it, place, "");
}
END_TEST

/* A program may write into an object what stands before glibc's chunks. */
START_TEST(no_chunk_of_glibc)
{
	size_t page = (size_t)getpagesize();
	size_t *head = (size_t *)((char *)malloc(3000000) + 4 * page);

	head[1] = page | 2; /* of a mapping */
	unit_dies(
		free_it, head + 2,
		"libma: invalid pointer, not the start of an allocation: %p lies in a large object of %zu bytes at %p",
		(void *)(head + 2), malloc_usable_size((char *)head - 4 * page),
		(void *)((char *)head - 4 * page));
}
END_TEST

/* --- what glibc tells of its heap --- */

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* mallinfo */

START_TEST(information)
{
	struct mallinfo2 before = mallinfo2(), after;
	struct mallinfo old;
	void *p[100], *large = malloc(5000000);

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = malloc(1000);
	after = mallinfo2();
	expect(after.uordblks >= before.uordblks + 100000 && after.arena >= after.uordblks);
	expect(after.arena == after.uordblks + after.fordblks);
	expect(after.hblks == before.hblks + 1 && after.hblkhd >= before.hblkhd + 5000000);
	old = mallinfo();
	expect((size_t)old.uordblks == after.uordblks && (size_t)old.hblkhd == after.hblkhd);
	for (size_t i = 0; i < LENGTH(p); i++)
		free(p[i]);
	free(large);
	expect(mallinfo2().uordblks == before.uordblks && mallinfo2().hblks == before.hblks);
	expect(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
}
END_TEST

START_TEST(information_as_text)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	expect(stream != NULL && malloc_info(0, stream) == 0);
	fclose(stream);
	expect(strncmp(text, "<malloc version=\"1\">\n", 21) == 0 && strstr(text, "\n</malloc>\n") != NULL);
	free(text);
	errno = 0;
	expect(malloc_info(1, stderr) == -1 && errno == EINVAL);
}
END_TEST

static void tell(void *arg)
{
	(void)arg;
	malloc_stats();
}

START_TEST(statistics)
{
	char text[4096];

	expect(unit_child(tell, NULL, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma: summary of process ", 26) == 0);
}
END_TEST

START_TEST(trimming)
{
	void *p[100];

	for (size_t i = 0; i < LENGTH(p); i++)
		memset(p[i] = malloc(100000), 1, 100000);
	for (size_t i = 0; i < LENGTH(p); i++)
		free(p[i]);
	expect(malloc_trim(0) == 1 && malloc_trim(0) == 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_function,
		failures,
		the_c_library_allocates_here,
		memory_of_the_c_library_goes_back_to_it,
		two_heaps_on_one_break,
		nobodys_memory,
		no_chunk_of_glibc,
		information,
		information_as_text,
		statistics,
		trimming,
	};

	return unit_run("override", tests, LENGTH(tests));
}
