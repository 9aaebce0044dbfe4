/* SPDX-License-Identifier: MIT */
/*
 * map_sites.c - owns the tables of a heap map's sites. A heap has millions of objects, but few sites: objects name theirs
 * by its index, and sites their call stack, and stacks their frames.
 *
 *   sites   [stack, thread, bytes asked for], with the sum of their objects
 *   stacks  [frame, frame, …], the innermost first
 *   frames  a return address, with the file that is loaded there
 *
 * The tables lie in memory of the source, and grow. Where there is none, or too many sites, of more objects nothing
 * is known. One map at a time uses them: nothing here is shared.
 */
#include "map_sites.h"

#include <string.h>

#include "clock.h"
#include "guard.h"
#include "report.h"
#include "sites.h"
#include "source.h"
#include "stacks.h"

#define FIRST_ROOM 256
/* From here on sites are not told apart by the bytes asked for, and from twice as many on there are no more. */
#define MOST_SITES (UINT32_C(1) << 16)
#define STACKS_SHOWN 8

/* --- tables --- */

static size_t entry_bytes(uint32_t room)
{
	return ma_round_up(room * sizeof(struct map_entry), ma_source_page());
}

static size_t place_bytes(uint32_t room)
{
	return ma_round_up((size_t)room * 2 * sizeof(uint32_t), ma_source_page());
}

static void table_end(struct map_table *table)
{
	if (table->entry != NULL)
		ma_source_unmap(table->entry, entry_bytes(table->room));
	if (table->place != NULL)
		ma_source_unmap(table->place, place_bytes(table->room));
	*table = (struct map_table){0};
}

/* The place of the entry with this key, or the one that it would have. */
static uint32_t *table_place(const struct map_table *table, uint64_t first, uint64_t second)
{
	uint32_t mask = table->room * 2 - 1;
	uint32_t at = (uint32_t)(((first * MA_HASH ^ second) * MA_HASH) >> 32) & mask;

	for (; table->place[at] != 0; at = (at + 1) & mask) {
		const struct map_entry *entry = &table->entry[table->place[at] - 1];
		if (entry->key[0] == first && entry->key[1] == second)
			break;
	}
	return &table->place[at];
}

static bool table_grow(struct map_table *table)
{
	struct map_table new = {.room = table->room == 0 ? FIRST_ROOM : table->room * 2,
				.count = table->count};

	new.entry = ma_source_map(entry_bytes(new.room), MA_UNIT);
	new.place = ma_source_map(place_bytes(new.room), MA_UNIT);
	if (new.entry == NULL || new.place == NULL) {
		table_end(&new);
		return false;
	}
	for (uint32_t i = 0; i < table->count; i++) {
		new.entry[i] = table->entry[i];
		*table_place(&new, new.entry[i].key[0], new.entry[i].key[1]) = i + 1;
	}
	table_end(table);
	*table = new;
	return true;
}

/* The index of the entry with this key, which is made if there is none and there are less than `most`. */
static uint32_t table_index(struct map_table *table, uint64_t first, uint64_t second, uint32_t most)
{
	uint32_t *place;

	if (table->count == table->room && !table_grow(table))
		return MAP_NO_SITE;
	place = table_place(table, first, second);
	if (*place == 0) {
		if (table->count >= most)
			return MAP_NO_SITE;
		table->entry[table->count++] = (struct map_entry){.key = {first, second}};
		*place = table->count;
	}
	return *place - 1;
}

/* --- sites --- */

void ma_map_sites_begin(struct map_sites *sites)
{
	*sites = (struct map_sites){.now = ma_clock_ms()};
}

void ma_map_sites_end(struct map_sites *sites)
{
	table_end(&sites->sites);
	table_end(&sites->stacks);
	table_end(&sites->frames);
}

static void add(struct map_sum *sum, size_t bytes, uint64_t age)
{
	sum->youngest = sum->objects == 0 ? age : ma_min(sum->youngest, age);
	sum->oldest = ma_max(sum->oldest, age);
	sum->objects++;
	sum->bytes += bytes;
}

static struct map_site site_of(struct map_sites *sites, const struct site *site, bool count)
{
	struct map_site found = {MAP_NO_SITE, ma_sites_age(site, sites->now)};
	uint32_t stack = site->stack == 0 ? MAP_NO_SITE
					  : table_index(&sites->stacks, site->stack, 0, UINT32_MAX);
	uint64_t first = (uint64_t)(stack + 1) << 32 | site->thread; /* 0 for MAP_NO_SITE */

	found.site = table_index(&sites->sites, first, site->size, MOST_SITES);
	if (found.site == MAP_NO_SITE)
		found.site = table_index(&sites->sites, first, 0, MOST_SITES * 2);
	if (count && found.site != MAP_NO_SITE)
		add(&sites->sites.entry[found.site].sum, site->size, found.age);
	if (count && stack != MAP_NO_SITE)
		add(&sites->stacks.entry[stack].sum, site->size, found.age);
	return found;
}

struct map_site ma_map_sites_of(struct map_sites *sites, const void *p, size_t usable, bool count)
{
	struct site site;

	if (!ma_sites_get(p, usable, &site) || !site.alive)
		return (struct map_site){MAP_NO_SITE, 0};
	return site_of(sites, &site, count);
}

