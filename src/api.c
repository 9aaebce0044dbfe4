/* SPDX-License-Identifier: MIT */
/*
 * api.c - the public functions: they check arguments, set errno, and leave the rest to front.h.
 *
 * Their contracts stand in ma.h and in section 3 of the manual.
 */
#include "ma.h"

#include <errno.h>
#include <string.h>

#include "front.h"
#include "large.h"
#include "mode.h"

void *ma_malloc(size_t size)
{
	return ma_front_alloc(size);
}

void ma_free(void *ptr)
{
	ma_front_free(ptr, ma_front_free_known);
}

void *ma_calloc(size_t count, size_t size)
{
	return ma_front_calloc(count, size);
}

void *ma_realloc(void *ptr, size_t size)
{
	return MA_LIKELY(ma_front_suits(ptr, size)) ? ptr : ma_front_realloc_known(ptr, size);
}

void *ma_reallocarray(void *ptr, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return ma_realloc(ptr, bytes);
}

void *ma_rezalloc(void *ptr, size_t size)
{
	size_t had = ma_usable_size(ptr), has;
	char *p;

	if (ptr == NULL)
		return ma_front_calloc(1, size);
	p = ma_realloc(ptr, size);
	if (p == NULL)
		return NULL;
	/* To the end of what is usable, so that the next growth in place finds it zero too. */
	has = ma_usable_size(p);
	if (has > had)
		memset(p + had, 0, has - had);
	else if (p != ptr && has > size)
		memset(p + size, 0, has - size);
	return p;
}

/* As ma_front_size(), for what must be libma's. */
static size_t size_of_known(const void *ptr)
{
	enum heap_place place;
	size_t size = ma_front_size(ptr, &place);

	if (place == PLACE_STRANGE)
		ma_heap_report(ptr);
	return size;
}

void *ma_expand(void *ptr, size_t size)
{
	if (ptr != NULL && size <= PTRDIFF_MAX) {
		size_of_known(ptr); /* a bad pointer is reported, not refused */
		if (ma_front_resize(ptr, size))
			return ptr;
	}
	errno = ENOMEM;
	return NULL;
}

static bool is_power_of_two(size_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

void *ma_aligned_alloc(size_t alignment, size_t size)
{
	if (!is_power_of_two(alignment)) {
		errno = EINVAL;
		return NULL;
	}
	return ma_front_alloc_aligned(size, alignment);
}

int ma_posix_memalign(void **out, size_t alignment, size_t size)
{
	int saved = errno;
	void *p;

	if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
		return EINVAL;
	p = ma_front_alloc_aligned(size, alignment);
	errno = saved;
	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

void *ma_memalign(size_t alignment, size_t size)
{
	size_t power = MA_UNIT;

	while (power < alignment && power <= PTRDIFF_MAX / 2)
		power *= 2;
	if (power < alignment) {
		errno = EINVAL;
		return NULL;
	}
	return ma_front_alloc_aligned(size, power);
}

void ma_free_sized(void *ptr, size_t size)
{
	size_t usable = ptr == NULL ? SIZE_MAX : size_of_known(ptr);

	if (size > usable)
		ma_fatal_place("sized free with a size that the allocation can't have", ptr, "allocation",
			       ptr, usable);
	ma_free(ptr);
}

void ma_free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
	if (ptr != NULL && (!is_power_of_two(alignment) || ((uintptr_t)ptr & (alignment - 1)) != 0))
		ma_fatal("sized free with an alignment that the allocation can't have", ptr);
	ma_free_sized(ptr, size);
}

size_t ma_usable_size(const void *ptr)
{
	size_t size = ptr == NULL ? 0 : size_of_known(ptr);

	return size == SIZE_MAX ? 0 : size;
}

size_t ma_good_size(size_t size)
{
	return ma_heap_good_size(size);
}

int ma_trim(size_t pad)
{
	struct heap *heap = ma_thread_own;
	size_t given;

	if (!ma_mode_enter())
		return 0;
	ma_mode_flush();
	given = ma_large_trim() + ma_heaps_trim_idle(0);
	if (heap != &ma_heap_none)
		given += ma_heap_trim(heap, pad);
	ma_mode_leave();
	return given != 0;
}

int ma_set_limit(size_t soft, size_t hard, ma_limit_call *call, void *arg)
{
	if ((soft != 0 && call == NULL) || (soft != 0 && hard != 0 && soft > hard)) {
		errno = EINVAL;
		return -1;
	}
	ma_mode_limit(soft, hard, call, arg);
	return 0;
}

#define STRING(x) #x
#define DOTTED(major, minor, patch) STRING(major) "." STRING(minor) "." STRING(patch)

const char *ma_version(void)
{
	return DOTTED(MA_VERSION_MAJOR, MA_VERSION_MINOR, MA_VERSION_PATCH);
}
