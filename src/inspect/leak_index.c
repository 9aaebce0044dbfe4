/* SPDX-License-Identifier: MIT */
/*
 * leak_index.c - owns what the scan knows of each allocation: a few bits for each, beside the heap, not in it.
 *
 * An address is looked up in three steps: the window, in a hash table that fits into the nearest caches; the granule,
 * whose slab tells the slot by a division; or else, in the chunk's bitmap of beginnings, the last one below. How far
 * back to look is bounded: `before` knows the last beginning below each granule.
 *
 * Whether a slot is free is told by its mark (slab.h), not by the slab's lists: those may be in the hands of a thread
 * that was stopped, the mark is not.
 */
#include "leak.h"

#include <string.h>

#include "guard.h"
#include "heap.h"
#include "large.h"
#include "sites.h"

static bool bit_get(const struct leak_bits *bits, size_t n)
{
	return bits->word[n / 64] >> (n % 64) & 1;
}

static void bit_put(struct leak_bits *bits, size_t n, bool value)
{
	uint64_t mask = UINT64_C(1) << (n % 64);

	bits->word[n / 64] = value ? bits->word[n / 64] | mask : bits->word[n / 64] & ~mask;
}

static size_t unit_of(const struct leak_chunk *chunk, const void *p)
{
	return (size_t)((const char *)p - chunk->base) / MA_UNIT;
}

/* --- the chunks --- */

/* Marks the slots of a slab that are in use. */
static void index_slab(struct leak_chunk *into, const struct slab *slab)
{
	const char *at = slab->start,
		   *end = at + ma_load_relaxed(&slab->shared_limit); /* a number: orders nothing */

	for (; at < end && at + slab->slot_size <= into->end; at += slab->slot_size)
		if (((const struct slot *)at)->free_in != slab)
			bit_put(&into->begins, unit_of(into, at), true);
}

/* Marks what one block holds; false if its slab is being made or given back. */
static bool index_block(struct leak_chunk *into, const struct mem_block *block)
{
	struct slab *slab;

	switch (block->state) {
	case BLOCK_USED:
		if (!ma_slab_block_is_free(into->chunk, ma_block_payload(block)))
			bit_put(&into->begins, unit_of(into, ma_block_payload(block)), true);
		return true;
	case BLOCK_SLAB:
		slab = ma_slab_in_chunk(into->chunk, ma_block_payload(block));
		if (slab == NULL || ma_chunk_granule(slab->start) != ma_chunk_granule(block))
			return false;
		index_slab(into, slab);
		return true;
	default:
		return true;
	}
}

static void index_chunk(struct leak_chunk *into, struct chunk *chunk)
{
	const struct mem_block *block = ma_block_first(chunk);
	const char *end = ma_chunk_end(chunk);
	uint32_t last = 0;

	into->chunk = chunk;
	into->base = (const char *)ma_round_down((uintptr_t)chunk, MA_WINDOW);
	into->end = end;
	while ((const char *)block < end) {
		if (!ma_block_is_sound(block) || block->units < BLOCK_LEAST_UNITS ||
		    block->units > (size_t)(end - (const char *)block) / MA_UNIT ||
		    !index_block(into, block)) {
			into->torn = (const char *)block;
			into->end = into->torn;
			break;
		}
		block = ma_block_right(block);
	}
	for (size_t granule = 0; granule < MA_GRANULES; granule++) {
		const uint64_t *word = &into->begins.word[granule * (MA_GRANULE / MA_UNIT / 64)];
		into->before[granule] = last;
		for (size_t i = MA_GRANULE / MA_UNIT / 64; i-- > 0;)
			if (word[i] != 0) {
				last = (uint32_t)((size_t)(word - into->begins.word) + i) * 64 + 64 -
				       (uint32_t)__builtin_clzll(word[i]);
				break;
			}
	}
}

/* --- the windows --- */

static struct leak_window *window_at(const struct leak_index *index, uintptr_t number)
{
	size_t at = (size_t)(number * MA_HASH >> 40) & (index->windows - 1);

	while (index->window[at].number != 0 && index->window[at].number != number)
		at = (at + 1) & (index->windows - 1);
	return &index->window[at];
}

static void window_cover(struct leak_index *index, const char *from, const char *to)
{
	if (index->span == 0) {
		index->low = (uintptr_t)from;
		index->span = (uintptr_t)to - index->low;
		return;
	}
	if ((uintptr_t)from < index->low) {
		index->span += index->low - (uintptr_t)from;
		index->low = (uintptr_t)from;
	}
	index->span = ma_max(index->span, (uintptr_t)to - index->low);
}

/* --- large objects, and guarded ones --- */

