/* SPDX-License-Identifier: MIT */
/*
 * map_text.c - the heap map as text. One character is one cell of 4 KiB; a cell shows what most of it is:
 *
 *   .  free, given back     #  block in use
 *   :  free, resident       +  blocks in use and free mixed
 *   0 to 9         slab, by how full it is: 0 means under 10 %, 9 over 90 %
 *   _  room in a slab that is not carved yet
 */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "guard.h"
#include "inspect.h"
#include "large.h"
#include "map.h"
#include "map_sites.h"
#include "pins.h"
#include "report.h"
#include "sites.h"

#define ROW 64
#define PINNED_SHOWN 8
#define PINS_SHOWN 6
#define SLOTS_SHOWN 4
#define GUARDED_SHOWN 64

/* A chunk's cells: how many bytes of what lie in each, and whether it is resident. */
struct cells {
	const char *base; /* the window's start */
	uint16_t used[CHUNK_CELLS], free[CHUNK_CELLS], slot_used[CHUNK_CELLS], slot_free[CHUNK_CELLS],
		uncarved[CHUNK_CELLS];
	struct residency residency;
};

static void add(struct cells *cells, uint16_t *kind, const char *from, size_t size)
{
	size_t at = (size_t)(from - cells->base), end = at + size;

	while (at < end) {
		size_t cell = at / CHUNK_CELL, upto = ma_min((cell + 1) * CHUNK_CELL, end);
		kind[cell] = (uint16_t)(kind[cell] + (upto - at));
		at = upto;
	}
}

static void add_slab(struct cells *cells, const struct mem_block *block, const struct slab *slab)
{
	uint64_t used[MAP_MOST_SLOTS / 64];
	const char *carved = slab->start + (size_t)slab->carved * slab->slot_size;

	ma_map_used_slots(slab, used);
	for (uint32_t i = 0; i < slab->carved; i++)
		add(cells, (used[i / 64] >> (i % 64) & 1) != 0 ? cells->slot_used : cells->slot_free,
		    slab->start + (size_t)i * slab->slot_size, slab->slot_size);
	if (carved < (const char *)ma_block_right(block))
		add(cells, cells->uncarved, carved, (size_t)((const char *)ma_block_right(block) - carved));
}

static void add_chunk(struct cells *cells, struct chunk *chunk)
{
	const char *end = ma_chunk_end(chunk);
	const struct mem_block *block = ma_block_first(chunk);

	memset(cells, 0, sizeof(*cells));
	cells->base = (const char *)ma_round_down((uintptr_t)chunk, MA_WINDOW);
	ma_residency_read(&cells->residency, (const char *)chunk, end);
	add(cells, cells->used, (const char *)chunk, sizeof(*chunk));
	for (; (const char *)block < end && ma_block_is_sound(block); block = ma_block_right(block)) {
		const struct slab *slab = ma_pins_slab(chunk, block);
		if (slab != NULL)
			add_slab(cells, block, slab);
		else
			add(cells, ma_map_is_free(chunk, block) ? cells->free : cells->used,
			    (const char *)block, (size_t)block->units * MA_UNIT);
	}
}

static char cell_char(const struct cells *cells, size_t i)
{
	size_t slots = (size_t)cells->slot_used[i] + cells->slot_free[i], used = cells->used[i];
	size_t free = cells->free[i];

	if (slots + cells->uncarved[i] > used + free) {
		if (cells->uncarved[i] > slots)
			return '_';
		return (char)('0' + ma_min(cells->slot_used[i] * 10 / slots, 9));
	}
	if (used > 0)
		return free > 0 ? '+' : '#';
	return ma_residency_at(&cells->residency, cells->base + i * CHUNK_CELL) ? ':' : '.';
}

/* --- lines --- */

static void place(struct text *text, const char *before, const void *at, const char *after)
{
	ma_text_string(text, before);
	ma_text_address(text, at);
	ma_text_string(text, after);
}

static unsigned heap_of(const struct chunk *chunk)
{
	const struct heap *owner = ma_load_relaxed(&chunk->owner);

	return owner->number;
}

