/* SPDX-License-Identifier: MIT */
/* The real source: what the system gives and takes back, and what it says when it can't. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "source.h"

#define MB ((size_t)1 << 20)

/* How many OS pages of a region are resident; -1 if some are not even mapped. */
static long resident(const void *start, size_t size)
{
	size_t page = ma_source_page(), pages = size / page;
	unsigned char state[4096];
	int saved = errno;
	bool mapped = mincore((void *)(uintptr_t)start, size, state) == 0;
	long count = 0;

	expect(pages <= LENGTH(state));
	errno = saved;
	if (!mapped)
		return -1;
	for (size_t i = 0; i < pages; i++)
		count += state[i] & 1;
	return count;
}

START_TEST(facts)
{
	expect(ma_source_page() == (size_t)sysconf(_SC_PAGESIZE));
	expect(ma_source_secret() != 0 && ma_source_secret() == ma_source_secret());
	expect(ma_source_peak_resident() > 100 * 1024 && ma_source_peak_resident() < (uint64_t)1 << 40);
	expect(ma_source_break() == sbrk(0));
}
END_TEST

/* --- mappings --- */

START_TEST(maps)
{
	size_t page = ma_source_page();

	errno = 99;
	for (size_t align = 1; align <= 256 * MB; align *= 2)
		for (size_t size = page; size <= 4 * MB; size *= 4) {
			char *p = ma_source_map(size, align);
			expect(p != NULL && ((uintptr_t)p & (align - 1)) == 0 &&
			       ((uintptr_t)p & (page - 1)) == 0);
			expect(resident(p, size) == 0 && pattern_is_zero(p, size));
			memset(p, 1, size);
			ma_source_unmap(p, size);
			expect(resident(p, page) == -1);
		}
	expect(errno == 99);
}
END_TEST

/* --- names --- */

/* What mappings were named, and what the kernel shall have said to that: it may know names or not. */
static struct {
	const void *start;
	size_t size;
	const char *name;
	unsigned calls;
	bool real;   /* the kernel is asked */
	int refusal; /* else what it says: errno; 0: none */
} named;

/* In the place of the C library's. */
int prctl(int option, ...)
{
	unsigned long arg[4];
	va_list args;

	va_start(args, option);
	for (size_t i = 0; i < LENGTH(arg); i++)
		arg[i] = va_arg(args, unsigned long);
	va_end(args);
	if (option != 0x53564d41 || named.real)
		return (int)syscall(SYS_prctl, option, arg[0], arg[1], arg[2], arg[3]);
	expect(arg[0] == 0);
	named.start = (const void *)arg[1];
	named.size = arg[2];
	named.name = (const char *)arg[3];
	named.calls++;
	errno = named.refusal;
	return named.refusal == 0 ? 0 : -1;
}

START_TEST(names)
{
	size_t page = ma_source_page();
	void *p;

	errno = 99;
	named.refusal = ENOMEM; /* one mapping too many: the next one may have its name */
	expect(ma_source_map(4 * page, page) != NULL);
	named.refusal = 0;
	p = ma_source_map(4 * page, 64 * page);
	expect(named.calls == 2 && named.start == p && named.size == 4 * page);
	ck_assert_str_eq(named.name, "libma data");
	p = ma_source_map_named(MB, MB, "libma heap");
	expect(named.calls == 3 && named.start == p && named.size == MB);
	ck_assert_str_eq(named.name, "libma heap");
	p = ma_source_reserve(MB);
	expect(named.calls == 4 && named.start == p && named.size == MB);
	ck_assert_str_eq(named.name, "libma guard");
	named.refusal = EINVAL; /* the kernel knows no names */
	for (int i = 0; i < 3; i++)
		expect(ma_source_map(page, page) != NULL);
	expect(named.calls == 5 && errno == 99);
}
END_TEST

/* Where the kernel knows names, it shows them. */
START_TEST(names_that_show)
{
	char line[512], start[32];
	bool found = false, known;
	FILE *file;
	void *p;

	named.real = true;
	p = ma_source_map_named(MB, MB, "libma heap");
	file = fopen("/proc/self/maps", "r");
	known = prctl(0x53564d41, 0, p, MB, "libma heap") == 0;
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)p);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		found = found || (strncmp(line, start, strlen(start)) == 0 &&
				  strstr(line, "[anon:libma heap]") != NULL);
	expect(file != NULL && found == known && fclose(file) == 0);
}
END_TEST

START_TEST(maps_that_cannot_be)
{
	size_t page = ma_source_page();

	errno = 99;
	expect(ma_source_map(SIZE_MAX & ~(page - 1), page) == NULL);
#if SIZE_MAX > UINT32_MAX
	expect(ma_source_map((size_t)PTRDIFF_MAX & ~(page - 1), page) == NULL);
	expect(ma_source_map((size_t)1 << 47, page) == NULL);
	expect(ma_source_map(page, (size_t)1 << 62) == NULL);
	expect(ma_source_map(page, (size_t)1 << 63) == NULL);
#endif
	expect(errno == 99 || errno == ENOMEM);
}
END_TEST

