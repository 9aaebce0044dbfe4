/* SPDX-License-Identifier: MIT */
/*
 * operations.c - a fuzzer of the whole public interface: the input says which functions are called, in which thread's
 * place, and which requests the system refuses. A plain list of objects says what must hold:
 *
 *   after each call      the result is what the function promises
 *   after each step      ma_check() finds no fault; with many objects, after some steps
 *   now and then         ma_walk() and ma_stats() tell of just these objects, and all contents are as written
 *   at an input's end    all is freed, and hardly anything is held
 *
 * There is one thread, so that an input does the same each time. It takes the places of several: what differs between
 * threads is which heap is theirs. Options may be set with MA_OPTIONS, as long as they ask for no reports.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../expect.h"
#include "../pattern.h"
#include "../unit/scripted_source.h"
#include "base.h"
#include "ma.h"
#include "mode.h"
#include "thread.h"

#define ACTORS 4
#define MOST_OBJECTS 1024
#define MOST_BYTES ((size_t)48 << 20) /* alive at a time */
#define LARGEST ((size_t)9 << 20)
#define LARGE_SHOWN 512 /* of a large object so many bytes are written and looked at, at either end */

struct object {
	char *at;
	size_t size, align;
	uint64_t seed;
	bool zeroed; /* by ma_calloc() or ma_rezalloc(), and not written past its size */
};

/* A thread: the two pointers to its heap. */
struct actor {
	struct heap *seen, *own;
};

static struct object objects[MOST_OBJECTS];
static size_t count, bytes;
static uint64_t last_seed, operations, inputs, refusals;
static uint64_t now = 1000000; /* milliseconds */
static struct actor actors[ACTORS];
static unsigned self; /* the actor in whose place we are */
static struct fuzz_input input;
static int null_file = -1;

/* --- time --- */

/* Stands in for the system's, by the linker's --wrap: time passes when the input says so. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	*time = (struct timespec){.tv_sec = (time_t)(now / 1000), .tv_nsec = (long)(now % 1000 * 1000000)};
	return 0;
}

/* --- contents --- */

static void fill(const struct object *object)
{
	if (object->size <= 2 * LARGE_SHOWN) {
		pattern_fill(object->at, object->size, object->seed);
		return;
	}
	pattern_fill(object->at, LARGE_SHOWN, object->seed);
	pattern_fill(object->at + object->size - LARGE_SHOWN, LARGE_SHOWN, object->seed + 1);
}

static void expect_contents(const struct object *object)
{
	if (object->size <= 2 * LARGE_SHOWN) {
		expect(pattern_holds(object->at, object->size, object->seed));
		return;
	}
	expect(pattern_holds(object->at, LARGE_SHOWN, object->seed));
	expect(pattern_holds(object->at + object->size - LARGE_SHOWN, LARGE_SHOWN, object->seed + 1));
}

/* The contents are at `p` now, as far as `size` goes. */
static void expect_moved(const struct object *object, const char *p, size_t size)
{
	struct object moved = *object;

	if (size < object->size) {
		expect(pattern_holds(p, ma_min(size, LARGE_SHOWN), object->seed));
		return;
	}
	moved.at = (char *)(uintptr_t)p;
	expect_contents(&moved);
}

/* --- objects --- */

static bool has_room(size_t size)
{
	return count < MOST_OBJECTS && bytes + size <= MOST_BYTES;
}

/* Before a call that may fail. */
static void ready(void)
{
	errno = 0;
	refusals = scripted_refusals();
}

/* NULL is in order only if the source has refused something in this call. */
static bool got(const void *p)
{
	expect(p != NULL || (errno == ENOMEM && scripted_refusals() > refusals));
	return p != NULL;
}

static void add(void *p, size_t size, size_t align, bool zeroed)
{
	struct object *object = &objects[count];

	expect(size <= LARGEST && (uintptr_t)p % align == 0 && (uintptr_t)p % MA_UNIT == 0);
	expect(ma_usable_size(p) >= size);
	if (zeroed)
		expect(pattern_is_zero(p, ma_min(ma_usable_size(p), (size_t)64 << 10)));
	*object = (struct object){p, size, align, last_seed += (uint64_t)1 << 40, zeroed};
	count++;
	bytes += size;
	fill(object);
}

