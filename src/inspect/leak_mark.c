/* SPDX-License-Identifier: MIT */
/*
 * leak_mark.c - sorts the allocations, in two passes.
 *
 * From the roots: what a pointer to its start leads to is reachable; what a pointer into its middle leads to, or any
 * pointer from such a one, is possibly lost. An allocation may be found so first and as reachable later: it is then
 * scanned again.
 *
 * Then each of those not found, in the order of their addresses, is scanned as if it were a root of its own: it is
 * definitely lost, and what it leads to is indirectly lost, one that was definitely lost so far among it. So of a lost
 * tree its root alone is definitely lost, and of a lost ring one of its members.
 *
 * What is found waits on a stack of a fixed size, and has its pending bit set. Once the stack was full, the pending
 * bits of all allocations are looked through: that is slow, and needs no memory.
 */
#include "leak.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "source.h"

/* What the scan reads belongs to others, who know nothing of it: so say no sanitizer's rules. */
#define UNCHECKED __attribute__((no_sanitize("address", "thread", "undefined")))

/* For follow(), in the place of a kind: count what is indirectly lost, and was not counted yet. */
#define COUNTING LEAK_KINDS

/* Of an entry of /proc/self/pagemap: the page is resident, or swapped out. */
#define PAGE_TOUCHED (UINT64_C(3) << 62)

/* --- marking --- */

static void push(struct leak_scan *scan, const struct leak_object *object, enum leak_kind kind)
{
	ma_leak_set_kind(object, kind);
	if (ma_leak_pending(object))
		return;
	ma_leak_set_pending(object, true);
	if (scan->depth == scan->most_depth)
		scan->overflow = true;
	else
		scan->stack[scan->depth++] = *object;
}

/* C++'s new[] keeps the number of elements before the first one if they have a destructor, and returns the address
 * of that. */
static bool is_array(const struct leak_object *object, uintptr_t address)
{
	size_t count;

	if (address - (uintptr_t)object->start != sizeof(size_t) ||
	    (object->chunk != NULL ? object->chunk->unreadable : object->large->unreadable))
		return false;
	count = *(const size_t *)object->start;
	return count > 0 && count <= object->size - sizeof(size_t);
}

/* The pending bits, of which none is set any more, now tell what was counted. */
static void count(struct leak_scan *scan, const struct leak_object *object)
{
	if (ma_leak_kind(object) != LEAK_INDIRECT || ma_leak_pending(object))
		return;
	ma_leak_set_pending(object, true);
	scan->behind.bytes += ma_leak_size(object);
	scan->behind.objects++;
	if (scan->depth < scan->most_depth) /* else what it leads to is in the totals only */
		scan->stack[scan->depth++] = *object;
}

/* A word that was found where everything has the kind `from`. */
static void follow(struct leak_scan *scan, uintptr_t address, enum leak_kind from)
{
	struct leak_object object = ma_leak_find(&scan->index, address);
	enum leak_kind kind = from;

	if (object.start == NULL)
		return;
	if (from == COUNTING) {
		count(scan, &object);
		return;
	}
	if (from == LEAK_REACHABLE && address != (uintptr_t)object.start && !is_array(&object, address))
		kind = LEAK_POSSIBLE;
	if (ma_leak_kind(&object) == LEAK_DEFINITE || (from != LEAK_INDIRECT && kind > ma_leak_kind(&object)))
		push(scan, &object, kind);
}

UNCHECKED static void scan_words(struct leak_scan *scan, const uintptr_t *at, const uintptr_t *end,
				 enum leak_kind kind)
{
	uintptr_t low = scan->index.low, span = scan->index.span;

	for (; at < end; at++)
		if (*at - low < span)
			follow(scan, *at, kind);
}

/* The same for memory that may not be there: through a system call, which is not killed for it. */
static void scan_copy(struct leak_scan *scan, uintptr_t from, uintptr_t to, enum leak_kind kind)
{
	pid_t pid = scan->other == NULL ? getpid() : scan->other->pid;
	size_t page = ma_source_page();

	while (from < to) {
		size_t size = ma_min(to - from, LEAK_BUFFER);
		struct iovec here = {scan->copy, size}, there = {(void *)from, size};
		ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
		if (got < 0 && (errno == ENOSYS || errno == EPERM) && scan->other == NULL) {
			scan_words(scan, (const uintptr_t *)from, (const uintptr_t *)to, kind);
			return;
		}
		if (got <= 0) { /* the next page may be there */
			from = ma_round_down(from, page) + page;
			continue;
		}
		got -= got % (ssize_t)sizeof(uintptr_t);
		scan_words(scan, (const uintptr_t *)(void *)scan->copy,
			   (const uintptr_t *)(void *)(scan->copy + got), kind);
		from += got == 0 ? sizeof(uintptr_t) : (size_t)got;
	}
}

