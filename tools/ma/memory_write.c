/* SPDX-License-Identifier: MIT */
/* memory_write.c - what a process uses its memory for, as a table or as JSON. */
#include <config.h>

#include <inttypes.h>

#include "draw.h"
#include "memory.h"
#include "message.h"

static const struct {
	const char *text, *json;
} names[MEMORY_SOURCES] = {
	[MEMORY_HEAP] = {"libma's heap", "heap"},
	[MEMORY_LIBMA] = {"libma itself", "libma"},
	[MEMORY_PROGRAM_CODE] = {"the program's code", "program_code"},
	[MEMORY_PROGRAM_DATA] = {"the program's variables", "program_data"},
	[MEMORY_LIBRARY_CODE] = {"libraries' code", "library_code"},
	[MEMORY_LIBRARY_DATA] = {"libraries' variables", "library_data"},
	[MEMORY_STACKS] = {"stacks of threads", "stacks"},
	[MEMORY_GLIBC] = {"the C library's own", "glibc"},
	[MEMORY_FILES] = {"files", "files"},
	[MEMORY_SHARED] = {"shared memory", "shared_memory"},
	[MEMORY_ANONYMOUS] = {"other anonymous", "anonymous"},
	[MEMORY_KERNEL] = {"the kernel's", "kernel"},
};

/* Lines of the heap: sums of parts. */
static const struct {
	const char *text, *json;
	unsigned parts; /* a bit for each */
} lines[] = {
	{"  in use", "in_use",
	 1u << PART_USED_SLOTS | 1u << PART_USED_BLOCKS | 1u << PART_USED_LARGE | 1u << PART_USED_GUARDED},
	{"    slots of slabs", "used_slots", 1u << PART_USED_SLOTS},
	{"    blocks", "used_blocks", 1u << PART_USED_BLOCKS},
	{"    large objects", "used_large", 1u << PART_USED_LARGE},
	{"    guarded objects", "used_guarded", 1u << PART_USED_GUARDED},
	{"  free", "free", 1u << PART_FREE_SLOTS | 1u << PART_FREE_BLOCKS | 1u << PART_FREE_LARGE},
	{"    slots of slabs", "free_slots", 1u << PART_FREE_SLOTS},
	{"    blocks", "free_blocks", 1u << PART_FREE_BLOCKS},
	{"    kept for large ones", "free_large", 1u << PART_FREE_LARGE},
	{"  headers", "headers", 1u << PART_HEADERS},
};

enum { LINES = sizeof lines / sizeof *lines };

static struct memory_use line_use(const struct memory_report *report, unsigned line)
{
	struct memory_use sum = {0};

	for (unsigned part = 0; part < MEMORY_PARTS; part++)
		if ((lines[line].parts >> part & 1) != 0) {
			sum.size += report->heap.part[part].size;
			sum.resident += report->heap.part[part].resident;
		}
	return sum;
}

/* Free and not resident: given back, or never used. */
static uint64_t given_back(const struct memory_report *report)
{
	uint64_t bytes = 0;

	for (unsigned part = PART_FREE_SLOTS; part <= PART_FREE_LARGE; part++)
		bytes += report->heap.part[part].size - report->heap.part[part].resident;
	return bytes;
}

/* --- text --- */

static void write_use(const char *name, const struct memory_use *use, bool all, FILE *file)
{
	fprintf(file, "%-24s %10s %10s", name, draw_bytes(use->size), draw_bytes(use->resident));
	if (all)
		fprintf(file, " %10s %10s %10s", draw_bytes(use->private), draw_bytes(use->shared),
			draw_bytes(use->swapped));
	putc('\n', file);
}

void memory_write_text(const struct memory_report *report, FILE *file)
{
	fprintf(file, "memory of process %ld (", report->process);
	write_visible(report->program, file);
	fprintf(file, ")\n%-24s %10s %10s %10s %10s %10s\n", "", "size", "resident", "private", "shared",
		"swapped");
	for (unsigned source = 0; source < MEMORY_SOURCES; source++) {
		if (report->source[source].size == 0)
			continue;
		write_use(names[source].text, &report->source[source], true, file);
		if (source != MEMORY_HEAP)
			continue;
		for (unsigned line = 0; line < LINES; line++) {
			struct memory_use use = line_use(report, line);
			if (lines[line].parts == 1u << PART_HEADERS)
				fprintf(file, "    %-20s %10s\n", "of it not resident",
					draw_bytes(given_back(report)));
			if (use.size > 0)
				write_use(lines[line].text, &use, false, file);
		}
	}
	write_use("all", &report->total, true, file);
}

/* --- JSON --- */

static void json_use(const char *name, const struct memory_use *use, bool all, FILE *file)
{
	fprintf(file, "\"%s\": {\"size\": %" PRIu64 ", \"resident\": %" PRIu64, name, use->size,
		use->resident);
	if (all)
		fprintf(file, ", \"private\": %" PRIu64 ", \"shared\": %" PRIu64 ", \"swapped\": %" PRIu64,
			use->private, use->shared, use->swapped);
	putc('}', file);
}

void memory_write_json(const struct memory_report *report, FILE *file)
{
	fprintf(file, "{\"process\": %ld, \"program\": ", report->process);
	write_json_string(report->program, file);
	fputs(",\n \"sources\": {", file);
	for (unsigned source = 0; source < MEMORY_SOURCES; source++) {
		fputs(source == 0 ? "\n  " : ",\n  ", file);
		json_use(names[source].json, &report->source[source], true, file);
	}
	fputs("},\n ", file);
	json_use("all", &report->total, true, file);
	fprintf(file, ",\n \"heap\": {\"objects\": %" PRIu64 ", \"given_back\": %" PRIu64,
		report->heap.objects, given_back(report));
	for (unsigned line = 0; line < LINES; line++) {
		struct memory_use use = line_use(report, line);

		fputs(",\n  ", file);
		json_use(lines[line].json, &use, false, file);
	}
	fputs("}}\n", file);
}
