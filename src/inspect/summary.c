/* SPDX-License-Identifier: MIT */
/* summary.c - the heap in a few numbers, all of them derived from the tiling, but for --enable-stats' counts. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap.h"
#include "inspect.h"
#include "large.h"
#include "ma.h"
#include "options.h"
#include "source.h"
#include "text.h"

static int add_place(const struct ma_place *place, void *arg)
{
	struct heap_summary *sum = arg;

	switch (place->kind) {
	case MA_BLOCK_FREE:
		sum->free_blocks++;
		sum->free_bytes += place->size;
		sum->largest_free = ma_max(sum->largest_free, place->size);
		break;
	case MA_BLOCK_USED:
		sum->used_blocks++;
		sum->used_bytes += place->size;
		break;
	case MA_BLOCK_SLAB:
		sum->slabs++;
		break;
	case MA_SLOT_FREE:
		sum->free_slots++;
		sum->free_slot_bytes += place->size;
		break;
	case MA_SLOT_USED:
		sum->used_slots++;
		sum->used_bytes += place->size;
		break;
	case MA_LARGE_USED:
		sum->large_objects++;
		sum->large_bytes += place->size;
		break;
	case MA_LARGE_FREE:
		sum->cached_bytes += place->size;
		break;
	}
	return 0;
}

void ma_inspect_summary(struct heap_summary *sum)
{
	memset(sum, 0, sizeof(*sum));
	ma_walk(add_place, sum);
	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next) {
		const struct mem_block *last;
		sum->heaps++;
		sum->chunk_bytes += heap->blocks.held;
		sum->peak_bytes += heap->blocks.peak;
		for (const struct chunk *chunk = heap->blocks.chunks; chunk != NULL; chunk = chunk->next)
			sum->chunks++;
		last = heap->blocks.top == NULL ? NULL : heap->blocks.top->last;
		if (last != NULL && last->state == BLOCK_FREE)
			sum->top_bytes = ma_block_size(last);
	}
}

static void line(struct text *text, const char *name, size_t bytes, size_t count, const char *of)
{
	ma_text_string(text, "libma:   ");
	ma_text_string(text, name);
	ma_text_size(text, bytes);
	ma_text_string(text, " in ");
	ma_text_decimal(text, count);
	ma_text_char(text, ' ');
	ma_text_string(text, of);
	ma_text_string(text, count == 1 ? "\n" : "s\n");
}

static void print_counts(struct text *text)
{
	uint64_t allocated = 0, freed = 0, remote = 0, bytes = 0;

	for (struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next) {
		allocated += ma_load_relaxed(&heap->counts.allocated);
		freed += ma_load_relaxed(&heap->counts.freed);
		remote += ma_load_relaxed(&heap->counts.freed_by_others);
		bytes += ma_load_relaxed(&heap->counts.bytes);
	}
	ma_text_string(text, "libma:   calls        ");
	ma_text_decimal(text, allocated);
	ma_text_string(text, " allocations of ");
	ma_text_size(text, bytes);
	ma_text_string(text, " in all, ");
	ma_text_decimal(text, freed);
	ma_text_string(text, " frees, ");
	ma_text_decimal(text, remote);
	ma_text_string(text, " of them remote\n");
}

void ma_inspect_print_summary(int fd)
{
	struct heap_summary sum;
	struct source_calls calls = ma_source_calls();
	struct text text;

	ma_inspect_summary(&sum);
	ma_text_begin(&text, fd);
	ma_text_string(&text, "libma: summary of process ");
	ma_text_decimal(&text, (uint64_t)getpid());
	ma_text_char(&text, '\n');
	line(&text, "held         ", sum.chunk_bytes, sum.chunks, "chunk");
	line(&text, "in use       ", sum.used_bytes, sum.used_blocks + sum.used_slots, "object");
	line(&text, "free blocks  ", sum.free_bytes, sum.free_blocks, "block");
	line(&text, "free slots   ", sum.free_slot_bytes, sum.free_slots, "slot");
	line(&text, "large        ", sum.large_bytes, sum.large_objects, "object");
	ma_text_string(&text, "libma:   heaps        ");
	ma_text_decimal(&text, sum.heaps);
	ma_text_string(&text, ", slabs ");
	ma_text_decimal(&text, sum.slabs);
	ma_text_string(&text, "\nlibma:   system calls ");
	ma_text_decimal(&text, calls.brk);
	ma_text_string(&text, " brk, ");
	ma_text_decimal(&text, calls.map);
	ma_text_string(&text, " mmap, ");
	ma_text_decimal(&text, calls.unmap);
	ma_text_string(&text, " munmap, ");
	ma_text_decimal(&text, calls.remap);
	ma_text_string(&text, " mremap, ");
	ma_text_decimal(&text, calls.advise);
	ma_text_string(&text, " madvise\n");
	if (MA_STATS)
		print_counts(&text);
	ma_text_flush(&text);
}

/* --- at exit --- */

/* A copy of standard error, which many programs close before we are called. At exit the number may long stand
 * for another file: it is written to only if it is still the same one. */
static struct {
	int fd;
	dev_t device;
	ino_t inode;
} report = {.fd = -1};

void ma_inspect_start(void)
{
	struct stat status;

	if (!ma_options.stats && strcmp(ma_options.map, "-") != 0)
		return;
	report.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
	if (report.fd >= 0 && fstat(report.fd, &status) == 0) {
		report.device = status.st_dev;
		report.inode = status.st_ino;
	}
}

static int report_fd(void)
{
	struct stat status;

	if (report.fd >= 0 && fstat(report.fd, &status) == 0 && status.st_dev == report.device &&
	    status.st_ino == report.inode)
		return report.fd;
	return STDERR_FILENO;
}

static void write_map(void)
{
	int fd;

	if (strcmp(ma_options.map, "-") == 0) {
		ma_inspect_print_map(report_fd());
		return;
	}
	fd = open(ma_options.map, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		ma_warn("can't write the heap map to", ma_options.map);
		return;
	}
	ma_inspect_print_map(fd);
	close(fd);
}

void ma_inspect_at_exit(void)
{
	if (ma_options.stats)
		ma_inspect_print_summary(report_fd());
	if (ma_options.map[0] != '\0')
		write_map();
}
