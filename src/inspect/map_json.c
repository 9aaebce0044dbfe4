/* SPDX-License-Identifier: MIT */
/*
 * map_json.c - the heap map as one JSON object, from which `ma draw` makes pictures. ma_heap_map(3) describes it.
 *
 * What there are many of is an array, not an object: a block is ["used", bytes], ["free", bytes], or
 * ["slab", bytes, slot size, slots, carved, used, distance of slot 0, bits]. Bytes are those of the whole block, so
 * they add up to the addresses. Bits of slots in use, and of resident pages, are in base64, the first in the lowest
 * bit; those of a slab are left out where they are all alike.
 *
 * The sites of a chunk's objects are one string of runs: objects side by side often have one site and one age.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "guard.h"
#include "inspect.h"
#include "large.h"
#include "map.h"
#include "map_sites.h"
#include "pins.h"
#include "sites.h"

#define PINNED_SHOWN 64
#define PINS_SHOWN 16
#define SLOTS_SHOWN 8

static void key(struct text *text, const char *before, const char *name)
{
	ma_text_string(text, before);
	ma_text_quoted(text, name);
	ma_text_char(text, ':');
}

static void number(struct text *text, const char *before, const char *name, uint64_t value)
{
	key(text, before, name);
	ma_text_decimal(text, value);
}

static void address(struct text *text, const char *before, const char *name, const void *at)
{
	key(text, before, name);
	ma_text_char(text, '"');
	ma_text_address(text, at);
	ma_text_char(text, '"');
}

static void flag(struct text *text, const char *before, const char *name, bool value)
{
	key(text, before, name);
	ma_text_string(text, value ? "true" : "false");
}

static void element(struct text *text, uint64_t value)
{
	ma_text_char(text, ',');
	ma_text_decimal(text, value);
}

/* `count` bits of bytes in base64. */
static void bits(struct text *text, const unsigned char *byte, size_t count)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t bytes = (count + 7) / 8;

	ma_text_char(text, '"');
	for (size_t i = 0; i < bytes; i += 3) {
		unsigned b = i + 1 < bytes ? byte[i + 1] : 0, c = i + 2 < bytes ? byte[i + 2] : 0;
		ma_text_char(text, digit[byte[i] >> 2]);
		ma_text_char(text, digit[(byte[i] & 3) << 4 | b >> 4]);
		ma_text_char(text, i + 1 < bytes ? digit[(b & 15) << 2 | c >> 6] : '=');
		ma_text_char(text, i + 2 < bytes ? digit[c & 63] : '=');
	}
	ma_text_char(text, '"');
}

static void resident_bits(struct text *text, const struct residency *residency)
{
	unsigned char byte[sizeof(residency->resident) / 8] = {0};

	for (size_t i = 0; i < residency->pages; i++)
		if (!residency->told || (residency->resident[i] & 1) != 0)
			byte[i / 8] |= (unsigned char)(1u << (i % 8));
	bits(text, byte, residency->pages);
}

/* --- chunks --- */

static void write_slab(struct text *text, const struct mem_block *block, const struct slab *slab)
{
	uint64_t used[MAP_MOST_SLOTS / 64];
	unsigned char byte[MAP_MOST_SLOTS / 8];
	uint32_t count = 0;

	ma_map_used_slots(slab, used);
	for (size_t i = 0; i < MAP_MOST_SLOTS / 64; i++) {
		count += ma_count_bits(used[i]);
		for (size_t j = 0; j < 8; j++) /* the lowest first, whatever the machine's order */
			byte[i * 8 + j] = (unsigned char)(used[i] >> (j * 8));
	}
	ma_text_string(text, "[\"slab\"");
	element(text, (uint64_t)block->units * MA_UNIT);
	element(text, slab->slot_size);
	element(text, slab->slots);
	element(text, slab->carved);
	element(text, count);
	element(text, (uint64_t)(slab->start - (const char *)block));
	if (count != 0 && count != slab->carved) {
		ma_text_char(text, ',');
		bits(text, byte, slab->carved);
	}
	ma_text_char(text, ']');
}

static void write_block(struct text *text, struct chunk *chunk, const struct mem_block *block)
{
	const struct slab *slab = ma_pins_slab(chunk, block);

	if (slab != NULL) {
		write_slab(text, block, slab);
		return;
	}
	ma_text_string(text, ma_map_is_free(chunk, block) ? "[\"free\"" : "[\"used\"");
	element(text, (uint64_t)block->units * MA_UNIT);
	ma_text_char(text, ']');
}

/* --- sites --- */

struct runs {
	struct text *text;
	struct map_sites *sites;
	struct map_site site; /* of the run that is not written yet */
	uint64_t count;	      /* of its objects */
	uint64_t age;	      /* as it was written last */
	bool begun;	      /* something is written */
};