static void sort_large(struct leak_large *large, size_t count)
{
	/* Heap sort: nothing here may allocate, as qsort() may. */
	for (size_t end = count, root = count / 2; end > 1;) {
		struct leak_large moved;
		size_t at, child;
		if (root > 0) {
			moved = large[--root];
			at = root;
		} else {
			moved = large[--end];
			large[end] = large[0];
			at = 0;
		}
		while ((child = 2 * at + 1) < end) {
			if (child + 1 < end && large[child + 1].start > large[child].start)
				child++;
			if (large[child].start <= moved.start)
				break;
			large[at] = large[child];
			at = child;
		}
		large[at] = moved;
	}
}

static void add_large(const struct large_place *place, void *arg)
{
	struct leak_index *index = arg;

	if (!place->free)
		index->large[index->larges++] = (struct leak_large){.start = place->start,
								    .size = place->size};
}

static void add_guarded(const struct guarded *guarded, void *arg)
{
	struct leak_index *index = arg;

	index->large[index->larges++] =
		(struct leak_large){.start = guarded->start, .size = guarded->size, .stack = guarded->stack};
}

static void index_large(struct leak_index *index, size_t nth)
{
	const struct leak_large *large = &index->large[nth];
	uintptr_t last = ((uintptr_t)large->start + large->size - 1) >> MA_WINDOW_SHIFT;

	window_cover(index, large->start, large->start + large->size);
	for (uintptr_t number = (uintptr_t)large->start >> MA_WINDOW_SHIFT; number <= last; number++) {
		struct leak_window *window = window_at(index, number);
		window->number = number;
		if (window->large == 0)
			window->large = (uint32_t)nth + 1;
	}
}

/* --- making it --- */

struct sizes {
	size_t chunks, larges, windows;
};

static void count_large(const struct large_place *place, void *arg)
{
	struct sizes *sizes = arg;

	if (place->free)
		return;
	sizes->larges++;
	sizes->windows += place->size / MA_WINDOW + 2;
}

static void count_guarded(const struct guarded *guarded, void *arg)
{
	struct sizes *sizes = arg;

	sizes->larges++;
	sizes->windows += guarded->size / MA_WINDOW + 2;
}

static struct sizes count_all(void)
{
	struct sizes sizes = {0};
	size_t table = 64;

	for (const struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk))
		sizes.chunks++;
	ma_large_each(count_large, &sizes);
	ma_guard_each(count_guarded, &sizes);
	while (table < 2 * (sizes.windows + sizes.chunks))
		table *= 2;
	sizes.windows = table;
	return sizes;
}

size_t ma_leak_index_bytes(void)
{
	struct sizes sizes = count_all();

	return sizes.chunks * (sizeof(struct leak_chunk) + 64) + sizes.larges * sizeof(struct leak_large) +
	       sizes.windows * sizeof(struct leak_window) + 1024;
}

bool ma_leak_index_make(struct leak_index *index, struct leak_memory *memory)
{
	struct sizes sizes = count_all();
	struct chunk *chunk = ma_chunk_after(NULL);

	memset(index, 0, sizeof(*index));
	index->windows = sizes.windows;
	index->window = ma_leak_take(memory, sizes.windows * sizeof(*index->window));
	index->chunk = ma_leak_take(memory, sizes.chunks * sizeof(*index->chunk));
	index->large = ma_leak_take(memory, sizes.larges * sizeof(*index->large));
	if (index->window == NULL || index->chunk == NULL || index->large == NULL)
		return false;
	for (; chunk != NULL; chunk = ma_chunk_after(chunk)) {
		struct leak_chunk *into = &index->chunk[index->chunks++];
		struct leak_window *window = window_at(index, (uintptr_t)chunk >> MA_WINDOW_SHIFT);
		index_chunk(into, chunk);
		index->torn = index->torn || into->torn != NULL;
		window->number = (uintptr_t)chunk >> MA_WINDOW_SHIFT;
		window->chunk = into;
		window_cover(index, chunk->start, ma_chunk_end(chunk));
	}
	ma_large_each(add_large, index);
	ma_guard_each(add_guarded, index);
	sort_large(index->large, index->larges);
	for (size_t i = 0; i < index->larges; i++)
		index_large(index, i);
	return true;
}

/* --- looking up --- */

/* The slot or the block that begins at a unit whose bit is set. */
static struct leak_object object_at(struct leak_chunk *chunk, size_t unit)
{
	const char *start = chunk->base + unit * MA_UNIT;
	const struct slab *slab = ma_slab_in_chunk(chunk->chunk, start);
	size_t size = slab != NULL ? slab->slot_size : ma_block_size(ma_block_of(start));

	return (struct leak_object){start, ma_min(size, (size_t)(chunk->end - start)), chunk, NULL};
}

