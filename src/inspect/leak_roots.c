/* SPDX-License-Identifier: MIT */
/*
 * leak_roots.c - finds the roots: what /proc/PID/maps shows as memory that can be read and written, but
 *
 *   - what the heap lies in, since only reachable allocations count of it;
 *   - libma's own tables of addresses, and the memory of the scan itself;
 *   - what lies below the stack pointer in a stack: dead frames are full of old addresses. A mapping is known to be
 *     a stack by its name, or by the guard below it, and a stack pointer in it;
 *   - devices, which may be changed by being read.
 *
 * Anonymous memory counts also if it can only be read: a program may seal what it has filled. This is what Memcheck
 * does too; LeakSanitizer leaves out mappings that the program has made itself.
 *
 * What the thread-local variables of a library that was loaded later lie in is the heap's, found through the
 * thread's own data; all others lie beside the stacks, or in mappings of the loader.
 */
#include "leak.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chunk.h"

/* Pieces of this size are looked at page by page, for those that were ever touched. */
#define SPARSE_MIN ((size_t)256 * 1024)

void ma_leak_add_hole(struct leak_holes *holes, const void *from, const void *to)
{
	size_t at = holes->count;

	if (from >= to || holes->count == holes->room)
		return;
	while (at > 0 && holes->hole[at - 1].from > (uintptr_t)from) {
		holes->hole[at] = holes->hole[at - 1];
		at--;
	}
	holes->hole[at] = (struct leak_range){(uintptr_t)from, (uintptr_t)to};
	holes->count++;
}

/* The first hole that ends above `address`. */
static size_t hole_after(const struct leak_holes *holes, uintptr_t address)
{
	size_t low = 0, high = holes->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (holes->hole[middle].to <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- one mapping --- */

struct mapping {
	uintptr_t from, to;
	bool readable, writable, executable, shared, anonymous, stack, device;
};

/* Reads one line of /proc/self/maps: "55d0c000-55d0e000 rw-p 00002000 08:01 1234    /usr/bin/cat". */
static bool parse(const char *line, struct mapping *mapping)
{
	char *at;
	const char *path;

	mapping->from = (uintptr_t)strtoull(line, &at, 16);
	if (*at != '-')
		return false;
	mapping->to = (uintptr_t)strtoull(at + 1, &at, 16);
	if (at[0] != ' ' || strlen(at) < 6)
		return false;
	mapping->readable = at[1] == 'r';
	mapping->writable = at[2] == 'w';
	mapping->executable = at[3] == 'x';
	mapping->shared = at[4] == 's';
	strtoull(at + 5, &at, 16); /* offset */
	at += strspn(at, " ");
	at += strcspn(at, " ");				 /* device */
	mapping->anonymous = strtoull(at, &at, 10) == 0; /* inode */
	path = at + strspn(at, " ");
	mapping->stack = strcmp(path, "[stack]") == 0;
	mapping->device = (strncmp(path, "/dev/", 5) == 0 && strncmp(path, "/dev/shm/", 9) != 0 &&
			   strncmp(path, "/dev/zero", 9) != 0) ||
			  (path[0] == '[' && path[1] == 'v'); /* [vvar], [vsyscall]: the kernel's */
	return true;
}

/* Below this address the mapping's stack is not in use; the mapping's start if it is no stack. */
static uintptr_t in_use_from(const struct leak_scan *scan, const struct mapping *mapping, bool guarded)
{
	uintptr_t lowest = mapping->to;

	if (!mapping->stack && !guarded)
		return mapping->from;
	for (const struct leak_thread *thread = scan->threads; thread != NULL; thread = thread->next) {
		uintptr_t sp = (uintptr_t)thread->sp;
		if (sp >= mapping->from && sp < lowest)
			lowest = sp;
	}
	return lowest == mapping->to ? mapping->from : lowest;
}

static void scan_part(struct leak_scan *scan, const struct mapping *mapping, uintptr_t from, uintptr_t to)
{
	if (mapping->shared && scan->other != NULL)
		ma_leak_scan_shared(scan, from, to);
	else
		ma_leak_scan_root(scan, from, to, to - from >= SPARSE_MIN);
}

static void scan_mapping(struct leak_scan *scan, const struct mapping *mapping, uintptr_t from)
{
	size_t hole = hole_after(&scan->holes, from);

	for (; hole < scan->holes.count && scan->holes.hole[hole].from < mapping->to; hole++) {
		if (scan->holes.hole[hole].from > from)
			scan_part(scan, mapping, from, scan->holes.hole[hole].from);
		from = ma_max(from, scan->holes.hole[hole].to);
	}
	if (from < mapping->to)
		scan_part(scan, mapping, from, mapping->to);
}

/* Notes which chunks and large objects can't be read everywhere. */
static void note_unreadable(struct leak_index *index, const struct mapping *mapping)
{
	for (size_t i = 0; i < index->chunks; i++)
		if (mapping->from < (uintptr_t)index->chunk[i].end &&
		    (uintptr_t)index->chunk[i].chunk < mapping->to)
			index->chunk[i].unreadable = true;
	for (size_t i = ma_leak_larges_below(index, mapping->to);
	     i-- > 0 && mapping->from < (uintptr_t)index->large[i].start + index->large[i].size;)
		index->large[i].unreadable = true;
}

/* --- all of them --- */

/* Calls `see` for each line of /proc/PID/maps. False: errno says why it can't be read. */
static bool each_line(struct leak_scan *scan, void (*see)(struct leak_scan *scan, const char *line))
{
	int fd = open(scan->other == NULL ? "/proc/self/maps" : scan->other->maps, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		return false;
	while ((got = read(fd, scan->buffer + used, LEAK_BUFFER - 1 - used)) > 0) {
		char *line = scan->buffer, *end;
		used += (size_t)got;
		scan->buffer[used] = '\0';
		while ((end = strchr(line, '\n')) != NULL) {
			*end = '\0';
			see(scan, line);
			line = end + 1;
		}
		used -= (size_t)(line - scan->buffer);
		memmove(scan->buffer, line, used);
	}
	close(fd);
	return got == 0;
}

static void see_line(struct leak_scan *scan, const char *line)
{
	static struct mapping before; /* the locks of the heap are held: there is one scan at a time */
	struct mapping mapping;
	bool guarded;

	if (!parse(line, &mapping))
		return;
	guarded = before.to == mapping.from && !before.readable && !before.writable && !before.executable;
	before = mapping;
	if (mapping.readable && !mapping.device && (mapping.writable || mapping.anonymous))
		scan_mapping(scan, &mapping, in_use_from(scan, &mapping, guarded));
	else if (!mapping.readable)
		note_unreadable(&scan->index, &mapping);
}

bool ma_leak_roots(struct leak_scan *scan)
{
	return each_line(scan, see_line);
}
