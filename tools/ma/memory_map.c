/* SPDX-License-Identifier: MIT */
/*
 * memory_map.c - the mappings of a process as /proc/PID/smaps tells of them, sorted by source.
 *
 * One mapping may have several sources: the break is libma's and the C library's, and the kernel merges
 * anonymous mappings that lie side by side. It is then cut along the ranges that the heap has told of, and each
 * piece gets its share by the pages of it that are resident.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "memory.h"
#include "message.h"

#define PRESENT (UINT64_C(1) << 63)

enum { ENTRIES = 512 };

struct area {
	struct mapping mapping;
	struct memory_use use;
};

struct areas {
	struct area *at;
	size_t count, room;
};

static void read_field(struct memory_use *use, const char *line)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = {
		{"Rss:", offsetof(struct memory_use, resident)},
		{"Private_Clean:", offsetof(struct memory_use, private)},
		{"Private_Dirty:", offsetof(struct memory_use, private)},
		{"Private_Hugetlb:", offsetof(struct memory_use, private)},
		{"Shared_Clean:", offsetof(struct memory_use, shared)},
		{"Shared_Dirty:", offsetof(struct memory_use, shared)},
		{"Shared_Hugetlb:", offsetof(struct memory_use, shared)},
		{"Swap:", offsetof(struct memory_use, swapped)},
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		size_t length = strlen(fields[i].name);

		if (strncmp(line, fields[i].name, length) == 0)
			*(uint64_t *)(void *)((char *)use + fields[i].offset) +=
				strtoull(line + length, NULL, 10) * 1024;
	}
}

static void areas_read(struct areas *areas, pid_t pid)
{
	char *path = text_format("/proc/%ld/smaps", (long)pid), *line = NULL;
	FILE *file = fopen(path, "re");
	struct mapping mapping;
	size_t room = 0;

	free(path);
	if (file == NULL)
		target_refused(pid, errno == ENOENT ? ESRCH : errno);
	while (getline(&line, &room, file) > 0) {
		if (!mapping_parse(line, &mapping)) {
			if (areas->count > 0)
				read_field(&areas->at[areas->count - 1].use, line);
			continue;
		}
		if (areas->count == areas->room) {
			areas->room = areas->room == 0 ? 256 : areas->room * 2;
			areas->at = realloc(areas->at, areas->room * sizeof *areas->at);
			if (areas->at == NULL)
				fail(EXIT_OWN_FAILURE, "out of memory");
		}
		areas->at[areas->count] = (struct area){.mapping = mapping};
		areas->at[areas->count++].use.size = mapping.end - mapping.start;
	}
	free(line);
	fclose(file);
	if (areas->count == 0)
		target_refused(pid, ESRCH);
}

/* --- what a mapping is --- */

/* Programs and libraries are mapped with their header, other files that hold code need not be. */
static bool is_image(const struct areas *areas, const struct mapping *of)
{
	bool code = false, header = false;

	for (size_t i = 0; i < areas->count && !(code && header); i++) {
		const struct mapping *mapping = &areas->at[i].mapping;

		if (mapping->inode != of->inode || strcmp(mapping->name, of->name) != 0)
			continue;
		code = code || mapping->executable;
		header = header || mapping->offset == 0;
	}
	return code && header;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Of a part of a program or a library. */
static enum memory_source image_source(const struct mapping *mapping, const char *program, const char *image)
{
	bool is_program = strcmp(mapping->name, program) == 0;

	if (strcmp(mapping->name, image) == 0 && !is_program)
		return MEMORY_LIBMA;
	if (mapping->writable)
		return is_program ? MEMORY_PROGRAM_DATA : MEMORY_LIBRARY_DATA;
	return is_program ? MEMORY_PROGRAM_CODE : MEMORY_LIBRARY_CODE;
}

static enum memory_source source_of(const struct areas *areas, size_t index, const char *program,
				    const char *image)
{
	const struct mapping *mapping = &areas->at[index].mapping;
	const struct mapping *before = index > 0 ? &areas->at[index - 1].mapping : NULL;

	if (begins(mapping->name, "[v") || begins(mapping->name, "[uprobes"))
		return MEMORY_KERNEL;
	if (begins(mapping->name, "[stack"))
		return MEMORY_STACKS;
	if (begins(mapping->name, "[heap]") || begins(mapping->name, "[anon: glibc"))
		return MEMORY_GLIBC;
	if (begins(mapping->name, "[anon:libma heap") || begins(mapping->name, "[anon:libma guard") ||
	    begins(mapping->name, "[anon:libma large"))
		return MEMORY_HEAP;
	if (begins(mapping->name, "[anon:libma"))
		return MEMORY_LIBMA;
	if (mapping->inode != 0 && (begins(mapping->name, "/dev/zero") || begins(mapping->name, "/SYSV") ||
				    begins(mapping->name, "/dev/shm/") || begins(mapping->name, "/memfd:")))
		return MEMORY_SHARED;
	if (mapping->inode != 0 && is_image(areas, mapping))
		return image_source(mapping, program, image);
	if (mapping->inode != 0)
		return MEMORY_FILES;
	if (mapping->shared)
		return MEMORY_SHARED;
	/* What variables have that are zero at first follows those that are not. */
	if (mapping->name[0] == '\0' && before != NULL && before->end == mapping->start &&
	    before->inode != 0 && before->writable && is_image(areas, before))
		return image_source(before, program, image);
	return MEMORY_ANONYMOUS;
}

/* --- cutting --- */

static int by_start(const void *a, const void *b)
{
	const struct memory_range *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static uint64_t resident_bytes(int pagemap, uint64_t start, uint64_t end)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), entry[ENTRIES], bytes = 0;
	uint64_t first = start / page, last = (end + page - 1) / page;

	while (first < last) {
		size_t count = last - first < ENTRIES ? (size_t)(last - first) : ENTRIES;
		ssize_t got = pread(pagemap, entry, count * sizeof *entry, (off_t)(first * sizeof *entry));

		if (got <= 0)
			break;
		for (size_t i = 0; i < (size_t)got / sizeof *entry; i++)
			bytes += (entry[i] & PRESENT) != 0 ? page : 0;
		first += (size_t)got / sizeof *entry;
	}
	return bytes < end - start ? bytes : end - start;
}

