/* SPDX-License-Identifier: MIT */
/*
 * memory.h - what a live process uses its memory for.
 *
 *   memory.c        the command; reads the heap, in the mirror
 *   memory_map.c    reads the mappings, and sorts all of them by source
 *   memory_write.c  writes the result as text or JSON
 */
#ifndef MA_MEMORY_H
#define MA_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "target.h"

/* Sources of memory, in the order in which they are shown. */
enum memory_source {
	MEMORY_HEAP,
	MEMORY_LIBMA, /* libma's code, variables and tables */
	MEMORY_PROGRAM_CODE,
	MEMORY_PROGRAM_DATA,
	MEMORY_LIBRARY_CODE,
	MEMORY_LIBRARY_DATA,
	MEMORY_STACKS,
	MEMORY_GLIBC, /* its heap beside libma's, and thread-local storage */
	MEMORY_FILES,
	MEMORY_SHARED, /* anonymous, or files that only exist in memory */
	MEMORY_ANONYMOUS,
	MEMORY_KERNEL,
	MEMORY_SOURCES
};

/* What the heap is made of. */
enum memory_part {
	PART_USED_SLOTS,
	PART_USED_BLOCKS,
	PART_USED_LARGE,
	PART_USED_GUARDED,
	PART_FREE_SLOTS,
	PART_FREE_BLOCKS,
	PART_FREE_LARGE, /* freed, and kept for the next one */
	PART_HEADERS,	 /* of chunks and blocks, and what is left over in slabs */
	MEMORY_PARTS
};

/* Bytes. */
struct memory_use {
	uint64_t size, resident, private, shared, swapped;
};

struct memory_range {
	uint64_t start, end;
	uint64_t source; /* enum memory_source */
};

/* What the mirror tells. */
struct memory_heap {
	struct memory_use part[MEMORY_PARTS]; /* size and resident alone */
	uint64_t objects;
	uint64_t ranges; /* that follow, in no order */
};

struct memory_report {
	long process;
	char *program;
	struct memory_heap heap;
	struct memory_use source[MEMORY_SOURCES];
	struct memory_use total;
};

/* Fills in `source` and `total`. `range` is sorted meanwhile. Exits with a message if the process can't be
 * read. */
void memory_sort(struct memory_report *report, const char *image, struct memory_range *range);

void memory_write_text(const struct memory_report *report, FILE *file);
void memory_write_json(const struct memory_report *report, FILE *file);

#endif /* MA_MEMORY_H */