START_TEST(maps_give_all_back)
{
	struct source_calls before, after;
	char *wall;

	/* What aligning cuts off is not kept: were it, so many would fill the address space that is allowed. */
	size_t align = (SIZE_MAX > UINT32_MAX ? 256 : 16) * MB;
	struct rlimit limit = {32 * (rlim_t)align, 32 * (rlim_t)align};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return; /* a sanitizer's own mappings are far more than that */
#endif
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		return;
	before = ma_source_calls();
	for (int i = 0; i < 200; i++) {
		wall = ma_source_map(ma_source_page(), 1);
		expect(ma_source_map(ma_source_page(), align) != NULL || i > 25);
		expect(wall != NULL);
	}
	after = ma_source_calls();
	expect(after.map >= before.map + 300 && after.unmap > before.unmap);
}
END_TEST

START_TEST(remaps)
{
	char *p = ma_source_map(8 * MB, 1), *moved;
	struct source_calls before, after;

	if (is_emulated())
		return; /* no mapping of 32-bit programs grows in place */
	pattern_fill(p, 2 * MB, 1);
	ma_source_unmap(p + 2 * MB, 6 * MB);
	expect(ma_source_remap(p, 2 * MB, 8 * MB, 0) == p && pattern_holds(p, 2 * MB, 1));
	expect(pattern_is_zero(p + 2 * MB, 6 * MB));
	ma_source_unmap(p + 4 * MB, 4 * MB);
	expect(mmap(p + 4 * MB, ma_source_page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) == p + 4 * MB);
	errno = 99;
	expect(ma_source_remap(p, 4 * MB, 8 * MB, 0) == NULL && errno == 99);
	expect(pattern_holds(p, 2 * MB, 1));
	moved = ma_source_remap(p, 4 * MB, 8 * MB, 4 * MB);
	expect((uintptr_t)moved % (4 * MB) == 0 && errno == 99);
	expect(pattern_holds(moved, 2 * MB, 1) && pattern_is_zero(moved + 4 * MB, 4 * MB));
	expect(resident(p, 4 * MB) == -1);
	expect(ma_source_calls().remap == 4);
	/* Two of the system's mappings, as they differ: no room is looked for. */
	expect(madvise(moved + 4 * MB, 4 * MB, MADV_DONTFORK) == 0);
	before = ma_source_calls();
	expect(ma_source_remap(moved, 8 * MB, 16 * MB, 2 * MB) == NULL && errno == 99);
	after = ma_source_calls();
	expect(after.map == before.map && after.remap == before.remap + 1);
	expect(pattern_holds(moved, 2 * MB, 1));
	ma_source_unmap(moved, 8 * MB);
}
END_TEST

