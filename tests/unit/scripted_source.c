/* SPDX-License-Identifier: MIT */
/*
 * scripted_source.c - the twin of src/source.c that does as it is told: see scripted_source.h.
 *
 * Mappings are placed first fit, so that memory which was given back is soon given out again: a stale pointer
 * then meets somebody else's data. One lock guards it all, since it stands under threads too.
 */
#include "scripted_source.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source.h"

#define REGION SCRIPTED_REGION
#define SEGMENT (REGION / 16)	     /* of it, for the break */
#define BREAK_START ((size_t)0x2340) /* of the segment: on no OS page's edge, like a real one */
#define MOST_MAPPINGS 4096u

struct mapping {
	char *start;
	size_t size;
};

static struct {
	char *region;
	char *top;			       /* the break */
	struct mapping mapping[MOST_MAPPINGS]; /* by address */
	unsigned mappings;
	struct mapping reserved; /* the newest reservation */
	struct mapping absent;	 /* said not to be resident */
	uint64_t requests, refusals, refuse_from, refuse_count;
	bool refuse_break, refuse_map, refuse_remap, refuse_shrink, refuse_huge, huge_is_dear, unsafe;
	size_t spare;	     /* SIZE_MAX less the limit, so that 0 is none */
	uint64_t foreign_in; /* calls of ma_source_break_grow() until the stranger comes; 0: he does not */
	size_t foreign_size;
	uint64_t purged, populated;
	struct source_calls calls;
} source;

static pthread_mutex_t source_lock = PTHREAD_MUTEX_INITIALIZER;

/* A failure here is one of the test itself. */
static void must(bool done, const char *what)
{
	if (!done) {
		static const char text[] = "scripted source: ";
		if (write(STDERR_FILENO, text, strlen(text)) < 0 ||
		    write(STDERR_FILENO, what, strlen(what)) < 0)
			_exit(99);
		_exit(98);
	}
}

static void reserve(char *start, size_t size)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	must(mmap(start, size, PROT_NONE, flags, -1, 0) == start, "can't reserve\n");
}

static void give(char *start, size_t size)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	must(mmap(start, size, PROT_READ | PROT_WRITE, flags, -1, 0) == start, "can't give\n");
}

/* Reserves the region at a window's edge, so that every run sees the same places in it. */
static void source_ready(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *start;

	if (source.region != NULL)
		return;
	start = mmap(NULL, REGION + MA_WINDOW, PROT_NONE, flags, -1, 0);
	must(start != MAP_FAILED, "can't reserve the region\n");
	source.region = (char *)ma_round_up((uintptr_t)start, MA_WINDOW);
	source.top = source.region + BREAK_START;
	give(source.region, ma_source_page() * 3); /* a stranger's data segment below the first break */
}

static void source_enter(void)
{
	pthread_mutex_lock(&source_lock);
	source_ready();
}

static void source_leave(void)
{
	pthread_mutex_unlock(&source_lock);
}

/* Counts a request for `size` bytes more; true if it is to be refused. */
static bool refused(bool kind, size_t size)
{
	uint64_t n = ++source.requests;
	bool refuse = kind || (n >= source.refuse_from && n - source.refuse_from < source.refuse_count) ||
		      (source.spare != 0 && scripted_held() + size > SIZE_MAX - source.spare);

	source.refusals += refuse;
	return refuse;
}

size_t ma_source_peak_resident(void)
{
	return scripted_held();
}

/* What was given out counts as resident, at once and as a whole, but for what the script says. */
bool ma_source_resident_pages(const char *start, size_t pages, unsigned char *resident)
{
	for (size_t i = 0; i < pages; i++) {
		const char *at = start + i * ma_source_page();
		resident[i] = scripted_gives(at, ma_source_page()) &&
			      (size_t)(at - source.absent.start) >= source.absent.size;
	}
	return true;
}

/* --- the break --- */