static void add(struct memory_use *to, const struct memory_use *use)
{
	to->size += use->size;
	to->resident += use->resident;
	to->private += use->private;
	to->shared += use->shared;
	to->swapped += use->swapped;
}

static uint64_t share(uint64_t of, uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (uint64_t)((double)of * (double)part / (double)whole);
}

/* Takes a piece out of what is left of an area. */
static void take_piece(struct memory_report *report, struct memory_use *left, int pagemap,
		       const struct memory_range *piece)
{
	struct memory_use use = {.size = piece->end - piece->start};

	use.resident = resident_bytes(pagemap, piece->start, piece->end);
	use.resident = use.resident < left->resident ? use.resident : left->resident;
	use.private = share(left->private, use.resident, left->resident);
	use.shared = share(left->shared, use.resident, left->resident);
	use.swapped = share(left->swapped, use.size, left->size);
	add(&report->source[piece->source], &use);
	left->size -= use.size;
	left->resident -= use.resident;
	left->private -= use.private;
	left->shared -= use.shared;
	left->swapped -= use.swapped;
}

static void sort_area(struct memory_report *report, const struct area *area, enum memory_source rest,
		      int pagemap, const struct memory_range *range)
{
	struct memory_use left = area->use;
	uint64_t from = area->mapping.start;

	for (size_t i = 0; i < report->heap.ranges && range[i].start < area->mapping.end; i++) {
		struct memory_range piece = range[i];

		if (piece.end <= from)
			continue;
		if (piece.source == MEMORY_STACKS ||
		    piece.source == MEMORY_GLIBC) { /* a place in it, no piece */
			if (rest == MEMORY_ANONYMOUS || piece.source == MEMORY_STACKS)
				rest = (enum memory_source)piece.source;
			continue;
		}
		piece.start = piece.start > from ? piece.start : from;
		piece.end = piece.end < area->mapping.end ? piece.end : area->mapping.end;
		if (piece.end - piece.start == area->use.size) {
			add(&report->source[piece.source], &area->use);
			return;
		}
		take_piece(report, &left, pagemap, &piece);
		from = piece.end;
	}
	add(&report->source[rest], &left);
}

static char *program_file(pid_t pid)
{
	char *path = text_format("/proc/%ld/exe", (long)pid), file[PATH_MAX] = "";

	if (readlink(path, file, sizeof file - 1) < 0)
		file[0] = '\0';
	free(path);
	return text_format("%s", file);
}

void memory_sort(struct memory_report *report, const char *image, struct memory_range *range)
{
	pid_t pid = (pid_t)report->process;
	char *path = text_format("/proc/%ld/pagemap", report->process), *program = program_file(pid);
	int pagemap = open(path, O_RDONLY | O_CLOEXEC);
	struct areas areas = {0};

	areas_read(&areas, pid);
	qsort(range, report->heap.ranges, sizeof *range, by_start);
	for (size_t i = 0; i < areas.count; i++)
		sort_area(report, &areas.at[i], source_of(&areas, i, program, image), pagemap, range);
	for (size_t i = 0; i < MEMORY_SOURCES; i++)
		add(&report->total, &report->source[i]);
	if (pagemap >= 0)
		close(pagemap);
	free(areas.at);
	free(program);
	free(path);
}
