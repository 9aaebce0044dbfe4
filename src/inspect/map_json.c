/* SPDX-License-Identifier: MIT */
/*
 * map_json.c - the heap map as one JSON object, from which `ma draw` makes pictures. ma_heap_map(3) describes it.
 *
 * What there are many of is an array, not an object: a block is ["used", bytes], ["free", bytes], or
 * ["slab", bytes, slot size, slots, carved, used, distance of slot 0, bits]. Bytes are those of the whole block, so
 * they add up to the addresses. Bits of slots in use, and of resident pages, are in base64, the first in the lowest
 * bit; those of a slab are left out where they are all alike.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "inspect.h"
#include "large.h"
#include "map.h"
#include "pins.h"
#include "report.h"
#include "sites.h"
#include "stacks.h"

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
		count += (uint32_t)__builtin_popcountll(used[i]);
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

static void write_chunk(struct text *text, struct chunk *chunk)
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
	ma_text_char(text, '}');
}

static void write_chunks(struct text *text)
{
	const char *before = "";

	key(text, ",\n", "chunks");
	ma_text_char(text, '[');
	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		ma_text_string(text, before);
		write_chunk(text, chunk);
		before = ",";
	}
	ma_text_char(text, ']');
}

static void write_large(struct text *text)
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
		ma_text_char(text, '}');
		before = ",";
	}
	ma_text_char(text, ']');
}

/* --- what pins memory --- */

/* A frame as a string: its function if its file exports it, else the file and the distance in it. */
static void write_frame(struct text *text, uintptr_t frame)
{
	/* The byte before: a return address can be the next function's first. */
	struct report_place place = ma_report_find(frame - 1);
	const char *slash;

	if (place.function != NULL) {
		ma_text_quoted(text, place.function);
		return;
	}
	ma_text_char(text, '"');
	if (place.file == NULL) {
		ma_text_address(text, (const void *)frame);
	} else {
		slash = strrchr(place.file, '/');
		ma_text_escaped(text, slash == NULL ? place.file : slash + 1);
		ma_text_char(text, '+');
		ma_text_hex(text, frame - place.start);
	}
	ma_text_char(text, '"');
}

/* Where an object in use was allocated, if sites are kept. */
static void write_site(struct text *text, const void *object, size_t usable)
{
	const uintptr_t *frames = NULL;
	struct site site;
	unsigned depth;

	if (!ma_sites_get(object, usable, &site) || !site.alive)
		return;
	depth = ma_stacks_frames(site.stack, &frames);
	number(text, ",", "asked", site.size);
	number(text, ",", "thread", site.thread);
	number(text, ",", "age_ms", ma_clock_ms() > site.time ? ma_clock_ms() - site.time : 0);
	key(text, ",", "stack");
	ma_text_char(text, '[');
	for (unsigned i = 0; i < depth; i++) {
		ma_text_string(text, i == 0 ? "" : ",");
		write_frame(text, frames[i]);
	}
	ma_text_char(text, ']');
}

static void write_pin(struct text *text, struct chunk *chunk, const struct mem_block *pin)
{
	const struct slab *slab = ma_pins_slab(chunk, pin);
	uint64_t used[MAP_MOST_SLOTS / 64];
	const char *before = "";
	unsigned shown = 0;

	if (slab == NULL) {
		address(text, "{", "block", ma_block_payload(pin));
		number(text, ",", "size", ma_block_size(pin));
		write_site(text, ma_block_payload(pin), ma_block_size(pin));
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
		write_site(text, slab->start + (size_t)i * slab->slot_size, slab->slot_size);
		break; /* the first stands for them all */
	}
	ma_text_char(text, '}');
}

static void write_pinned(struct text *text, const struct pinned *pinned)
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
		write_pin(text, pinned->chunk, pin);
		before = ",";
	}
	ma_text_string(text, "]}");
}

static void write_pins(struct text *text)
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
		write_pin(text, top.chunk, top.pin);
		ma_text_char(text, '}');
	}
	key(text, ",\n", "nearly_empty");
	ma_text_char(text, '[');
	for (unsigned i = 0; i < count; i++) {
		ma_text_string(text, i == 0 ? "" : ",");
		write_pinned(text, &pinned[i]);
	}
	ma_text_string(text, "]}");
}

void ma_map_write_json(struct text *text)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	number(text, "{", "libma_map", 1);
	key(text, ",", "version");
	ma_text_quoted(text, ma_version());
	number(text, ",", "time_ms", (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
	number(text, ",", "page", ma_source_page());
	key(text, ",\n", "stats");
	ma_stats_write(text, MA_JSON);
	write_chunks(text);
	write_large(text);
	write_pins(text);
	ma_text_string(text, "}\n");
}
