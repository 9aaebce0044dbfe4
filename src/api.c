/* SPDX-License-Identifier: MIT */
/*
 * api.c - the public functions: they check arguments, set errno, and leave the rest to front.h.
 *
 * Their contracts stand in ma.h and in section 3 of the manual. Each marks its thread while it is at work, for signal
 * handlers: see inside.h. The fast paths do so with an instruction or two each, and leave the rest to front.c, which ends it.
 */
#include "ma.h"

#include <errno.h>
#include <string.h>

#include "front.h"
#include "inside.h"
#include "large.h"
#include "mode.h"

void *ma_malloc(size_t size)
{
	struct slab *slab;
	void *slot;

	if (MA_UNLIKELY(!ma_inside_enter()))
		return ma_front_alloc_again(size);
	slot = ma_front_pop(size, &slab);
	if (MA_UNLIKELY(slot == NULL))
		return ma_front_alloc_inside(size);
	ma_inside_leave();
	return slot;
}

void ma_free(void *ptr)
{
	struct slab *slab;

	if (MA_UNLIKELY(!ma_inside_enter())) {
		ma_front_free_again(ptr);
		return;
	}
	switch (ma_front_push(ptr, &slab)) {
	case SLAB_PUSHED:
		ma_inside_leave();
		return;
	case SLAB_EVENT:
		ma_front_event_inside(slab);
		return;
	default:
		ma_front_free_inside(ptr);
	}
}

void *ma_calloc(size_t count, size_t size)
{
	struct slab *slab;
	size_t bytes;
	void *slot;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	if (MA_UNLIKELY(!ma_inside_enter()))
		return ma_front_calloc_again(bytes);
	slot = ma_front_pop(bytes, &slab);
	if (MA_UNLIKELY(slot == NULL))
		return ma_front_calloc_inside(bytes);
	ma_inside_leave(); /* the slot is the caller's now */
	return memset(slot, 0, slab->slot_size);
}

static __attribute__((noinline)) void *realloc_slow(void *ptr, size_t size)
{
	unsigned call = ma_inside_begin();
	void *p = ma_front_realloc_known(ptr, size);

	ma_inside_end(call);
	return p;
}

void *ma_realloc(void *ptr, size_t size)
{
	return MA_LIKELY(!ma_inside_is() && ma_front_suits(ptr, size)) ? ptr : realloc_slow(ptr, size);
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
		return ma_calloc(1, size);
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

void *ma_expand(void *ptr, size_t size)
{
	unsigned call = ma_inside_begin();
	bool done = false;

	if (ptr != NULL && size <= PTRDIFF_MAX) {
		ma_front_size_known(ptr); /* a bad pointer is reported, not refused */
		done = ma_front_resize(ptr, size);
	}
	ma_inside_end(call);
	if (done)
		return ptr;
	errno = ENOMEM;
	return NULL;
}

void *ma_aligned_alloc(size_t alignment, size_t size)
{
	unsigned call = ma_inside_begin();
	void *p = ma_front_aligned_alloc(alignment, size);

	ma_inside_end(call);
	return p;
}

int ma_posix_memalign(void **out, size_t alignment, size_t size)
{
	unsigned call = ma_inside_begin();
	int error = ma_front_posix_memalign(out, alignment, size);

	ma_inside_end(call);
	return error;
}

void *ma_memalign(size_t alignment, size_t size)
{
	unsigned call = ma_inside_begin();
	void *p = ma_front_memalign(alignment, size);

	ma_inside_end(call);
	return p;
}

void ma_free_sized(void *ptr, size_t size)
{
	unsigned call = ma_inside_begin();

	ma_front_free_sized(ptr, size);
	ma_inside_end(call);
}

void ma_free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
	unsigned call = ma_inside_begin();

	ma_front_free_aligned_sized(ptr, alignment, size);
	ma_inside_end(call);
}

size_t ma_usable_size(const void *ptr)
{
	unsigned call = ma_inside_begin();
	size_t size = ptr == NULL ? 0 : ma_front_size_known(ptr);

	ma_inside_end(call);
	return size == SIZE_MAX ? 0 : size;
}

size_t ma_good_size(size_t size)
{
	return ma_heap_good_size(size);
}

int ma_trim(size_t pad)
{
	unsigned call = ma_inside_begin();
	struct heap *heap = ma_thread_own;
	size_t given = 0;

	if (ma_mode_enter()) {
		ma_mode_flush();
		given = ma_large_trim() + ma_heaps_trim_idle(0);
		if (heap != &ma_heap_none)
			given += ma_heap_trim(heap, pad);
		ma_mode_leave();
	}
	ma_inside_end(call);
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