static void write_chunk(struct text *text, struct cells *cells, struct chunk *chunk)
{
	const char *end = ma_chunk_end(chunk);
	size_t first, last;

	add_chunk(cells, chunk);
	first = (size_t)((const char *)chunk - cells->base) / CHUNK_CELL;
	last = (size_t)(end - cells->base + CHUNK_CELL - 1) / CHUNK_CELL;
	place(text, "chunk ", chunk, ", ");
	ma_text_size(text, (size_t)(end - (const char *)chunk));
	ma_text_bytes(text, ", ", ma_residency_bytes(&cells->residency, (const char *)chunk, end),
		      " resident");
	ma_text_number(text, ", heap ", heap_of(chunk), "");
	for (size_t i = first; i < last; i++) {
		if ((i - first) % ROW == 0)
			ma_text_string(text, "\n  ");
		ma_text_char(text, cell_char(cells, i));
	}
	ma_text_char(text, '\n');
}

static void write_age(struct text *text, uint64_t ms)
{
	ma_text_string(text, ", ");
	ma_map_sites_age(text, ms);
	ma_text_string(text, " old");
}

static void write_large(struct text *text, const struct large_place *large)
{
	struct site site;

	place(text, large->free ? "cached " : "large ", large->start, ", ");
	ma_text_size(text, large->size);
	ma_text_bytes(text, ", ", ma_residency_sum(large->start, large->start + large->size), " resident");
	if (!large->free && ma_sites_get(large->start, large->size, &site) && site.alive)
		write_age(text, ma_sites_age(&site, ma_clock_ms()));
	ma_text_char(text, '\n');
}

struct guarded_list {
	struct text *text;
	size_t objects, bytes, held;
};

static void write_one_guarded(const struct guarded *guarded, void *arg)
{
	struct guarded_list *list = arg;

	if (list->objects++ < GUARDED_SHOWN) {
		place(list->text, "guarded ", guarded->start, ", ");
		ma_text_size(list->text, guarded->size);
		ma_text_bytes(list->text, " on ", guarded->resident, " of its own");
		write_age(list->text, ma_clock_ms() - guarded->time);
		ma_text_char(list->text, '\n');
	}
	list->bytes += guarded->size;
	list->held += guarded->resident;
}

static void write_guarded(struct text *text)
{
	struct guarded_list list = {.text = text};

	ma_guard_each(write_one_guarded, &list);
	if (list.objects > GUARDED_SHOWN)
		ma_text_number(text, "and ", list.objects - GUARDED_SHOWN, " more guarded objects\n");
	if (list.objects == 0)
		return;
	ma_text_bytes(text, "guarded in all ", list.bytes, " in ");
	ma_text_number(text, "", list.objects, " objects, ");
	ma_text_bytes(text, "on ", list.held, " of their own\n");
}

static void write_all(struct text *text, struct cells *cells)
{
	struct chunk *chunk = ma_chunk_after(NULL);
	struct large_place large;
	bool more = ma_large_after(NULL, &large);

	while (chunk != NULL || more) {
		if (chunk != NULL && (!more || (const char *)chunk < large.start)) {
			write_chunk(text, cells, chunk);
			chunk = ma_chunk_after(chunk);
		} else {
			write_large(text, &large);
			more = ma_large_after(large.start, &large);
		}
	}
	write_guarded(text);
}

/* --- what pins memory --- */

/* Where an object in use was allocated, if sites are kept. */
static void write_site(struct text *text, const void *object, size_t usable)
{
	struct site site;

	if (!ma_sites_get(object, usable, &site) || !site.alive)
		return;
	ma_text_bytes(text, "      ", site.size, "");
	ma_text_number(text, " at it are held by what thread ", site.thread, " allocated ");
	ma_map_sites_age(text, ma_sites_age(&site, ma_clock_ms()));
	ma_text_string(text, " ago in\n");
	ma_report_stack(text, site.stack);
}

static void write_pin(struct text *text, struct chunk *chunk, const struct mem_block *pin)
{
	const struct slab *slab = ma_pins_slab(chunk, pin);
	uint64_t used[MAP_MOST_SLOTS / 64];
	unsigned shown = 0, count = 0;

	if (slab == NULL) {
		ma_text_bytes(text, "block of ", ma_block_size(pin), "");
		place(text, " at ", ma_block_payload(pin), "\n");
		write_site(text, ma_block_payload(pin), ma_block_size(pin));
		return;
	}
	ma_map_used_slots(slab, used);
	for (uint32_t i = 0; i < slab->carved; i++)
		count += (unsigned)(used[i / 64] >> (i % 64) & 1);
	place(text, "slab at ", slab->start, ", ");
	ma_text_number(text, "", count, " of ");
	ma_text_number(text, "", slab->slots, " slots of ");
	ma_text_number(text, "", slab->slot_size, " B in use:");
	for (uint32_t i = 0; i < slab->carved && shown < SLOTS_SHOWN; i++) {
		if ((used[i / 64] >> (i % 64) & 1) == 0)
			continue;
		place(text, " ", slab->start + (size_t)i * slab->slot_size, "");
		shown++;
	}
	ma_text_string(text, shown < count ? " ...\n" : "\n");
	for (uint32_t i = 0; i < slab->carved; i++) {
		if ((used[i / 64] >> (i % 64) & 1) == 0)
			continue;
		write_site(text, slab->start + (size_t)i * slab->slot_size, slab->slot_size);
		break; /* the first stands for them all */
	}
}

