/* SPDX-License-Identifier: MIT */
/*
 * override.c - libma under the names of the C library's malloc family, for the preload library only.
 *
 * All that glibc's manual names under "Replacing malloc", and what else would answer for a heap that is not
 * there. The functions behave as malloc(3), malloc_usable_size(3), mallinfo(3), … say.
 *
 * A pointer that libma doesn't know may come from the C library's own allocator, called by its inner names. If
 * what stands before it is a chunk of glibc's, it goes there; otherwise it is reported.
 *
 * A library that was preloaded before us may have these names too, or most of them: the host. What only we have is then
 * made of what the host has, so that an object has one owner.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "front.h"
#include "inspect/inspect.h"
#include "large.h"
#include "ma.h"
#include "override.h"
#include "readable.h"
#include "source.h"
#include "text.h"

extern void __libc_free(void *) __attribute__((weak));
extern void *__libc_realloc(void *, size_t) __attribute__((weak));

/* What the program calls by these names, if its malloc is not ours; else null pointers. */
static struct {
	void (*free)(void *p);
	void *(*realloc)(void *p, size_t size);
	void *(*memalign)(size_t alignment, size_t size);
} host;

static void find_host(void)
{
	static char name[] = "malloc"; /* not in .rodata, of which a small program needs nothing else */
	void *called = dlsym(RTLD_DEFAULT, name);
	Dl_info theirs, ours;

	if (called == NULL || called == (void *)(uintptr_t)malloc || dladdr(called, &theirs) == 0 ||
	    dladdr(&host, &ours) == 0 || theirs.dli_fbase == ours.dli_fbase)
		return;
	*(void **)&host.free = dlsym(RTLD_DEFAULT, "free");
	*(void **)&host.realloc = dlsym(RTLD_DEFAULT, "realloc");
	*(void **)&host.memalign = dlsym(RTLD_DEFAULT, "memalign");
}

__attribute__((constructor(101))) static void override_load(void)
{
	find_host();
	if (host.free == NULL)
		ma_source_own_break();
	ma_front_start();
}

/* --- the C library's own memory --- */

/* Does what stands before `p` look like the head of a chunk in use of glibc's malloc? Not if the program has written it into a
 * large object. */
static bool is_libc_memory(const void *p)
{
	const size_t *head = (const size_t *)p - 2; /* size of the previous chunk; own size and three flags */
	const size_t *next;
	struct large_place large;
	size_t size;

	if (p == NULL || (uintptr_t)p % (2 * sizeof(size_t)) != 0 || !ma_is_readable(head) ||
	    !ma_is_readable(p) || ma_large_around(p, &large))
		return false;
	size = head[1] & ~(size_t)7;
	if (head[1] & 2) /* a mapping of its own */
		return (((uintptr_t)head - head[0]) | (head[0] + size)) % ma_source_page() == 0;
	next = (const size_t *)((const char *)head + size);
	/* The next chunk says that this one is in use. */
	return size >= 4 * sizeof(size_t) && size % (2 * sizeof(size_t)) == 0 && ma_is_readable(next + 1) &&
	       (next[1] & 1) != 0;
}

static __attribute__((noinline)) void free_slow(void *p)
{
	if (ma_front_free_slow(p))
		return;
	if (__libc_free == NULL || !is_libc_memory(p))
		ma_heap_report(p);
	__libc_free(p);
}

static MA_COLD void *realloc_strange(void *p, size_t size)
{
	if (__libc_realloc == NULL || !is_libc_memory(p))
		ma_heap_report(p);
	return __libc_realloc(p, size);
}

/* --- malloc and its family --- */

EXPORT void *malloc(size_t size)
{
	return ma_front_alloc(size);
}

EXPORT void free(void *p)
{
	ma_front_free(p, free_slow);
}

EXPORT void cfree(void *p);

EXPORT void cfree(void *p)
{
	if (host.free != NULL)
		host.free(p);
	else
		free(p);
}

EXPORT void *calloc(size_t count, size_t size)
{
	return ma_front_calloc(count, size);
}

