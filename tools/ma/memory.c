/* SPDX-License-Identifier: MIT */
/*
 * memory.c - `ma memory PID`: what a live process uses its memory for.
 *
 * The kernel tells of every mapping how much of it is resident, private and shared, but not what it is for.
 * That is known to the heap, which is read in the mirror as by `ma stats`, and to the threads, whose stack
 * pointers tell which mappings are stacks.
 */
#include <config.h>

#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/user.h>
#include <unistd.h>

#include "argument.h"
#include "command.h"
#include "guard.h"
#include "heap.h"
#include "inspect/residency.h"
#include "large.h"
#include "live.h"
#include "message.h"
#include "mirror.h"
#include "mode.h"
#include "sites.h"
#include "stacks.h"

struct memory_request {
	struct live live;
	bool json;
};

/* --- in the mirror --- */

/* What goes into the report: the heap's sums, then the ranges. */
struct collection {
	struct memory_heap heap;
	struct memory_range *range;
	size_t room;
	struct residency residency; /* of the chunk that is looked at */
};

static void add_range(struct collection *into, const void *start, size_t size, enum memory_source source)
{
	if (size == 0)
		return;
	if (into->heap.ranges == into->room) {
		size_t room = into->room == 0 ? 256 : into->room * 2;

		mirror_realloc(&into->range, room * sizeof *into->range);
		into->room = room;
	}
	into->range[into->heap.ranges++] = (struct memory_range){(uintptr_t)start, (uintptr_t)start + size,
								 source};
}

static void add_part(struct collection *into, enum memory_part part, const char *from, const char *to)
{
	into->heap.part[part].size += (size_t)(to - from);
	into->heap.part[part].resident += ma_residency_bytes(&into->residency, from, to);
}

static void add_slab(struct collection *into, const struct mem_block *block, const struct slab *slab)
{
	uint64_t free[SLAB_MOST_SLOTS / 64] = {0};
	const char *at = slab->start, *end = (const char *)ma_block_right(block);

	ma_slab_mark_free(slab, free);
	add_part(into, PART_HEADERS, (const char *)block, slab->start);
	for (uint32_t i = 0; i < slab->slots && at + slab->slot_size <= end; i++, at += slab->slot_size) {
		bool used = i < slab->carved && (free[i / 64] >> (i % 64) & 1) == 0;

		add_part(into, used ? PART_USED_SLOTS : PART_FREE_SLOTS, at, at + slab->slot_size);
		into->heap.objects += used;
	}
	add_part(into, PART_HEADERS, at, end);
}

static void add_block(struct collection *into, struct chunk *chunk, const struct mem_block *block)
{
	const char *payload = ma_block_payload(block), *end = (const char *)ma_block_right(block);
	const struct slab *slab = block->state == BLOCK_SLAB ? ma_slab_in_chunk(chunk, payload) : NULL;
	bool used = block->state == BLOCK_USED && !ma_slab_block_is_free(chunk, payload);

	if (slab != NULL) {
		add_slab(into, block, slab);
		return;
	}
	add_part(into, PART_HEADERS, (const char *)block, payload);
	add_part(into, used ? PART_USED_BLOCKS : PART_FREE_BLOCKS, payload, end);
	into->heap.objects += used;
}

static void add_chunk(struct collection *into, struct chunk *chunk)
{
	const struct mem_block *block = ma_block_first(chunk);
	const char *end = ma_chunk_end(chunk);

	ma_residency_read(&into->residency, (const char *)chunk, end);
	add_range(into, chunk, (size_t)(end - (const char *)chunk), MEMORY_HEAP);
	add_part(into, PART_HEADERS, (const char *)chunk, (const char *)block);
	for (; (const char *)block < end && ma_block_is_sound(block); block = ma_block_right(block))
		add_block(into, chunk, block);
	if ((const char *)block < end)
		add_part(into, PART_HEADERS, (const char *)block, end);
}

static void add_large(struct collection *into, const struct large_place *large)
{
	struct memory_use *part = &into->heap.part[large->free ? PART_FREE_LARGE : PART_USED_LARGE];

	part->size += large->size;
	part->resident += ma_residency_sum(large->start, large->start + large->size);
	into->heap.objects += !large->free;
	add_range(into, large->start, large->size, MEMORY_HEAP);
}