static struct object take(size_t n)
{
	struct object taken = objects[n];

	expect_contents(&taken);
	objects[n] = objects[--count];
	bytes -= taken.size;
	return taken;
}

/* --- actors --- */

static void leave_place(void)
{
	actors[self] = (struct actor){ma_thread_heap, ma_thread_own};
}

static void take_place(unsigned actor)
{
	leave_place();
	self = actor;
	ma_thread_heap = actors[self].seen == NULL ? &ma_heap_none : actors[self].seen;
	ma_thread_own = actors[self].own == NULL ? &ma_heap_none : actors[self].own;
}

/* The thread ends, as thread.c has it; another takes its place. */
static void end_thread(void)
{
	struct heap *own = ma_thread_own;

	ma_thread_heap = ma_thread_own = &ma_heap_none;
	if (own != &ma_heap_none)
		ma_heaps_leave(own);
}

/* --- sizes and alignments: every input says something --- */

/* Near a power of two or anywhere between two, small ones more often. */
static size_t any_size(void)
{
	unsigned shape = fuzz_byte(&input), fine = fuzz_byte(&input);
	unsigned log = shape & 31;
	size_t size;

	if (log < 8) /* by far most of what programs ask for */
		return fine + (size_t)(shape >> 5) * 64;
	log = log < 28 ? log - 4 : log - 20;
	if (log > 14 && (fine & 7) != 0) /* large ones take the time of many */
		log -= 8;
	size = ((size_t)1 << log) + ((size_t)(shape >> 5) << log) / 8;
	if (fine & 128)
		return ma_min(size + (((size_t)fine & 127) << log) / 1024, LARGEST);
	return ma_min(size + fine - 64 * (log > 6), LARGEST);
}

static size_t any_align(void)
{
	size_t log = fuzz_byte(&input) % 24;

	return (size_t)1 << (log > 16 && fuzz_byte(&input) & 7 ? log - 12 : log);
}

/* --- the operations --- */

static void allocate(unsigned function)
{
	size_t size = any_size(), align = MA_UNIT;
	bool zeroed = false;
	void *p = NULL;
	int result;

	if (!has_room(size))
		return;
	ready();
	switch (function) {
	case 0:
		p = ma_malloc(size);
		break;
	case 1:
		p = size % 3 == 0 ? ma_calloc(3, size / 3) : ma_calloc(size, 1);
		zeroed = true;
		break;
	case 2:
		p = ma_realloc(NULL, size);
		break;
	case 3:
		p = ma_reallocarray(NULL, size, 1);
		break;
	case 4:
		p = ma_rezalloc(NULL, size);
		zeroed = true;
		break;
	case 5:
		align = any_align();
		p = ma_aligned_alloc(align, size);
		break;
	case 6:
		align = ma_max(any_align(), sizeof(void *));
		result = ma_posix_memalign(&p, align, size);
		expect(errno == 0 && result == (p == NULL ? ENOMEM : 0));
		errno = result;
		break;
	default:
		align = any_align();
		p = ma_memalign(align - align / 4, size);
	}
	if (got(p))
		add(p, size, align, zeroed);
}

/* Many of a kind, as programs do. */
static void allocate_many(void)
{
	size_t size = any_size(), many = fuzz_byte(&input);

	for (; many > 0 && has_room(size); many--, operations++) {
		void *p;
		ready();
		p = ma_malloc(size);
		if (!got(p))
			return;
		add(p, size, MA_UNIT, false);
	}
}

static void release(size_t n, unsigned function)
{
	struct object object = take(n);

	errno = 4321;
	switch (function % 4) {
	case 0:
		ma_free_sized(object.at, object.size);
		break;
	case 1:
		ma_free_aligned_sized(object.at, object.align, object.size);
		break;
	case 2:
		expect(ma_realloc(object.at, 0) == NULL);
		break;
	default:
		ma_free(object.at);
	}
	expect(errno == 4321);
}

/* The latest, the earliest, or each second one. */
static void release_many(void)
{
	unsigned order = fuzz_byte(&input), many = fuzz_byte(&input);

	for (; many > 0 && count > 0; many--, operations++) {
		size_t n = order % 3 == 0 ? count - 1 : order % 3 == 1 ? 0 : many % count;
		release(n, order >> 2);
	}
}

