/* SPDX-License-Identifier: MIT */
/*
 * source.c - sbrk, mmap, mremap, mprotect and madvise, and nothing else of the library may call them.
 *
 * A failing call that only gives advice is no failure: the memory is there, faults as it is touched, and
 * errno is as it was.
 */
#include "source.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#if MA_THREADS
#include <sys/single_threaded.h>
#endif

#include "atomic.h"
#include "clock.h"
#include "root.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels refuse it, which does no harm */
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* Linux 5.17, if configured so */
#define PR_SET_VMA_ANON_NAME 0
#endif

static bool owns_break;
static MA_SHARED(uint64_t) calls_brk, calls_map, calls_unmap, calls_remap, calls_advise;

MA_ROOT(source, calls_brk);
MA_ROOT(source, calls_map);
MA_ROOT(source, calls_unmap);
MA_ROOT(source, calls_remap);
MA_ROOT(source, calls_advise);

size_t ma_source_page(void)
{
	static size_t page; /* every writer writes the same */

	if (page == 0)
		page = getauxval(AT_PAGESZ);
	return page;
}

uint64_t ma_source_secret(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM); /* 16 random bytes; the first 8 are libc's */
	uint64_t secret = MA_HASH;

	if (random != NULL)
		__builtin_memcpy(&secret, (const char *)random + 8, sizeof(secret));
	return secret | 1;
}

size_t ma_source_peak_resident(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? (size_t)usage.ru_maxrss * 1024 : 0;
}

void ma_source_own_break(void)
{
	owns_break = true;
}

bool ma_source_break_is_safe(void)
{
#if MA_THREADS
	return owns_break || __libc_single_threaded;
#else
	return true;
#endif
}

char *ma_source_break(void)
{
	void *top = sbrk(0);

	return top == (void *)-1 ? NULL : top;
}

char *ma_source_break_grow(size_t size)
{
	int saved = errno;
	void *start;

	if (size > PTRDIFF_MAX)
		return NULL;
	ma_add_relaxed(&calls_brk, 1);
	start = sbrk((intptr_t)size);
	errno = saved;
	return start == (void *)-1 ? NULL : start;
}

bool ma_source_break_shrink(char *top, size_t size)
{
	int saved = errno;
	bool done;

	if (sbrk(0) != top)
		return false;
	ma_add_relaxed(&calls_brk, 1);
	done = sbrk(-(intptr_t)size) != (void *)-1;
	errno = saved;
	return done;
}

/* What the break got has a name already: [heap]. */
static void source_name(void *start, size_t size, const char *name)
{
	static MA_SHARED(bool) refused; /* by a kernel without names, which is not asked again */
	int saved = errno;

	if (ma_load_relaxed(&refused))
		return;
	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, start, size, name) != 0 && errno == EINVAL)
		ma_store_relaxed(&refused, true);
	errno = saved;
}

static void *source_map_anywhere(size_t size)
{
	int saved = errno;
	void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ma_add_relaxed(&calls_map, 1);
	if (start == MAP_FAILED) {
		errno = saved;
		return NULL;
	}
	return start;
}

static void *source_map_aligned(size_t size, size_t align)
{
	char *start = source_map_anywhere(size);
	size_t lead, room;

	if (start == NULL || ((uintptr_t)start & (align - 1)) == 0)
		return start;
	/* Mappings are laid downwards next to each other: as much again as is missing often lies just below,
	 * but only a mapping with room for the alignment is sure to do. */
	ma_source_unmap(start, size);
	if (align > PTRDIFF_MAX - size)
		return NULL;
	room = size + align - ma_source_page();
	start = source_map_anywhere(room);
	if (start == NULL)
		return NULL;
	lead = -(uintptr_t)start & (align - 1);
	if (lead != 0)
		ma_source_unmap(start, lead);
	if (room - lead != size)
		ma_source_unmap(start + lead + size, room - lead - size);
	return start + lead;
}

void *ma_source_map_named(size_t size, size_t align, const char *name)
{
	void *start = source_map_aligned(size, align);

	if (start != NULL)
		source_name(start, size, name);
	return start;
}

void ma_source_unmap(void *start, size_t size)
{
	int saved = errno;

	ma_add_relaxed(&calls_unmap, 1);
	/* Splitting a mapping can fail at vm.max_map_count: give at least the memory back. */
	if (munmap(start, size) != 0)
		madvise(start, size, MADV_DONTNEED);
	errno = saved;
}