static void write_pinned_break(struct text *text, const struct pinned_break *top)
{
	if (top->pin == NULL)
		return;
	place(text, "  break at ", top->end, ", ");
	ma_text_bytes(text, "", top->above, " free below it, then ");
	write_pin(text, top->chunk, top->pin);
	if (top->below != 0)
		ma_text_bytes(text, "    if that went, the ", top->below, " below it could go as well\n");
}

static void write_pinned(struct text *text, const struct pinned *pinned)
{
	struct mem_block *pin = ma_pins_next(pinned->chunk, NULL);
	unsigned shown = 0;

	place(text, "  chunk ", pinned->chunk, ", ");
	ma_text_bytes(text, "", pinned->held, ", ");
	ma_text_bytes(text, "", pinned->resident, " resident, ");
	ma_text_bytes(text, "", pinned->used, " in use, heap ");
	ma_text_number(text, "", heap_of(pinned->chunk), ":\n");
	for (; pin != NULL && shown < PINS_SHOWN; pin = ma_pins_next(pinned->chunk, pin), shown++) {
		ma_text_string(text, "    ");
		write_pin(text, pinned->chunk, pin);
	}
	if (pinned->pins > shown)
		ma_text_number(text, "    and ", pinned->pins - shown, " more\n");
}

static void write_pins(struct text *text)
{
	struct pinned pinned[PINNED_SHOWN];
	struct pinned_break top = ma_pins_break();
	size_t all, wasted;
	unsigned count = ma_pins_find(pinned, PINNED_SHOWN, &all, &wasted);

	if (count == 0 && top.pin == NULL)
		return;
	ma_text_string(text, "what pins memory:\n");
	write_pinned_break(text, &top);
	for (unsigned i = 0; i < count; i++)
		write_pinned(text, &pinned[i]);
	if (all > count)
		ma_text_number(text, "  and ", all - count, " more chunks that are nearly empty\n");
	if (all > 0)
		ma_text_bytes(text, "  in nearly empty chunks, resident and not in use: ", wasted, "\n");
}

/* --- who holds memory --- */

static void count_object(const void *object, size_t usable, void *arg)
{
	ma_map_sites_of(arg, object, usable, true);
}

static void count_guarded(const struct guarded *guarded, void *arg)
{
	ma_map_sites_of_guarded(arg, guarded, true);
}

static void write_sites(struct text *text)
{
	struct map_sites sites;
	struct large_place large = {0};

	ma_map_sites_begin(&sites);
	if (ma_sites_on()) {
		for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk))
			ma_map_each(chunk, count_object, &sites);
		while (ma_large_after(large.start, &large))
			if (!large.free)
				ma_map_sites_of(&sites, large.start, large.size, true);
	}
	ma_guard_each(count_guarded, &sites);
	ma_map_sites_text(&sites, text);
	ma_map_sites_end(&sites);
}

void ma_map_write_text(struct text *text)
{
	struct ma_stats stats = {0};
	size_t room = ma_round_up(sizeof(struct cells), ma_source_page());
	struct cells *cells = ma_source_map(room, MA_UNIT);

	if (cells == NULL) {
		text->error = ENOMEM;
		return;
	}
	ma_stats_collect(&stats, NULL);
	ma_text_string(text, "libma heap map: one character is 4 KiB.  # block in use  . free  : free, but "
			     "resident  + mixed\n0-9 slab, tenths of it in use  _ slab, not carved yet\n");
	write_all(text, cells);
	ma_source_unmap(cells, room);
	ma_text_bytes(text, "in use ", stats.used_block_bytes + stats.used_slot_bytes, " in ");
	ma_text_number(text, "", stats.used_blocks + stats.used_slots, " objects, ");
	ma_text_bytes(text, "held ", stats.break_bytes + stats.mapped_bytes, ", ");
	ma_text_bytes(text, "large ", stats.large_bytes, ", ");
	ma_text_bytes(text, "largest free block ", stats.largest_free, "\n");
	write_pins(text);
	write_sites(text);
}
