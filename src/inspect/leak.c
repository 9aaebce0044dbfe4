/* SPDX-License-Identifier: MIT */
/*
 * leak.c - ma_leak_check(): the steps of a leak check in their order, and the memory for them.
 *
 * The locks of the heap are taken before the other threads are stopped, so none is stopped while it holds one. They
 * are not waited for: in a signal handler, the thread that was interrupted may be the holder.
 */
#include "ma.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guard.h"
#include "heap.h"
#include "large.h"
#include "leak.h"
#include "mode.h"
#include "sites.h"
#include "source.h"
#include "stacks.h"

/* A lock of the heap is held for less than that, but by a thread that this one has interrupted. */
#define HOLD_TRIES 1000
/* So often a heap that was in the middle of a change is looked at again. */
#define TORN_TRIES 20
/* What waits to be scanned; more is found again by a search. */
#define DEPTH ((size_t)64 * 1024)
/* Groups by size; those by site come on top. */
#define GROUPS ((size_t)4096)

void *ma_leak_take(struct leak_memory *memory, size_t size)
{
	size_t whole = ma_round_up(size, 64);
	void *taken = memory->start + memory->used;

	if (whole > memory->size - memory->used)
		return NULL;
	memory->used += whole;
	return taken;
}

static void rest(void)
{
	struct timespec time = {.tv_nsec = 1000000};

	nanosleep(&time, NULL);
}

static bool hold_heap(void)
{
	for (unsigned tries = 0; tries < HOLD_TRIES; tries++) {
		if (ma_heaps_hold())
			return true;
		rest();
	}
	errno = EBUSY;
	return false;
}

/* --- memory --- */

static void count_hole(const struct large_place *place, void *arg)
{
	(void)place;
	++*(size_t *)arg;
}

static void count_own(const void *start, size_t size, void *arg)
{
	(void)start;
	(void)size;
	++*(size_t *)arg;
}

static size_t count_holes(void)
{
	size_t count = 16;

	for (const struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk))
		count++;
	ma_mode_own(count_own, &count);
	ma_large_each(count_hole, &count);
	ma_sites_own(count_own, &count);
	ma_guard_own(count_own, &count);
	return count;
}

/* Maps all memory that the scan will need; the locks are held, so the heap does not grow any more. */
static bool take_memory(struct leak_scan *scan)
{
	size_t holes = count_holes(), groups = GROUPS, stacks, bytes, size;

	ma_stacks_count(&stacks, &bytes);
	while (groups < GROUPS + LEAK_KINDS * stacks)
		groups *= 2;
	size = ma_leak_index_bytes() + holes * sizeof(struct leak_range) +
	       DEPTH * sizeof(struct leak_object) + groups * sizeof(struct leak_group) + 2 * LEAK_BUFFER +
	       LEAK_PAGES * sizeof(uint64_t) + 8 * 64;
	size += size / 4; /* for the stopped threads' numbers, see leak_threads.c */
	scan->memory.size = ma_round_up(size, ma_source_page());
	scan->memory.start = ma_source_map(scan->memory.size, MA_UNIT);
	if (scan->memory.start == NULL) {
		errno = ENOMEM;
		return false;
	}
	scan->holes.room = holes;
	scan->holes.hole = ma_leak_take(&scan->memory, holes * sizeof(struct leak_range));
	scan->most_depth = DEPTH;
	scan->stack = ma_leak_take(&scan->memory, DEPTH * sizeof(struct leak_object));
	scan->group_room = groups;
	scan->group = ma_leak_take(&scan->memory, groups * sizeof(struct leak_group));
	scan->buffer = ma_leak_take(&scan->memory, LEAK_BUFFER);
	scan->copy = ma_leak_take(&scan->memory, LEAK_BUFFER);
	scan->pages = ma_leak_take(&scan->memory, LEAK_PAGES * sizeof(uint64_t));
	return true;
}

/* --- the steps --- */

/* Stops the other threads when none is in the middle of a change of its heap, if that can be had. */
static void stop_and_index(struct leak_scan *scan)
{
	size_t used = scan->memory.used;

	for (unsigned tries = 1;; tries++) {
		ma_leak_stop_threads(scan);
		scan->memory.used = used;
		ma_leak_index_make(&scan->index, &scan->memory); /* the memory was counted: it is there */
		if (!scan->index.torn || scan->threads == NULL || tries == TORN_TRIES)
			return;
		ma_leak_let_go(scan);
		rest();
		memset(scan->memory.start + used, 0, scan->memory.used - used);
	}
}

static void add_own(const void *start, size_t size, void *arg)
{
	struct leak_scan *scan = arg;

	ma_leak_add_hole(&scan->holes, start, (const char *)start + size);
}