/* Memory of this process may go away meanwhile; another's was copied, or is as it is read. */
static void scan_any(struct leak_scan *scan, uintptr_t from, uintptr_t to, enum leak_kind kind)
{
	if (scan->other == NULL)
		scan_copy(scan, from, to, kind);
	else
		scan_words(scan, (const uintptr_t *)from, (const uintptr_t *)to, kind);
}

/* Of a piece that may be huge and hardly used, only what was ever touched. */
static void scan_touched(struct leak_scan *scan, uintptr_t from, uintptr_t to, enum leak_kind kind)
{
	size_t page = ma_source_page();

	while (from < to) {
		uintptr_t base = ma_round_down(from, page);
		size_t pages = ma_min((to - base + page - 1) / page, LEAK_PAGES);
		ssize_t got = pread(scan->pagemap, scan->pages, pages * sizeof(uint64_t),
				    (off_t)(base / page * sizeof(uint64_t)));
		if (got <= 0) {
			scan_any(scan, from, to, kind);
			return;
		}
		pages = (size_t)got / sizeof(uint64_t);
		for (size_t first = 0, last; first < pages; first = last + 1) {
			for (last = first; last < pages && (scan->pages[last] & PAGE_TOUCHED) != 0; last++)
				;
			if (last > first)
				scan_any(scan, ma_max(from, base + first * page),
					 ma_min(to, base + last * page), kind);
		}
		from = base + pages * page;
	}
}

/* Whole aligned words of [from, to). */
static void scan_piece(struct leak_scan *scan, uintptr_t from, uintptr_t to, bool sparse, enum leak_kind kind)
{
	from = ma_round_up(from, sizeof(uintptr_t));
	to = ma_round_down(to, sizeof(uintptr_t));
	if (sparse && scan->pagemap >= 0)
		scan_touched(scan, from, to, kind);
	else
		scan_any(scan, from, to, kind);
}

void ma_leak_scan_root(struct leak_scan *scan, uintptr_t from, uintptr_t to, bool sparse)
{
	scan_piece(scan, from, to, sparse, LEAK_REACHABLE);
}

void ma_leak_scan_shared(struct leak_scan *scan, uintptr_t from, uintptr_t to)
{
	scan_copy(scan, from, to, LEAK_REACHABLE);
}

void ma_leak_scan_words(struct leak_scan *scan, const uintptr_t *at, size_t count)
{
	scan_words(scan, at, at + count, LEAK_REACHABLE);
}

void ma_leak_reach(struct leak_scan *scan, uintptr_t address)
{
	struct leak_object object = ma_leak_find(&scan->index, address);

	if (object.start != NULL)
		push(scan, &object, LEAK_REACHABLE);
}

/* --- following --- */

static void scan_object(struct leak_scan *scan, const struct leak_object *object, enum leak_kind kind)
{
	uintptr_t from = (uintptr_t)object->start, to = from + object->size;

	if (object->chunk == NULL)
		scan_piece(scan, from, to, true, kind);
	else if (object->chunk->unreadable)
		scan_copy(scan, from, to, kind);
	else
		scan_words(scan, (const uintptr_t *)from, (const uintptr_t *)to, kind);
}

static void scan_pending(const struct leak_object *object, void *arg)
{
	struct leak_scan *scan = arg;

	if (!ma_leak_pending(object))
		return;
	ma_leak_set_pending(object, false);
	scan_object(scan, object, ma_leak_kind(object));
}

void ma_leak_drain(struct leak_scan *scan)
{
	do {
		while (scan->depth > 0) {
			struct leak_object object = scan->stack[--scan->depth];
			scan_pending(&object, scan);
		}
		if (!scan->overflow)
			return;
		scan->overflow = false;
		ma_leak_each(&scan->index, scan_pending, scan);
	} while (scan->depth > 0 || scan->overflow);
}

/* --- what is lost --- */

static void sort_lost(const struct leak_object *object, void *arg)
{
	struct leak_scan *scan = arg;

	if (ma_leak_kind(object) != LEAK_DEFINITE)
		return;
	/* It is not to be found by what it leads to. */
	ma_leak_set_kind(object, LEAK_INDIRECT);
	scan_object(scan, object, LEAK_INDIRECT);
	ma_leak_drain(scan);
	ma_leak_set_kind(object, LEAK_DEFINITE);
}

void ma_leak_sort_lost(struct leak_scan *scan)
{
	ma_leak_each(&scan->index, sort_lost, scan);
}

struct leak_count ma_leak_behind(struct leak_scan *scan, const struct leak_object *object)
{
	scan->behind = (struct leak_count){0};
	scan_object(scan, object, COUNTING);
	while (scan->depth > 0) {
		struct leak_object found = scan->stack[--scan->depth];
		scan_object(scan, &found, COUNTING);
	}
	return scan->behind;
}