/* Moves the break, and makes whole OS pages of it accessible or not. */
static void move_break(char *to)
{
	size_t page = ma_source_page();
	char *had = (char *)ma_round_up((uintptr_t)source.top, page);
	char *has = (char *)ma_round_up((uintptr_t)to, page);

	if (has > had)
		give(had, (size_t)(has - had));
	else if (has < had)
		reserve(has, (size_t)(had - has));
	source.top = to;
}

char *ma_source_break(void)
{
	char *top;

	source_enter();
	top = source.top;
	source_leave();
	return top;
}

bool ma_source_break_is_safe(void)
{
	return !source.unsafe;
}

void ma_source_own_break(void)
{
}

char *ma_source_break_grow(size_t size)
{
	char *start = NULL;

	source_enter();
	source.calls.brk++;
	if (source.foreign_in != 0 && --source.foreign_in == 0)
		move_break(source.top + source.foreign_size);
	if (!refused(source.refuse_break, size) && size <= (size_t)(source.region + SEGMENT - source.top)) {
		start = source.top;
		move_break(start + size);
	}
	source_leave();
	return start;
}

bool ma_source_break_shrink(char *top, size_t size)
{
	bool done;

	source_enter();
	source.calls.brk++;
	done = source.top == top && !source.refuse_shrink;
	if (done)
		move_break(top - size);
	source_leave();
	return done;
}

/* --- mappings --- */