/* A mapping that may not be there twice moves all the same. */
START_TEST(moves_in_narrow_space)
{
	char *p = ma_source_map(64 * MB, 1), *moved;
	struct rlimit before, limit;
	unsigned long pages = 0;
	FILE *file;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return; /* a sanitizer's own mappings are far more than that */
#endif
	if (is_emulated())
		return;
	file = fopen("/proc/self/statm", "r");
	expect(p != NULL && file != NULL && fscanf(file, "%lu", &pages) == 1 &&
	       getrlimit(RLIMIT_AS, &before) == 0);
	fclose(file);
	pattern_fill(p, MB, 1);
	mmap(p + 64 * MB, ma_source_page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	limit = before;
	limit.rlim_cur = pages * ma_source_page() + 32 * MB;
	expect(setrlimit(RLIMIT_AS, &limit) == 0);
	moved = ma_source_remap(p, 64 * MB, 80 * MB, 2 * MB);
	expect(moved != NULL && pattern_holds(moved, MB, 1) && pattern_is_zero(moved + 64 * MB, 16 * MB));
	p = ma_source_remap(moved, 80 * MB, 160 * MB, 2 * MB);
	expect(p == NULL && pattern_holds(moved, MB, 1));
	expect(setrlimit(RLIMIT_AS, &before) == 0);
	ma_source_unmap(moved, 80 * MB);
}
END_TEST

START_TEST(populate_and_purge)
{
	size_t page = ma_source_page();
	char *p = ma_source_map(64 * page, 1);

	errno = 99;
	ma_source_populate(p + 3 * page + 5, p + 6 * page + 1);
	if (resident(p, 64 * page) == 0)
		return; /* the system has no MADV_POPULATE_WRITE */
	expect(resident(p + 3 * page, 4 * page) == 4);
	memset(p, 1, 64 * page);
	expect(ma_source_purge(p + 1, p + 2 * page - 1) == 0);
	expect(p[page] == 1);
	expect(ma_source_purge(p + 1, p + 10 * page) == 9 * page);
	expect(resident(p + page, 9 * page) == 0 && p[page - 1] == 1 && p[10 * page] == 1);
	expect(pattern_is_zero(p + page, 9 * page));
	ma_source_populate(p, p);
	expect(ma_source_purge(p + page, p + page) == 0);
	expect(errno == 99);
	/* There may be a limit of none. Sanitizers make mlock() do nothing. */
	if (syscall(SYS_mlock, p + 20 * page, page) == 0) {
		expect(ma_source_purge(p + 20 * page, p + 21 * page) == 0 && p[20 * page] == 1);
		expect(syscall(SYS_munlock, p + 20 * page, page) == 0);
	}
	errno = 99;
	ma_source_huge(p, 64 * page, true);
	ma_source_huge(p, 64 * page, false);
	ma_source_huge(p + 1, page, true); /* no page starts there: refused, and no harm done */
	ma_source_unmap(p, 64 * page);
	ma_source_populate(p, p + page); /* nor here */
	expect(errno == 99);
}
END_TEST

START_TEST(huge_pages)
{
	char *p = ma_source_map(8 * 1024 * 1024, MA_HUGE_PAGE);

	errno = 99;
	if (prctl(PR_GET_THP_DISABLE, 0L, 0L, 0L, 0L) !=
	    0) /* refused by who started the test, or it can't be */
		return;
	expect(ma_source_take_huge(p, 8 * 1024 * 1024) == ma_source_has_huge() && p[0] == 0 && errno == 99);
	ma_source_refuse_huge();
	expect(!ma_source_has_huge() && errno == 99);
	expect(prctl(PR_SET_THP_DISABLE, 0L, 0L, 0L, 0L) == 0);
	ma_source_unmap(p, 8 * 1024 * 1024);
}
END_TEST

/* --- the break; nothing else of this process moves it meanwhile --- */

START_TEST(break_moves)
{
	char *top = ma_source_break(), *got;
	size_t size = 5 * ma_source_page() + 123;

	errno = 99;
	got = ma_source_break_grow(size);
	expect(got == top && ma_source_break() == top + size && pattern_is_zero(got, size));
	memset(got, 1, size);
	expect(!ma_source_break_shrink(top, 100) && ma_source_break() == top + size);
	expect(ma_source_break_shrink(top + size, size) && ma_source_break() == top);
	got = ma_source_break_grow(size);
	expect(got == top && pattern_is_zero((char *)ma_round_up((uintptr_t)got, ma_source_page()), 4096));
	expect(sbrk(1000) == top + size); /* a stranger */
	expect(ma_source_break_grow(100) == top + size + 1000);
	expect(!ma_source_break_shrink(top + size, size));
	expect(errno == 99);
	expect(ma_source_calls().brk >= 4);
}
END_TEST

START_TEST(break_that_cannot_grow)
{
	char *top = ma_source_break();

	errno = 99;
	expect(ma_source_break_grow(SIZE_MAX) == NULL &&
	       ma_source_break_grow((size_t)PTRDIFF_MAX + 1) == NULL);
#if SIZE_MAX > UINT32_MAX
	expect(ma_source_break_grow(PTRDIFF_MAX) == NULL &&
	       ma_source_break_grow(PTRDIFF_MAX / 2 + 1) == NULL);
#endif
	expect(ma_source_break() == top && errno == 99);
}
END_TEST

START_TEST(limits)
{
	struct rlimit limit = {ma_source_page(), RLIM_INFINITY}; /* 0 would mean something else to Linux */

	if (is_emulated())
		return; /* limits are taken, and ignored */
	expect(setrlimit(RLIMIT_DATA, &limit) == 0);
	errno = 99;
	expect(ma_source_break_grow(MB) == NULL);
	expect(ma_source_map(MB, 1) == NULL && ma_source_map(MB, MB) == NULL);
	expect(errno == 99 || errno == ENOMEM);
	limit.rlim_cur = RLIM_INFINITY;
	expect(setrlimit(RLIMIT_DATA, &limit) == 0);
	expect(ma_source_break_grow(MB) != NULL && ma_source_map(MB, MB) != NULL);
}
END_TEST

static void *second(void *safe)
{
	*(bool *)safe = ma_source_break_is_safe();
	return NULL;
}

START_TEST(when_the_break_is_safe)
{
	pthread_t thread;
	bool safe;

#ifndef __SANITIZE_THREAD__ /* which has a thread of its own */
	expect(ma_source_break_is_safe());
#endif
	expect(pthread_create(&thread, NULL, second, &safe) == 0 && pthread_join(thread, NULL) == 0);
	expect(safe == !MA_THREADS);
	ma_source_own_break();
	expect(ma_source_break_is_safe());
	expect(pthread_create(&thread, NULL, second, &safe) == 0 && pthread_join(thread, NULL) == 0);
	expect(safe);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		facts,
		maps,
		maps_that_cannot_be,
		names,
		names_that_show,
		maps_give_all_back,
		remaps,
		moves_in_narrow_space,
		populate_and_purge,
		huge_pages,
		break_moves,
		break_that_cannot_grow,
		limits,
		when_the_break_is_safe,
	};

	return unit_run("source", tests, LENGTH(tests));
}