struct map_site ma_map_sites_of_guarded(struct map_sites *sites, const struct guarded *guarded, bool count)
{
	struct site site = {.stack = guarded->stack,
			    .thread = guarded->thread,
			    .size = guarded->size,
			    .time = guarded->time};

	return site_of(sites, &site, count);
}

/* --- JSON --- */

static void number(struct text *text, const char *before, uint64_t n)
{
	ma_text_string(text, before);
	ma_text_decimal(text, n);
}

static void write_list(const struct map_sites *sites, struct text *text)
{
	for (uint32_t i = 0; i < sites->sites.count; i++) {
		const struct map_entry *site = &sites->sites.entry[i];
		uint32_t stack = (uint32_t)(site->key[0] >> 32);

		ma_text_string(text, i == 0 ? "[" : ",[");
		if (stack == 0)
			ma_text_string(text, "-1");
		else
			ma_text_decimal(text, stack - 1);
		number(text, ",", site->key[0] & UINT32_MAX);
		number(text, ",", site->key[1]);
		number(text, ",", site->sum.objects);
		number(text, ",", site->sum.bytes);
		number(text, ",", site->sum.youngest);
		number(text, ",", site->sum.oldest);
		ma_text_char(text, ']');
	}
}

static void write_stacks(struct map_sites *sites, struct text *text)
{
	for (uint32_t i = 0; i < sites->stacks.count; i++) {
		const uintptr_t *frames = NULL;
		unsigned depth = ma_stacks_frames((uint32_t)sites->stacks.entry[i].key[0], &frames);

		ma_text_string(text, i == 0 ? "[" : ",[");
		for (unsigned n = 0; n < depth; n++) {
			uint32_t frame = table_index(&sites->frames, frames[n], 0, UINT32_MAX);
			if (frame == MAP_NO_SITE)
				break;
			number(text, n == 0 ? "" : ",", frame);
		}
		ma_text_char(text, ']');
	}
}

static void write_frames(const struct map_sites *sites, struct text *text)
{
	for (uint32_t i = 0; i < sites->frames.count; i++) {
		uintptr_t frame = (uintptr_t)sites->frames.entry[i].key[0];
		/* The byte before: a return address can be the next function's first. */
		struct report_place place = ma_report_find(frame - 1);

		ma_text_string(text, i == 0 ? "\n{\"address\":\"" : ",\n{\"address\":\"");
		ma_text_address(text, (const void *)frame);
		ma_text_char(text, '"');
		if (place.file != NULL) {
			ma_text_string(text, ",\"file\":");
			ma_text_quoted(text, place.file);
			number(text, ",\"offset\":", frame - place.start);
		}
		if (place.function != NULL) {
			ma_text_string(text, ",\"function\":");
			ma_text_quoted(text, place.function);
		}
		ma_text_char(text, '}');
	}
}

void ma_map_sites_json(struct map_sites *sites, struct text *text)
{
	ma_text_string(text, "{\"list\":[");
	write_list(sites, text);
	ma_text_string(text, "],\n\"stacks\":[");
	write_stacks(sites, text);
	ma_text_string(text, "],\n\"frames\":[");
	write_frames(sites, text);
	ma_text_string(text, "]}");
}

/* --- text --- */

void ma_map_sites_age(struct text *text, uint64_t ms)
{
	ma_text_decimal(text, ms / 1000);
	ma_text_char(text, '.');
	ma_text_decimal(text, ms / 100 % 10);
	ma_text_string(text, " s");
}

/* The entry that comes next behind `last` (NULL: first) when those with most bytes come first. */
static const struct map_entry *next_stack(const struct map_table *stacks, const struct map_entry *last)
{
	const struct map_entry *next = NULL;

	for (uint32_t i = 0; i < stacks->count; i++) {
		const struct map_entry *entry = &stacks->entry[i];
		bool behind = last == NULL || entry->sum.bytes < last->sum.bytes ||
			      (entry->sum.bytes == last->sum.bytes && entry > last);
		if (behind && entry->sum.objects != 0 && (next == NULL || entry->sum.bytes > next->sum.bytes))
			next = entry;
	}
	return next;
}

void ma_map_sites_text(const struct map_sites *sites, struct text *text)
{
	const struct map_entry *entry = next_stack(&sites->stacks, NULL);

	if (entry == NULL)
		return;
	ma_text_string(text, "who holds memory:\n");
	for (unsigned i = 0; entry != NULL && i < STACKS_SHOWN; i++) {
		ma_text_bytes(text, "  ", entry->sum.bytes, " in ");
		ma_text_number(text, "", entry->sum.objects,
			       entry->sum.objects == 1 ? " object, " : " objects, ");
		if (entry->sum.objects > 1) {
			ma_map_sites_age(text, entry->sum.youngest);
			ma_text_string(text, " to ");
		}
		ma_map_sites_age(text, entry->sum.oldest);
		ma_text_string(text, " old, allocated in\n");
		ma_report_stack(text, (uint32_t)entry->key[0]);
		entry = next_stack(&sites->stacks, entry);
	}
	if (entry != NULL)
		ma_text_number(text, "  and ", sites->stacks.count - STACKS_SHOWN, " more\n");
}