/* Without room for it anywhere else the mapping itself may be moved to where there is room for no more than it needs. */
static void *source_move(void *start, size_t old_size, size_t new_size, size_t align)
{
	void *room = source_map_aligned(new_size, align), *moved;

	ma_add_relaxed(&calls_remap, 1);
	if (room == NULL)
		return mremap(start, old_size, new_size, MREMAP_MAYMOVE);
	moved = mremap(start, old_size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	if (moved == MAP_FAILED)
		ma_source_unmap(room, new_size);
	return moved;
}

void *ma_source_remap(void *start, size_t old_size, size_t new_size, size_t align)
{
	int saved = errno;
	void *moved = mremap(start, old_size, new_size, 0);

	ma_add_relaxed(&calls_remap, 1);
	/* Any other error than that there is no room here is one elsewhere, too. It is not tried: until Linux 6.17 the room
	 * there was unmapped before the error was found, and may be another thread's mapping when it is given back. */
	if (moved == MAP_FAILED && align != 0 && errno == ENOMEM)
		moved = source_move(start, old_size, new_size, align);
	errno = saved;
	return moved == MAP_FAILED ? NULL : moved;
}

static bool source_advise(void *start, size_t size, int advice)
{
	int saved = errno;
	bool taken = madvise(start, size, advice) == 0;

	ma_add_relaxed(&calls_advise, 1);
	errno = saved;
	return taken;
}

void ma_source_populate(char *from, char *to)
{
	size_t page = ma_source_page();
	uintptr_t first = ma_round_down((uintptr_t)from, page);
	uintptr_t end = ma_round_up((uintptr_t)to, page);

	if (first < end)
		source_advise((void *)first, end - first, MADV_POPULATE_WRITE);
}

size_t ma_source_purge(char *from, char *to)
{
	size_t page = ma_source_page();
	uintptr_t first = ma_round_up((uintptr_t)from, page);
	uintptr_t end = ma_round_down((uintptr_t)to, page);

	if (first >= end)
		return 0;
	return source_advise((void *)first, end - first, MADV_DONTNEED) ? end - first : 0;
}

void ma_source_huge(void *start, size_t size, bool wanted)
{
	source_advise(start, size, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/*
 * A huge page is worth its time if the memory is there. The host of a virtual machine may have to find it first: that took 4.5 ms,
 * where 0.2 ms are usual, and 0.9 ms for as many small pages, which the guest has from what was in use before. And the
 * kernel may move other pages about to have one.
 */
#define DEAR_US 2000
#define DEAR_MS 1000 /* for so long no other is asked for */

static MA_SHARED(uint64_t) dear_until; /* milliseconds; of two threads that write one is lost */

/* What the thread itself took: it may have to wait for a processor meanwhile. */
static uint64_t thread_us(void)
{
	struct timespec time = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

bool ma_source_take_huge(void *start, size_t size)
{
	uint64_t before;

	ma_source_huge(start, size, true);
	before = thread_us();
	*(volatile char *)start = 0;
	if (thread_us() - before < DEAR_US)
		return true;
	ma_store_relaxed(&dear_until, ma_clock_ms() + DEAR_MS);
	ma_source_huge(start, size, false);
	return false;
}

bool ma_source_has_huge(void)
{
	int saved = errno;
	bool has = prctl(PR_GET_THP_DISABLE, 0L, 0L, 0L, 0L) <= 0; /* who can't say has no cause to refuse */

	errno = saved;
	return has && ma_clock_ms() >= ma_load_relaxed(&dear_until);
}

void ma_source_refuse_huge(void)
{
	int saved = errno;

	prctl(PR_SET_THP_DISABLE, 1L, 0L, 0L, 0L);
	errno = saved;
}

bool ma_source_resident_pages(const char *start, size_t pages, unsigned char *resident)
{
	int saved = errno;
	bool told = mincore((void *)(uintptr_t)start, pages * ma_source_page(), resident) == 0;

	errno = saved;
	return told;
}

void *ma_source_reserve(size_t size)
{
	int saved = errno;
	void *start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ma_add_relaxed(&calls_map, 1);
	errno = saved;
	if (start == MAP_FAILED)
		return NULL;
	source_name(start, size, "libma guard");
	return start;
}

bool ma_source_open(void *start, size_t size)
{
	int saved = errno;
	bool done = mprotect(start, size, PROT_READ | PROT_WRITE) == 0;

	errno = saved;
	if (done)
		ma_source_populate(start, (char *)start + size);
	return done;
}

void ma_source_close(void *start, size_t size, bool keep)
{
	int saved = errno;

	/* It fails if it would make one mapping too many: the pages then stay open. */
	mprotect(start, size, PROT_NONE);
	if (!keep)
		source_advise(start, size, MADV_DONTNEED);
	errno = saved;
}

struct source_calls ma_source_calls(void)
{
	return (struct source_calls){
		.brk = ma_load_relaxed(&calls_brk),
		.map = ma_load_relaxed(&calls_map),
		.unmap = ma_load_relaxed(&calls_unmap),
		.remap = ma_load_relaxed(&calls_remap),
		.advise = ma_load_relaxed(&calls_advise),
	};
}