static __attribute__((noinline)) void *realloc_slow(void *p, size_t size)
{
	bool strange;
	void *moved = ma_front_realloc(p, size, &strange);

	return MA_LIKELY(!strange) ? moved : realloc_strange(p, size);
}

EXPORT void *realloc(void *p, size_t size)
{
	return MA_LIKELY(ma_front_suits(p, size)) ? p : realloc_slow(p, size);
}

EXPORT void *reallocarray(void *p, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return host.realloc != NULL ? host.realloc(p, bytes) : realloc(p, bytes);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	return ma_front_aligned_alloc(alignment, size);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
	return ma_front_posix_memalign(out, alignment, size);
}

EXPORT void *memalign(size_t alignment, size_t size)
{
	return ma_front_memalign(alignment, size);
}

static void *alloc_pages(size_t size)
{
	size_t page = ma_source_page();

	return host.memalign != NULL ? host.memalign(page, size) : ma_front_alloc_aligned(size, page);
}

EXPORT void *valloc(size_t size)
{
	return alloc_pages(size);
}

EXPORT void *pvalloc(size_t size)
{
	size_t page = ma_source_page();

	return alloc_pages(size > PTRDIFF_MAX ? size : ma_max(ma_round_up(size, page), page));
}

EXPORT void free_sized(void *p, size_t size);
EXPORT void free_aligned_sized(void *p, size_t alignment, size_t size);

EXPORT void free_sized(void *p, size_t size)
{
	if (host.free != NULL)
		host.free(p);
	else
		ma_front_free_sized(p, size);
}

EXPORT void free_aligned_sized(void *p, size_t alignment, size_t size)
{
	if (host.free != NULL)
		host.free(p);
	else
		ma_front_free_aligned_sized(p, alignment, size);
}

EXPORT size_t malloc_usable_size(void *p)
{
	enum heap_place place;
	size_t size = p == NULL ? 0 : ma_front_size(p, &place);

	return size == SIZE_MAX ? 0 : size;
}

/* --- what glibc tells of its heap, told of ours --- */

EXPORT int malloc_trim(size_t pad)
{
	return ma_trim(pad);
}

EXPORT int mallopt(int parameter, int value)
{
	(void)parameter;
	(void)value;
	return 1; /* none of glibc's parameters has a counterpart here: accepted, without effect */
}

EXPORT struct mallinfo2 mallinfo2(void)
{
	struct ma_stats stats = {.struct_size = sizeof(stats)};
	size_t held, used;

	ma_stats(&stats);
	held = stats.break_bytes + stats.mapped_bytes;
	used = stats.used_block_bytes + stats.used_slot_bytes;
	return (struct mallinfo2){
		.arena = held,
		.ordblks = stats.free_blocks,
		.smblks = stats.free_slots,
		.hblks = stats.large_objects,
		.hblkhd = stats.large_bytes,
		.fsmblks = stats.free_slot_bytes,
		.uordblks = used,
		.fordblks = held - used,
		.keepcost = stats.top_bytes,
	};
}

EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 info = mallinfo2();

	return (struct mallinfo){
		.arena = (int)info.arena,
		.ordblks = (int)info.ordblks,
		.smblks = (int)info.smblks,
		.hblks = (int)info.hblks,
		.hblkhd = (int)info.hblkhd,
		.fsmblks = (int)info.fsmblks,
		.uordblks = (int)info.uordblks,
		.fordblks = (int)info.fordblks,
		.keepcost = (int)info.keepcost,
	};
}

EXPORT void malloc_stats(void)
{
	ma_stats_print(STDERR_FILENO, MA_TEXT);
}

static int to_stream(void *stream, const char *bytes, size_t size)
{
	return fwrite(bytes, 1, size, stream) == size ? 0 : errno != 0 ? errno : EIO;
}

EXPORT int malloc_info(int options, FILE *stream)
{
	struct text text;

	if (options != 0) {
		errno = EINVAL;
		return -1;
	}
	ma_text_begin_sink(&text, to_stream, stream);
	ma_stats_write(&text, MA_XML);
	return ma_text_flush(&text) ? 0 : -1;
}