/* The index of the first mapping that ends above `start`. */
static unsigned mapping_from(const char *start)
{
	unsigned low = 0, high = source.mappings;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (source.mapping[middle].start + source.mapping[middle].size > start)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void mapping_insert(unsigned index, char *start, size_t size)
{
	must(source.mappings < MOST_MAPPINGS, "too many mappings\n");
	memmove(&source.mapping[index + 1], &source.mapping[index],
		(source.mappings - index) * sizeof(source.mapping[0]));
	source.mapping[index] = (struct mapping){start, size};
	source.mappings++;
}

static void mapping_drop(unsigned index)
{
	source.mappings--;
	memmove(&source.mapping[index], &source.mapping[index + 1],
		(source.mappings - index) * sizeof(source.mapping[0]));
}

/* As the system does, joins it with those that lie beside it. */
static void mapping_add(unsigned index, char *start, size_t size)
{
	struct mapping *next = &source.mapping[index];

	if (index < source.mappings && next->start == start + size) {
		size += next->size;
		mapping_drop(index);
	}
	if (index > 0 && next[-1].start + next[-1].size == start)
		next[-1].size += size;
	else
		mapping_insert(index, start, size);
}

/* Takes [start, start + size) out of the mappings; all of it must be in them. */
static void mapping_cut(char *start, size_t size)
{
	unsigned index = mapping_from(start);
	struct mapping whole = source.mapping[index];
	size_t lead = (size_t)(start - whole.start);

	must(index < source.mappings && start >= whole.start && lead + size <= whole.size,
	     "what is given back was not given out\n");
	mapping_drop(index);
	if (lead + size < whole.size)
		mapping_insert(index, start + size, whole.size - lead - size);
	if (lead != 0)
		mapping_insert(index, whole.start, lead);
}

/* The lowest place for a mapping, whose index goes to `*index`; NULL if the region is full. */
static char *place_for(size_t size, size_t align, unsigned *index)
{
	char *at = source.region + SEGMENT;
	unsigned i;

	for (i = 0; i <= source.mappings; i++) {
		char *end = i < source.mappings ? source.mapping[i].start : source.region + REGION;
		at = (char *)ma_round_up((uintptr_t)at, align);
		if (at <= end && size <= (size_t)(end - at)) {
			*index = i;
			return at;
		}
		if (i < source.mappings)
			at = source.mapping[i].start + source.mapping[i].size;
	}
	return NULL;
}

void *ma_source_map_named(size_t size, size_t align, const char *name)
{
	char *start = NULL;
	unsigned index;

	(void)name;
	must(size % ma_source_page() == 0 && (align & (align - 1)) == 0, "a mapping of no whole pages\n");
	source_enter();
	source.calls.map++;
	if (!refused(source.refuse_map, size) && size != 0) {
		start = place_for(size, ma_max(align, ma_source_page()), &index);
		if (start != NULL) {
			give(start, size);
			mapping_add(index, start, size);
		}
	}
	source_leave();
	return start;
}

void ma_source_unmap(void *start, size_t size)
{
	source_enter();
	source.calls.unmap++;
	mapping_cut(start, size);
	reserve(start, size);
	source_leave();
}

/* Grows a mapping where it stands, if the place behind it is free. */
static bool extend(char *start, size_t old_size, size_t new_size)
{
	unsigned index = mapping_from(start);
	struct mapping *mapping = &source.mapping[index];
	char *end = index + 1 < source.mappings ? mapping[1].start : source.region + REGION;

	must(mapping->start <= start && start + old_size <= mapping->start + mapping->size,
	     "a remap of what was not given out\n");
	if (start + old_size != mapping->start + mapping->size || new_size > (size_t)(end - start))
		return false;
	give(start + old_size, new_size - old_size);
	mapping_add(index + 1, start + old_size, new_size - old_size);
	return true;
}

/* Moves a mapping to a larger room, which is refused for itself, and then need not be there beside it; or NULL. */
static char *move(char *start, size_t old_size, size_t new_size, size_t align)
{
	bool alone = !refused(source.refuse_map, new_size);
	unsigned index;
	char *to;

	if (refused(source.refuse_remap, new_size - old_size))
		return NULL;
	to = place_for(new_size, alone ? ma_max(align, ma_source_page()) : ma_source_page(), &index);
	if (to == NULL)
		return NULL;
	give(to, new_size);
	mapping_add(index, to, new_size);
	memcpy(to, start, old_size);
	mapping_cut(start, old_size);
	reserve(start, old_size);
	return to;
}

void *ma_source_remap(void *start, size_t old_size, size_t new_size, size_t align)
{
	char *moved = NULL;

	must(new_size > old_size, "a remap to a smaller size\n");
	source_enter();
	source.calls.remap++;
	if (!refused(source.refuse_remap, new_size - old_size) && extend(start, old_size, new_size)) {
		moved = start;
	} else if (align != 0) {
		source.calls.remap++;
		moved = move(start, old_size, new_size, align);
	}
	source_leave();
	return moved;
}

/* --- advice --- */

size_t ma_source_page(void)
{
	return (size_t)getpagesize();
}

uint64_t ma_source_secret(void)
{
	return 0x5eed5eed5eed5eedu;
}

void ma_source_populate(char *from, char *to)
{
	source_enter();
	source.calls.advise++;
	must(from <= to && scripted_gives(from, (size_t)(to - from)),
	     "a populate of what was not given out\n");
	source.populated += (uint64_t)(to - from);
	source_leave();
}

static bool is_reserved(const char *start, size_t size)
{
	return source.reserved.start != NULL && start >= source.reserved.start &&
	       start + size <= source.reserved.start + source.reserved.size;
}

size_t ma_source_purge(char *from, char *to)
{
	uintptr_t first = ma_round_up((uintptr_t)from, ma_source_page());
	uintptr_t end = ma_round_down((uintptr_t)to, ma_source_page());

	if (first >= end)
		return 0;
	source_enter();
	source.calls.advise++;
	must(is_reserved((char *)first, end - first) || scripted_gives((char *)first, end - first),
	     "a purge of what was not given out\n");
	must(madvise((void *)first, end - first, MADV_DONTNEED) == 0, "can't purge\n");
	source.purged += end - first;
	source_leave();
	return end - first;
}

void ma_source_huge(void *start, size_t size, bool wanted)
{
	(void)start;
	(void)size;
	(void)wanted;
	source_enter();
	source.calls.advise++;
	source_leave();
}

bool ma_source_take_huge(void *start, size_t size)
{
	ma_source_huge(start, size, !source.huge_is_dear);
	return !source.huge_is_dear;
}

bool ma_source_has_huge(void)
{
	return !source.refuse_huge;
}

void ma_source_refuse_huge(void)
{
	source.refuse_huge = true;
}

/* Outside of the region: what nobody may touch is no memory. */
void *ma_source_reserve(size_t size)
{
	void *start = MAP_FAILED;

	source_enter();
	if (!refused(source.refuse_map, 0))
		start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start != MAP_FAILED)
		source.reserved = (struct mapping){start, size};
	source_leave();
	return start == MAP_FAILED ? NULL : start;
}