/* The last beginning at or below `unit`, + 1; 0: none. */
static size_t last_beginning(const struct leak_chunk *chunk, size_t unit)
{
	size_t at = unit / 64, first = ma_round_down(at, MA_GRANULE / MA_UNIT / 64);
	uint64_t word = chunk->begins.word[at] & (~UINT64_C(0) >> (63 - unit % 64));

	while (word == 0 && at > first)
		word = chunk->begins.word[--at];
	if (word == 0)
		return chunk->before[first / (MA_GRANULE / MA_UNIT / 64)];
	return at * 64 + 64 - (size_t)__builtin_clzll(word);
}

static struct leak_object find_in_chunk(struct leak_chunk *chunk, const char *p)
{
	struct leak_object none = {0}, object;
	const struct slab *slab;
	size_t unit;

	if (p < chunk->chunk->start || p >= chunk->end)
		return none;
	slab = ma_slab_in_chunk(chunk->chunk, p);
	if (slab != NULL) {
		const char *slot = ma_slab_slot_around(slab, p);
		if (slot == NULL || !bit_get(&chunk->begins, unit_of(chunk, slot)))
			return none;
		return object_at(chunk, unit_of(chunk, slot));
	}
	unit = last_beginning(chunk, unit_of(chunk, p));
	if (unit == 0)
		return none;
	object = object_at(chunk, unit - 1);
	return p < object.start + object.size ? object : none;
}

size_t ma_leak_larges_below(const struct leak_index *index, uintptr_t address)
{
	size_t low = 0, high = index->larges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((uintptr_t)index->large[middle].start < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Among the large objects from the `first` on, which is the lowest that reaches into the address's window. */
static struct leak_object find_large(const struct leak_index *index, size_t first, uintptr_t address)
{
	size_t below = ma_leak_larges_below(index, address + 1);
	struct leak_large *large;

	if (below <= first)
		return (struct leak_object){0};
	large = &index->large[below - 1];
	if (address - (uintptr_t)large->start >= ma_max(large->size, 1))
		return (struct leak_object){0};
	return (struct leak_object){large->start, large->size, NULL, large};
}

struct leak_object ma_leak_find(const struct leak_index *index, uintptr_t address)
{
	const struct leak_window *window;
	struct leak_object object = {0};

	if (address - index->low >= index->span)
		return object;
	window = window_at(index, address >> MA_WINDOW_SHIFT);
	if (window->chunk != NULL)
		object = find_in_chunk(window->chunk, (const char *)address);
	if (object.start != NULL || window->large == 0)
		return object;
	return find_large(index, window->large - 1, address);
}

/* --- what is known --- */

size_t ma_leak_size(const struct leak_object *object)
{
	struct site site;

	if (ma_sites_on() && ma_sites_get(object->start, object->size, &site) && site.size <= object->size)
		return site.size;
	return object->size;
}

enum leak_kind ma_leak_kind(const struct leak_object *object)
{
	size_t unit;

	if (object->chunk == NULL)
		return (enum leak_kind)object->large->kind;
	unit = unit_of(object->chunk, object->start);
	return (enum leak_kind)(bit_get(&object->chunk->low, unit) + 2 * bit_get(&object->chunk->high, unit));
}

void ma_leak_set_kind(const struct leak_object *object, enum leak_kind kind)
{
	size_t unit;

	if (object->chunk == NULL) {
		object->large->kind = (uint8_t)kind;
		return;
	}
	unit = unit_of(object->chunk, object->start);
	bit_put(&object->chunk->low, unit, kind & 1);
	bit_put(&object->chunk->high, unit, kind >> 1 & 1);
}

bool ma_leak_pending(const struct leak_object *object)
{
	if (object->chunk == NULL)
		return object->large->pending;
	return bit_get(&object->chunk->pending, unit_of(object->chunk, object->start));
}

void ma_leak_set_pending(const struct leak_object *object, bool pending)
{
	if (object->chunk == NULL)
		object->large->pending = pending;
	else
		bit_put(&object->chunk->pending, unit_of(object->chunk, object->start), pending);
}

void ma_leak_each(const struct leak_index *index, void (*see)(const struct leak_object *object, void *arg),
		  void *arg)
{
	for (size_t i = 0; i < index->chunks; i++) {
		struct leak_chunk *chunk = &index->chunk[i];
		for (size_t word = 0; word < LEAK_UNITS / 64; word++)
			for (uint64_t bits = chunk->begins.word[word]; bits != 0; bits &= bits - 1) {
				size_t unit = word * 64 + (size_t)__builtin_ctzll(bits);
				struct leak_object object = object_at(chunk, unit);
				see(&object, arg);
			}
	}
	for (size_t i = 0; i < index->larges; i++) {
		struct leak_large *large = &index->large[i];
		struct leak_object object = {large->start, large->size, NULL, large};
		see(&object, arg);
	}
}