/* Writes a run: "SITE*COUNT@AGE;". No count is 1, no age is that of the run before, and "-" is an unknown site. */
static void flush_run(struct runs *runs)
{
	struct text *text = runs->text;

	if (runs->count == 0)
		return;
	if (!runs->begun)
		key(text, ",", "sites");
	ma_text_string(text, runs->begun ? "" : "\"");
	runs->begun = true;
	if (runs->site.site == MAP_NO_SITE)
		ma_text_char(text, '-');
	else
		ma_text_decimal(text, runs->site.site);
	if (runs->count > 1)
		ma_text_number(text, "*", runs->count, "");
	if (runs->site.site != MAP_NO_SITE && runs->site.age != runs->age) {
		ma_text_number(text, "@", runs->site.age, "");
		runs->age = runs->site.age;
	}
	ma_text_char(text, ';');
	runs->count = 0;
}

static void add_to_run(const void *object, size_t usable, void *arg)
{
	struct runs *runs = arg;
	struct map_site site = ma_map_sites_of(runs->sites, object, usable, true);

	if (site.site != runs->site.site || site.age != runs->site.age)
		flush_run(runs);
	runs->site = site;
	runs->count++;
}

/* Of all objects in use, in address order. Unknown ones at the end are left out. */
static void write_runs(struct text *text, struct map_sites *sites, struct chunk *chunk)
{
	struct runs runs = {.text = text, .sites = sites, .site = {MAP_NO_SITE, 0}};

	if (!ma_sites_on())
		return;
	ma_map_each(chunk, add_to_run, &runs);
	if (runs.site.site != MAP_NO_SITE)
		flush_run(&runs);
	ma_text_string(text, runs.begun ? "\"" : "");
}

static void write_site(struct text *text, struct map_site site)
{
	if (site.site == MAP_NO_SITE)
		return;
	number(text, ",", "site", site.site);
	number(text, ",", "age_ms", site.age);
}

static void write_chunk(struct text *text, struct map_sites *sites, struct chunk *chunk)
{
	const struct heap *owner = ma_load_relaxed(&chunk->owner);
	const struct mem_block *block = ma_block_first(chunk);
	const char *end = ma_chunk_end(chunk), *before = "";
	struct residency residency;

	ma_residency_read(&residency, (const char *)chunk, end);
	address(text, "\n{", "address", chunk);
	number(text, ",", "size", (uint64_t)(end - (const char *)chunk));
	number(text, ",", "header", (uint64_t)(chunk->start - (const char *)chunk));
	number(text, ",", "heap", owner->number);
	flag(text, ",", "on_break", chunk->on_break);
	flag(text, ",", "huge", chunk->huge);
	key(text, ",", "resident");
	resident_bits(text, &residency);
	key(text, ",", "blocks");
	ma_text_char(text, '[');
	for (; (const char *)block < end && ma_block_is_sound(block); block = ma_block_right(block)) {
		ma_text_string(text, before);
		write_block(text, chunk, block);
		before = ",";
	}
	ma_text_char(text, ']');
	if ((const char *)block < end)
		address(text, ",", "damaged", block);
	write_runs(text, sites, chunk);
	ma_text_char(text, '}');
}

static void write_chunks(struct text *text, struct map_sites *sites)
{
	const char *before = "";

	key(text, ",\n", "chunks");
	ma_text_char(text, '[');
	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		ma_text_string(text, before);
		write_chunk(text, sites, chunk);
		before = ",";
	}
	ma_text_char(text, ']');
}

/* --- large objects, and guarded ones --- */

static void write_large(struct text *text, struct map_sites *sites)
{
	struct large_place large = {0};
	const char *before = "";

	key(text, ",\n", "large");
	ma_text_char(text, '[');
	while (ma_large_after(large.start, &large)) {
		ma_text_string(text, before);
		address(text, "\n{", "address", large.start);
		number(text, ",", "size", large.size);
		number(text, ",", "resident", ma_residency_sum(large.start, large.start + large.size));
		flag(text, ",", "free", large.free);
		if (!large.free)
			write_site(text, ma_map_sites_of(sites, large.start, large.size, true));
		ma_text_char(text, '}');
		before = ",";
	}
	ma_text_char(text, ']');
}

struct guarded_list {
	struct text *text;
	struct map_sites *sites;
	const char *before;
};

static void write_one_guarded(const struct guarded *guarded, void *arg)
{
	struct guarded_list *list = arg;
	const char *pages = (const char *)ma_round_down((uintptr_t)guarded->start, ma_source_page());

	ma_text_string(list->text, list->before);
	address(list->text, "\n{", "address", guarded->start);
	number(list->text, ",", "size", guarded->size);
	number(list->text, ",", "held", guarded->resident);
	number(list->text, ",", "resident", ma_residency_sum(pages, pages + guarded->resident));
	write_site(list->text, ma_map_sites_of_guarded(list->sites, guarded, true));
	ma_text_char(list->text, '}');
	list->before = ",";
}