bool ma_source_open(void *start, size_t size)
{
	bool given;

	source_enter();
	given = !refused(source.refuse_map, 0);
	source_leave();
	return given && mprotect(start, size, PROT_READ | PROT_WRITE) == 0;
}

void ma_source_close(void *start, size_t size, bool keep)
{
	must(mprotect(start, size, PROT_NONE) == 0, "can't close\n");
	if (!keep)
		must(madvise(start, size, MADV_DONTNEED) == 0, "can't purge\n");
}

struct source_calls ma_source_calls(void)
{
	struct source_calls calls;

	source_enter();
	calls = source.calls;
	source_leave();
	return calls;
}

/* --- the script --- */

void scripted_absent(void *start, size_t size)
{
	source.absent = (struct mapping){start, size};
}

uint64_t scripted_requests(void)
{
	return source.requests;
}

uint64_t scripted_refusals(void)
{
	uint64_t refusals;

	source_enter();
	refusals = source.refusals;
	source_leave();
	return refusals;
}

void scripted_refuse(uint64_t nth, uint64_t count)
{
	source.refuse_from = source.requests + nth;
	source.refuse_count = count;
}

void scripted_relent(void)
{
	source.refuse_count = 0;
	source.refuse_break = source.refuse_map = source.refuse_remap = source.refuse_shrink = false;
}

void scripted_refuse_break(bool refuse)
{
	source.refuse_break = refuse;
}

void scripted_refuse_map(bool refuse)
{
	source.refuse_map = refuse;
}

void scripted_refuse_remap(bool refuse)
{
	source.refuse_remap = refuse;
}

void scripted_huge_is_dear(bool dear)
{
	source.huge_is_dear = dear;
}

void scripted_refuse_shrink(bool refuse)
{
	source.refuse_shrink = refuse;
}

void scripted_limit(size_t most)
{
	source.spare = SIZE_MAX - most;
}

void scripted_break_safe(bool safe)
{
	source.unsafe = !safe;
}

char *scripted_foreign(ptrdiff_t size)
{
	char *start;

	source_enter();
	start = source.top;
	move_break(start + size);
	source_leave();
	return start;
}

void scripted_foreign_before(uint64_t nth, size_t size)
{
	source.foreign_in = nth;
	source.foreign_size = size;
}

size_t scripted_held(void)
{
	size_t held = scripted_break_held();

	for (unsigned i = 0; i < source.mappings; i++)
		held += source.mapping[i].size;
	return held;
}

size_t scripted_break_held(void)
{
	return source.region == NULL ? 0 : (size_t)(source.top - source.region) - BREAK_START;
}

unsigned scripted_mappings(void)
{
	return source.mappings;
}

bool scripted_gives(const void *start, size_t size)
{
	const char *from = start, *to = from + size;

	if (from >= source.region && to <= source.region + SEGMENT)
		return to <= (char *)ma_round_up((uintptr_t)source.top, ma_source_page());
	while (from < to) { /* mappings that touch count as one */
		unsigned index = mapping_from(from);
		if (index == source.mappings || source.mapping[index].start > from)
			return false;
		from = source.mapping[index].start + source.mapping[index].size;
	}
	return true;
}

uint64_t scripted_purged(void)
{
	return source.purged;
}

uint64_t scripted_populated(void)
{
	return source.populated;
}