static void resize(unsigned function)
{
	size_t size = any_size(), had;
	struct object *object;
	char *p;

	if (count == 0)
		return;
	object = &objects[fuzz_below(&input, count)];
	if (bytes - object->size + size > MOST_BYTES)
		return;
	size += size == 0;
	had = ma_usable_size(object->at);
	ready();
	switch (function) {
	case 0:
		p = ma_realloc(object->at, size);
		break;
	case 1:
		p = ma_reallocarray(object->at, 1, size);
		break;
	case 2:
		if (!object->zeroed)
			return;
		p = ma_rezalloc(object->at, size);
		break;
	default:
		p = ma_expand(object->at, size);
		expect(p == object->at || (p == NULL && errno == ENOMEM));
		if (p == NULL)
			return;
	}
	if (!got(p)) {
		expect(ma_usable_size(object->at) == had);
		expect_contents(object);
		return;
	}
	expect(ma_usable_size(p) >= size && (uintptr_t)p % MA_UNIT == 0);
	expect_moved(object, p, size);
	object->zeroed = object->zeroed && function == 2 && size >= object->size;
	if (object->zeroed) /* what was past the old size was never written */
		expect(pattern_is_zero(p + object->size, ma_min(size - object->size, (size_t)64 << 10)));
	if (p != object->at)
		object->align = MA_UNIT;
	bytes += size - object->size;
	object->at = p;
	object->size = size;
	fill(object);
}

/* What can't be had, in every function. */
static void ask_nonsense(void)
{
	volatile size_t beyond = (size_t)PTRDIFF_MAX + 1 +
				 fuzz_byte(&input); /* compilers warn of what they see */
	size_t huge = beyond;
	void *p = &huge;

	errno = 0;
	switch (fuzz_byte(&input) % 9) {
	case 0:
		p = ma_malloc(huge);
		break;
	case 1:
		p = ma_calloc(huge, 2 + fuzz_byte(&input));
		break;
	case 2:
		p = count == 0 ? NULL : ma_realloc(objects[0].at, huge);
		errno = ENOMEM;
		break;
	case 3:
		p = ma_reallocarray(NULL, huge, 16);
		break;
	case 4:
		p = ma_aligned_alloc(64, huge);
		break;
	case 5:
		p = ma_aligned_alloc(huge / 3, 10);
		expect(errno == EINVAL);
		errno = ENOMEM;
		break;
	case 6:
		expect(ma_posix_memalign(&p, 24, 10) == EINVAL && ma_posix_memalign(&p, 2, 10) == EINVAL);
		expect(p == &huge && errno == 0);
		return;
	case 7:
		p = ma_memalign(huge, 1);
		errno = ENOMEM;
		break;
	default:
		ma_free(NULL);
		ma_free_sized(NULL, 1);
		expect(ma_usable_size(NULL) == 0 && errno == 0);
		return;
	}
	expect(p == NULL && errno == ENOMEM);
}

static void ask_size(void)
{
	size_t size = any_size(), good = ma_good_size(size);

	expect(good >= size && ma_good_size(good) == good);
	if (count != 0)
		expect(ma_usable_size(objects[0].at) >= objects[0].size);
}

/* What the system does to us from here on. */
static void script(void)
{
	unsigned what = fuzz_byte(&input), n = fuzz_byte(&input);

	scripted_relent();
	scripted_limit(SIZE_MAX);
	scripted_refuse_shrink(what & 64);
	scripted_break_safe(!(what & 128));
	switch (what % 8) {
	case 0:
		scripted_refuse(1 + n % 16, 1 + n / 16);
		break;
	case 1:
		scripted_refuse_break(true);
		break;
	case 2:
		scripted_refuse_map(true);
		break;
	case 3:
		scripted_refuse_remap(true);
		break;
	case 4:
		if (scripted_break_held() < SCRIPTED_REGION / 32) /* the stranger keeps what he has */
			scripted_foreign((ptrdiff_t)(n * n * 3));
		break;
	case 5:
		if (scripted_break_held() < SCRIPTED_REGION / 32)
			scripted_foreign_before(1 + n % 4, 1 + n * n);
		break;
	case 6:
		scripted_limit(scripted_held() + n * n * 64);
		break;
	default:
		break;
	}
}

