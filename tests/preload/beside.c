/* SPDX-License-Identifier: MIT */
/*
 * Calls what one library that is preloaded may have and another not, on objects that each other function has made: one
 * of two that are preloaded has to have them all.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>

#include "../expect.h"
#include "../hide.h"
#include "../pattern.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void *kept(void *p, size_t size)
{
	expect(p != NULL && pattern_holds(p, size, size));
	return p;
}

static void *filled(void *p, size_t size)
{
	expect(p != NULL);
	pattern_fill(p, size, size);
	return p;
}

int main(void)
{
	void (*old_free)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "cfree");
	void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
	void (*free_aligned_sized)(void *, size_t, size_t) =
		(void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");

	for (size_t size = 1; size < 5000000; size = size * 3 + 1) {
		void *p = filled(hide(malloc(size)), size);
		p = kept(reallocarray(p, size, 2), size);
		expect(malloc_usable_size(p) >= size * 2);
		p = kept(realloc(p, size * 3), size);
		free(p);
		free(filled(reallocarray(NULL, 2, size), size));
		free(kept(realloc(filled(valloc(size), size), size + 100), size));
		free(kept(realloc(filled(pvalloc(size), size), size + 100), size));
		free(filled(calloc(size, 2), size * 2));
		free(filled(aligned_alloc(64, size * 64), size));
		free(strdup("text"));
		if (old_free != NULL) /* none of these is glibc's */
			old_free(filled(hide(malloc(size)), size));
		if (free_sized != NULL)
			free_sized(filled(hide(malloc(size)), size), size);
		if (free_aligned_sized != NULL)
			free_aligned_sized(filled(memalign(256, size), size), 256, size);
	}
	malloc_trim(0);
	puts("all belongs together");
	return 0;
}