static void write_guarded(struct text *text, struct map_sites *sites)
{
	struct guarded_list list = {text, sites, ""};

	key(text, ",\n", "guarded");
	ma_text_char(text, '[');
	ma_guard_each(write_one_guarded, &list);
	ma_text_char(text, ']');
}

/* --- what pins memory --- */

static void write_site_of(struct text *text, struct map_sites *sites, const void *object, size_t usable)
{
	write_site(text, ma_map_sites_of(sites, object, usable, false));
}

static void write_pin(struct text *text, struct map_sites *sites, struct chunk *chunk,
		      const struct mem_block *pin)
{
	const struct slab *slab = ma_pins_slab(chunk, pin);
	uint64_t used[MAP_MOST_SLOTS / 64];
	const char *before = "";
	unsigned shown = 0;

	if (slab == NULL) {
		address(text, "{", "block", ma_block_payload(pin));
		number(text, ",", "size", ma_block_size(pin));
		write_site_of(text, sites, ma_block_payload(pin), ma_block_size(pin));
		ma_text_char(text, '}');
		return;
	}
	ma_map_used_slots(slab, used);
	address(text, "{", "slab", slab->start);
	number(text, ",", "slot_size", slab->slot_size);
	key(text, ",", "slots");
	ma_text_char(text, '[');
	for (uint32_t i = 0; i < slab->carved && shown < SLOTS_SHOWN; i++) {
		if ((used[i / 64] >> (i % 64) & 1) == 0)
			continue;
		ma_text_string(text, before);
		ma_text_char(text, '"');
		ma_text_address(text, slab->start + (size_t)i * slab->slot_size);
		ma_text_char(text, '"');
		before = ",";
		shown++;
	}
	ma_text_char(text, ']');
	for (uint32_t i = 0; i < slab->carved; i++) {
		if ((used[i / 64] >> (i % 64) & 1) == 0)
			continue;
		write_site_of(text, sites, slab->start + (size_t)i * slab->slot_size, slab->slot_size);
		break; /* the first stands for them all */
	}
	ma_text_char(text, '}');
}

static void write_pinned(struct text *text, struct map_sites *sites, const struct pinned *pinned)
{
	const char *before = "";
	unsigned shown = 0;

	address(text, "\n{", "chunk", pinned->chunk);
	number(text, ",", "resident", pinned->resident);
	number(text, ",", "used", pinned->used);
	number(text, ",", "pins", pinned->pins);
	key(text, ",", "first");
	ma_text_char(text, '[');
	for (struct mem_block *pin = ma_pins_next(pinned->chunk, NULL); pin != NULL && shown < PINS_SHOWN;
	     pin = ma_pins_next(pinned->chunk, pin), shown++) {
		ma_text_string(text, before);
		write_pin(text, sites, pinned->chunk, pin);
		before = ",";
	}
	ma_text_string(text, "]}");
}

static void write_pins(struct text *text, struct map_sites *sites)
{
	struct pinned pinned[PINNED_SHOWN];
	struct pinned_break top = ma_pins_break();
	size_t all, wasted;
	unsigned count = ma_pins_find(pinned, PINNED_SHOWN, &all, &wasted);

	key(text, ",\n", "pins");
	number(text, "{", "chunks", all);
	number(text, ",", "wasted", wasted);
	if (top.pin != NULL) {
		key(text, ",\n", "break");
		address(text, "{", "end", top.end);
		number(text, ",", "above", top.above);
		number(text, ",", "below", top.below);
		key(text, ",", "pin");
		write_pin(text, sites, top.chunk, top.pin);
		ma_text_char(text, '}');
	}
	key(text, ",\n", "nearly_empty");
	ma_text_char(text, '[');
	for (unsigned i = 0; i < count; i++) {
		ma_text_string(text, i == 0 ? "" : ",");
		write_pinned(text, sites, &pinned[i]);
	}
	ma_text_string(text, "]}");
}

void ma_map_write_json(struct text *text)
{
	struct map_sites sites;
	struct timespec now;

	ma_map_sites_begin(&sites);
	clock_gettime(CLOCK_REALTIME, &now);
	number(text, "{", "libma_map", 1);
	key(text, ",", "version");
	ma_text_quoted(text, PACKAGE_VERSION);
	number(text, ",", "time_ms", (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
	number(text, ",", "page", ma_source_page());
	key(text, ",\n", "stats");
	ma_stats_write(text, MA_JSON);
	write_chunks(text, &sites);
	write_large(text, &sites);
	write_guarded(text, &sites);
	write_pins(text, &sites);
	if (sites.sites.count != 0) {
		key(text, ",\n", "sites");
		ma_map_sites_json(&sites, text);
	}
	ma_text_string(text, "}\n");
	ma_map_sites_end(&sites);
}