/* --- the whole heap against the objects --- */

static int by_address(const void *a, const void *b)
{
	const char *left = ((const struct object *)a)->at, *right = ((const struct object *)b)->at;

	return (left > right) - (left < right);
}

struct comparison {
	size_t next;
	size_t usable;
	const char *reached;
};

static int compare_place(const struct ma_place *place, void *arg)
{
	struct comparison *comparison = arg;

	expect((const char *)place->address >= comparison->reached && place->size > 0);
	comparison->reached = place->address;
	if (place->kind == MA_BLOCK_SLAB)
		return 0;
	comparison->reached += place->size;
	if (place->kind == MA_BLOCK_USED || place->kind == MA_SLOT_USED || place->kind == MA_LARGE_USED) {
		expect(comparison->next < count && place->address == objects[comparison->next].at);
		expect(place->size >= objects[comparison->next].size);
		expect(place->size == ma_usable_size(place->address));
		comparison->usable += place->size;
		comparison->next++;
	}
	return 0;
}

/* With modes the heap holds what the program does not, and the program what the heap does not. */
static void expect_whole(void)
{
	struct comparison comparison = {0};
	struct ma_stats stats = {.struct_size = sizeof(stats)};

	for (size_t i = 0; i < count; i++)
		expect_contents(&objects[i]);
	expect(ma_check() == 0);
	if (ma_modes() != 0)
		return;
	if (count != 0)
		qsort(objects, count, sizeof(objects[0]), by_address);
	expect(ma_walk(compare_place, &comparison) == 0 && comparison.next == count);
	expect(ma_stats(&stats) == 0);
	expect(stats.used_bytes == comparison.usable &&
	       stats.used_blocks + stats.used_slots + stats.large_objects == count);
}

static void report(void)
{
	unsigned form = fuzz_byte(&input);
	int result;

	if (null_file < 0)
		null_file = open("/dev/null", O_WRONLY | O_CLOEXEC);
	ready();
	if (form & 1)
		result = ma_stats_print(null_file, form >> 1 & 3);
	else
		result = ma_heap_map(null_file, form & 2 ? MA_JSON : MA_TEXT);
	expect(result == 0 || (errno == ENOMEM && scripted_refusals() > refusals));
}

static void step(void)
{
	unsigned what = fuzz_byte(&input);

	operations++;
	switch (what % 64) {
	case 0:
		script();
		break;
	case 1:
		end_thread();
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		take_place(what % 64 - 2);
		break;
	case 6:
		ma_trim(any_size());
		break;
	case 7:
		if (what >= 192)
			expect_whole();
		break;
	case 8:
		if (what >= 192)
			report();
		else
			now += fuzz_byte(&input) * UINT64_C(20);
		break;
	case 9:
		ask_nonsense();
		break;
	case 10:
		ask_size();
		break;
	case 11:
	case 12:
		allocate_many();
		break;
	case 13:
	case 14:
		release_many();
		break;
	default:
		if (what % 64 < 36)
			allocate(what % 8);
		else if (what % 64 < 44)
			resize(what % 4);
		else if (count != 0)
			release(fuzz_below(&input, count), what);
	}
}

static void end_input(void)
{
	scripted_relent();
	scripted_limit(SIZE_MAX);
	scripted_refuse_shrink(false);
	scripted_break_safe(true);
	expect_whole();
	while (count > 0)
		release(count - 1, 3);
	for (unsigned i = 0; i < ACTORS; i++) {
		take_place(i);
		end_thread();
		leave_place();
	}
	ma_trim(0);
	expect_whole();
	expect(bytes == 0 && scripted_mappings() < 16 * ACTORS);
}

static void tell(void)
{
	fprintf(stderr, "%" PRIu64 " operations in %" PRIu64 " inputs\n", operations, inputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (inputs++ == 0)
		atexit(tell);
	input = (struct fuzz_input){data, data + size};
	for (size_t unaudited = 0; input.at < input.end; unaudited++) {
		step();
		if (unaudited < count / 16)
			continue;
		expect(ma_check() == 0);
		unaudited = 0;
	}
	end_input();
	return 0;
}
