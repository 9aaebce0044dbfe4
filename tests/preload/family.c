/* SPDX-License-Identifier: MIT */
/*
 * Calls every function of the malloc family, and prints what can be seen of it: glibc's own and libma's must say the
 * same. What they may do differently, such as addresses, is not printed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "../expect.h"
#include "../hide.h"
#include "../pattern.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

extern void *__libc_malloc(size_t size);

static const size_t huge[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 15};

static unsigned long aligned_to(const void *p, size_t most)
{
	size_t align = (uintptr_t)p & -(uintptr_t)p;

	return align > most ? most : align;
}

static void sizes(void)
{
	for (size_t size = 0; size < 3000000; size = size * 2 + 1) {
		char *p = malloc(size), *q = calloc(size, 1);
		printf("malloc %zu: %d %d %lu\n", size, p != NULL, malloc_usable_size(p) >= size,
		       aligned_to(p, 16));
		printf("calloc %zu: %d %d\n", size, q != NULL, pattern_is_zero(q, size));
		pattern_fill(p, size, 1);
		p = realloc(p, size * 3 + 1);
		printf("realloc: %d\n", p != NULL && pattern_holds(p, size, 1));
		p = reallocarray(p, size + 1, 2);
		printf("reallocarray: %d\n", p != NULL && pattern_holds(p, size, 1));
		free(p);
		free(q);
	}
	free(NULL);
	printf("nothing: %d %zu\n", realloc(hide(malloc(10)), 0) == NULL, malloc_usable_size(NULL));
}

static volatile size_t no_power = 100; /* unknown to the compiler, which would else warn */

static void alignments(void)
{
	void *p;

	for (size_t align = 1; align <= 1 << 22; align *= 2) {
		p = memalign(align, 100);
		printf("memalign %zu: %d\n", align, p != NULL && (uintptr_t)p % align == 0);
		free(p);
		p = aligned_alloc(align, align);
		printf("aligned_alloc: %d\n", p != NULL && (uintptr_t)p % align == 0);
		free(p);
		p = NULL;
		printf("posix_memalign: %d", posix_memalign(&p, align, 100));
		printf(" %d\n", p != NULL && (uintptr_t)p % align == 0);
		free(p);
	}
	p = memalign(no_power, 10); /* rounded up */
	printf("memalign 100: %lu\n", aligned_to(p, 128));
	free(p);
	p = valloc(10);
	printf("valloc: %lu\n", aligned_to(p, 4096));
	free(p);
	p = pvalloc(10);
	printf("pvalloc: %lu %d\n", aligned_to(p, 4096), malloc_usable_size(p) >= 4096);
	free(p);
	printf("posix_memalign 24: %d %d\n", posix_memalign(&p, 24, 10), posix_memalign(&p, 0, 10));
}

static void failures(void)
{
	void *p = malloc(10), *q = p;

	for (size_t i = 0; i < LENGTH(huge); i++) {
		size_t size = hide_size(huge[i]);
#define SHOW(call) (errno = 0, printf("%s: %d", #call, (call) == NULL), printf(" %d\n", errno))
		SHOW(malloc(size));
		SHOW(calloc(size, 1));
		SHOW(calloc(size, size));
		SHOW(realloc(p, size));
		SHOW(reallocarray(p, size, 4));
		SHOW(memalign(64, size));
		SHOW(aligned_alloc(64, size));
		SHOW(valloc(size));
		SHOW(pvalloc(size));
		printf("posix_memalign: %d %d\n", posix_memalign(&q, 64, size), q == p);
	}
	errno = 77;
	free(p);
	printf("free keeps errno: %d\n", errno == 77);
}

/* What a program gets from the C library by other ways than malloc, or by names that are no more. */
static void oddities(void)
{
	void (*old_free)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "cfree");
	char *p = __libc_malloc(100);

	memset(p, 1, 100);
	p = realloc(p, 100000);
	printf("the C library's: %d\n", p != NULL && p[99] == 1);
	free(p);
	free(__libc_malloc(5000000));
	if (old_free != NULL) /* not of glibc 2.26 and later */
		old_free(malloc(10));
	p = strdup("text");
	printf("strdup: %s %d\n", p, malloc_usable_size(p) >= 5);
	free(p);
}

static void information(void)
{
	void *p[1000], *large = malloc(10000000);
	struct mallinfo2 info = mallinfo2();
	struct mallinfo old = mallinfo();
	size_t before = info.uordblks;

	printf("mallinfo2: %d %d\n", info.arena > 0, info.hblks >= 1 && info.hblkhd >= 10000000);
	printf("mallinfo: %d\n", old.hblks == (int)info.hblks && old.arena == (int)info.arena);
	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = malloc(1000);
	info = mallinfo2();
	printf("mallinfo2: %d %d\n", info.uordblks >= before + 1000000,
	       info.arena == info.uordblks + info.fordblks);
	for (size_t i = 0; i < LENGTH(p); i++)
		free(p[i]);
	free(large);
	printf("mallopt: %d\n", mallopt(M_ARENA_MAX, 1));
	printf("malloc_trim: %d\n", malloc_trim(0) >= 0);
}

int main(void)
{
	if (getenv("EXPECT_LIBMA") != NULL)
		expect(dlsym(RTLD_DEFAULT, "ma_version") != NULL);
	sizes();
	alignments();
	failures();
	oddities();
	information();
	return 0;
}
