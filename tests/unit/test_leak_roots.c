/* SPDX-License-Identifier: MIT */
/* Where roots are looked for, and where not: each place holds the only address of an allocation. */
#include "leak_unit.h"

#include <fcntl.h>
#include <sys/mman.h>

static void *in_data = &in_data, *in_bss;
static _Thread_local void *in_thread_local;

/* The kind that the allocation at ~place has after a scan of all roots but the chunks. */
static __attribute__((noinline)) enum leak_kind kind_of(uintptr_t place)
{
	struct leak_thread self = {.sp = __builtin_frame_address(0)};
	struct leak_scan scan;
	enum leak_kind kind;

	leak_unit_begin(&scan, 100);
	scan.threads = &self;
	scan.pagemap = open("/proc/self/pagemap", O_RDONLY);
	for (size_t i = 0; i < scan.index.chunks; i++)
		ma_leak_add_hole(&scan.holes, scan.index.chunk[i].chunk, scan.index.chunk[i].end);
	ma_leak_add_hole(&scan.holes, scan.memory.start, scan.memory.start + scan.memory.size);
	expect(ma_leak_roots(&scan));
	kind = leak_unit_kind(&scan, (void *)~hide_size(place));
	close(scan.pagemap);
	leak_unit_end(&scan);
	return kind;
}

/* Calls that go deep leave nothing of an address on the stack that kind_of() will look at. */
static __attribute__((noinline)) uintptr_t put(void **place)
{
	void *p = ma_calloc(1, 100);

	*place = p;
	return turned(p);
}

static __attribute__((noinline)) void wipe(void)
{
	char stack[16384];

	memset(stack, 0, sizeof(stack));
	look_at(stack);
}

/* A place counts: the allocation is reachable as long as its address is there. */
static void counts(void **place, bool so)
{
	uintptr_t at = put(place);

	wipe();
	expect((kind_of(at) == LEAK_REACHABLE) == so);
	*place = NULL;
	wipe();
	expect(kind_of(at) == LEAK_DEFINITE);
}

START_TEST(data)
{
	void *local = NULL;

	counts(&in_data, true);
	counts(&in_bss, true);
	counts(&in_thread_local, true);
	counts(hide(&local), true);
}
END_TEST

START_TEST(mappings)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t page = ma_source_page();
	char name[] = "/tmp/libma-roots-XXXXXX";
	int file = mkstemp(name);
	void **place = mmap(NULL, page, PROT_READ | PROT_WRITE, anonymous, -1, 0);

	expect(file >= 0 && ftruncate(file, (off_t)page) == 0 && unlink(name) == 0);
	counts(place, true);
	place = mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, anonymous | MAP_NORESERVE, -1, 0);
	counts(place + 100000000, true);
	place = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	counts(place, true);
	/* Longer than its file: the rest of it can't be read. */
	place = mmap(NULL, 100 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	counts(place, true);
	close(file);
}
END_TEST

START_TEST(sealed)
{
	size_t page = ma_source_page();
	void **place = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t at = put(place);

	wipe();
	expect(mprotect(place, page, PROT_READ) == 0);
	expect(kind_of(at) == LEAK_REACHABLE);
	expect(mprotect(place, page, PROT_NONE) == 0);
	expect(kind_of(at) == LEAK_DEFINITE);
}
END_TEST

START_TEST(by_address)
{
	static void *place[4];
	struct leak_range hole[4];
	struct leak_holes holes = {.hole = hole, .room = LENGTH(hole)};

	ma_leak_add_hole(&holes, &place[2], &place[3]);
	ma_leak_add_hole(&holes, &place[0], &place[1]);
	ma_leak_add_hole(&holes, &place[1], &place[1]); /* empty */
	ma_leak_add_hole(&holes, &place[1], &place[2]);
	expect(holes.count == 3);
	for (size_t i = 0; i < 3; i++)
		expect(hole[i].from == (uintptr_t)&place[i] && hole[i].to == (uintptr_t)&place[i + 1]);
}
END_TEST

/* Below the stack pointer of a thread nothing counts. */
START_TEST(dead_stack)
{
	size_t page = ma_source_page();
	char *stack = mmap(NULL, 9 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t below = put((void **)(void *)(stack + 2 * page)),
		  above = put((void **)(void *)(stack + 6 * page));
	struct leak_thread self = {.sp = __builtin_frame_address(0)};
	struct leak_thread thread = {.next = &self, .sp = stack + 4 * page};
	struct leak_scan scan;

	wipe();
	for (int guarded = 0; guarded < 2; guarded++) {
		leak_unit_begin(&scan, 100);
		for (size_t i = 0; i < scan.index.chunks; i++)
			ma_leak_add_hole(&scan.holes, scan.index.chunk[i].chunk, scan.index.chunk[i].end);
		ma_leak_add_hole(&scan.holes, scan.memory.start, scan.memory.start + scan.memory.size);
		scan.threads = &thread;
		expect(!guarded || mprotect(stack, page, PROT_NONE) == 0);
		expect(ma_leak_roots(&scan));
		expect(leak_unit_kind(&scan, (void *)~hide_size(above)) == LEAK_REACHABLE);
		expect(leak_unit_kind(&scan, (void *)~hide_size(below)) ==
		       (guarded ? LEAK_DEFINITE : LEAK_REACHABLE));
		leak_unit_end(&scan);
		wipe();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {data, mappings, sealed, by_address, dead_stack};

	if (is_emulated()) {
		fputs("skipped: under emulation the emulator's own memory is searched, too\n", stderr);
		return 77;
	}
	return unit_run("leak_roots", tests, LENGTH(tests));
}