static void add_large(const struct large_place *place, void *arg)
{
	add_own(place->start, place->size, arg);
}

/* What of the address space is libma's. */
static void find_holes(struct leak_scan *scan)
{
	const void *area;
	size_t size;

	for (size_t i = 0; i < scan->index.chunks; i++) {
		const struct leak_chunk *chunk = &scan->index.chunk[i];
		const char *foot = chunk->chunk->on_break ? chunk->chunk->foot : (const char *)chunk->chunk;
		ma_leak_add_hole(&scan->holes, foot, chunk->end);
	}
	ma_mode_own(add_own, scan); /* words of stacks that may be long gone */
	ma_large_each(add_large, scan);
	ma_large_own(add_own, scan);
	ma_sites_own(add_own, scan);
	ma_guard_own(add_own, scan);
	size = ma_guard_area(&area);
	add_own(area, size, scan);
	add_own(scan->memory.start, scan->memory.size, scan);
}

static void ask_whether_lost(const struct leak_object *object, void *arg)
{
	const struct leak_scan *scan = arg;
	enum leak_kind kind = ma_leak_kind(object);

	if ((kind == LEAK_DEFINITE || kind == LEAK_INDIRECT) && !scan->other->is_lost(object->start))
		ma_leak_set_kind(object, LEAK_REACHABLE);
}

static bool mark(struct leak_scan *scan)
{
	bool done;

	find_holes(scan);
	scan->pagemap = open(scan->other == NULL ? "/proc/self/pagemap" : scan->other->pagemap,
			     O_RDONLY | O_CLOEXEC);
	done = ma_leak_roots(scan);
	for (const struct leak_thread *thread = scan->threads; thread != NULL; thread = thread->next) {
		ma_leak_reach(scan, (uintptr_t)thread->sp); /* its stack may be an allocation */
		ma_leak_scan_words(scan, thread->registers, thread->register_words);
	}
	if (done) {
		ma_leak_drain(scan);
		ma_leak_sort_lost(scan);
		if (scan->other != NULL && scan->other->is_lost != NULL)
			ma_leak_each(&scan->index, ask_whether_lost, scan);
		ma_leak_sum(scan);
	}
	if (scan->pagemap >= 0)
		close(scan->pagemap);
	return done;
}

/* For a result of type int. */
static int lost_objects(const struct leak_scan *scan)
{
	return (int)ma_min(scan->total[LEAK_DEFINITE].objects + scan->total[LEAK_INDIRECT].objects, INT_MAX);
}

/* `sp`: what the caller uses of its stack begins here, its saved registers included. */
static __attribute__((noinline)) int check(const char *sp, int fd)
{
	struct leak_scan scan = {.pagemap = -1};
	struct leak_thread self = {.sp = sp};
	sigset_t all, old;
	bool done = false;
	int error = 0;

	if (fcntl(fd, F_GETFL) < 0 || !hold_heap())
		return -1;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old); /* this thread's, on Linux */
	if (take_memory(&scan)) {
		stop_and_index(&scan);
		self.next = scan.threads;
		scan.threads = &self;
		done = mark(&scan);
		error = errno;
		ma_leak_let_go(&scan);
	} else {
		error = errno;
	}
	ma_heaps_let_go();
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (done) {
		error = ma_leak_print(&scan, fd);
		done = error == 0;
	}
	if (scan.memory.start != NULL)
		ma_source_unmap(scan.memory.start, scan.memory.size);
	if (!done) {
		errno = error;
		return -1;
	}
	return lost_objects(&scan);
}

int ma_leak_check_other(int fd, struct leak_other *other)
{
	struct leak_scan scan = {.pagemap = -1, .other = other};
	bool done;
	int error;

	if (!take_memory(&scan))
		return -1;
	ma_leak_index_make(&scan.index, &scan.memory); /* the memory was counted: it is there */
	other->torn = scan.index.torn;
	scan.threads = other->threads;
	scan.threads_missed = other->threads_missed;
	errno = EAGAIN;
	done = !(other->torn && other->whole) && mark(&scan);
	error = errno;
	if (done)
		error = ma_leak_print(&scan, fd);
	ma_source_unmap(scan.memory.start, scan.memory.size);
	errno = error;
	return done && error == 0 ? lost_objects(&scan) : -1;
}

static __attribute__((noinline)) int check_above(int fd)
{
	return check(__builtin_frame_address(0), fd);
}

int ma_leak_check(int fd)
{
	int saved = errno, lost;
	bool marked;

	marked = ma_mode_begin();
	ma_mode_flush();
	__builtin_unwind_init(); /* the registers that calls keep are in this frame now */
	lost = check_above(fd);
	ma_mode_end(marked);
	if (lost >= 0)
		errno = saved;
	return lost;
}