static void add_guarded(const struct guarded *guarded, void *arg)
{
	struct collection *into = arg;
	struct memory_use *part = &into->heap.part[PART_USED_GUARDED];

	part->size += guarded->resident;
	part->resident += guarded->resident;
	into->heap.objects++;
}

static void add_own(const void *start, size_t size, void *arg)
{
	add_range(arg, start, size, MEMORY_LIBMA);
}

/* Where threads have their stacks and what is their own. Returns how many threads did not stop: theirs is not
 * known. */
static int add_threads(struct collection *into, const struct stopped *threads)
{
	int missed = 0;

	for (size_t i = 0; threads != NULL && i < threads->count; i++) {
		const struct stopped_thread *thread = &threads->thread[i];

		if (thread->register_bytes == 0) {
			missed += !thread->gone;
			continue;
		}
		add_range(into, (const void *)thread->stack_pointer, 1, MEMORY_STACKS);
#ifdef __x86_64__
		struct user_regs_struct registers;
		memcpy(&registers, thread->registers, sizeof registers);
		add_range(into, (const void *)registers.fs_base, 1, MEMORY_GLIBC);
#endif
	}
	return missed;
}

static bool write_all(int to, const void *from, size_t size)
{
	const char *at = from;

	while (size > 0) {
		ssize_t written = write(to, at, size);

		if (written <= 0)
			return false;
		at += written;
		size -= (size_t)written;
	}
	return true;
}

static int collect(int output, const struct subject_process *process, void *arg)
{
	static struct collection into;
	struct large_place large = {0};
	const void *area;
	size_t size;
	int missed;

	(void)arg;
	into.heap = (struct memory_heap){0};
	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk))
		add_chunk(&into, chunk);
	while (ma_large_after(large.start, &large))
		add_large(&into, &large);
	size = ma_guard_area(&area);
	add_range(&into, area, size, MEMORY_HEAP);
	ma_guard_each(add_guarded, &into);
	ma_guard_own(add_own, &into);
	ma_large_own(add_own, &into);
	ma_sites_own(add_own, &into);
	ma_stacks_own(add_own, &into);
	ma_heaps_own(add_own, &into);
	ma_mode_own(add_own, &into);
	ma_chunk_own(add_own, &into);
	missed = add_threads(&into, process->threads);
	return write_all(output, &into.heap, sizeof into.heap) &&
			       write_all(output, into.range, into.heap.ranges * sizeof *into.range)
		       ? missed
		       : 1;
}

/* --- the command --- */

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct memory_request *request = state->input;

	if (key != LIVE_OPTION_FORMAT)
		return live_option(key, arg, state, &request->live);
	request->json = argument_json(state, arg);
	return 0;
}

static bool read_all(int from, void *to, size_t size, off_t at)
{
	return pread(from, to, size, at) == (ssize_t)size;
}

int memory_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{.name = "format",
		 .key = LIVE_OPTION_FORMAT,
		 .arg = "FORMAT",
		 .doc = "Write the table as text, which is the default, or as json"},
		LIVE_OPTIONS,
		{0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = LIVE_ARGS,
		.doc = "Show what the live process PID uses its memory for.\v" LIVE_DOC,
	};
	struct memory_request request = {0};
	struct memory_report report = {0};
	struct attach_result result;
	struct memory_range *range;

	if (argument_parse(&argp, argc, argv, 0, NULL, &request) != 0)
		return EXIT_USAGE;
	result = live_read(&request.live, ATTACH_HEAP, collect, NULL);
	report.process = (long)request.live.pid;
	report.program = target_program(request.live.pid);
	if (!read_all(result.report, &report.heap, sizeof report.heap, 0))
		live_no_room(&request.live);
	range = calloc(report.heap.ranges + 1, sizeof *range);
	if (range == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	if (!read_all(result.report, range, report.heap.ranges * sizeof *range, sizeof report.heap))
		live_no_room(&request.live);
	close(result.report);
	memory_sort(&report, result.image, range);
	if (request.json)
		memory_write_json(&report, stdout);
	else
		memory_write_text(&report, stdout);
	free(range);
	free(report.program);
	return 0;
}
