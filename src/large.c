/* SPDX-License-Identifier: MIT */
/*
 * large.c - owns the table of large objects and the cache of freed mappings.
 *
 * The objects carry no header: a table, hashed by address with linear probing, knows their sizes. So a mapping
 * is page-aligned to its user, no page is touched for our sake, and no overflow reaches what we know.
 *
 * A freed mapping waits in the cache, since mapping and faulting in anew costs far more than any malloc. Neighbours
 * in it are joined; what is too large is split, and what is too small may grow by mremap. The cache holds at most a
 * quarter as many bytes as large objects are in use, or CACHE_LEAST, or else one mapping; the oldest
 * go first, and what has waited for DECAY_MS goes at the next large free, or when the blocks look what can go.
 * If a mapping is wanted soon after one was let go for want of room, it had better been kept: such *regret* makes room
 * for as much more, and fades. It hardly makes the process larger: with what is in use that is no more than lately was in use
 * at a time, or CACHE_LEAST_ALONE.
 */
#include "large.h"

#include <string.h>

#include "clock.h"
#include "limit.h"
#include "lock.h"
#include "root.h"
#include "source.h"

#define CACHE_SLOTS 16u
#define WIPED_PAGES 1024u /* that the system is asked about at once */
#define CACHE_LEAST ((size_t)8 * 1024 * 1024)
#define CACHE_LEAST_ALONE ((size_t)32 * 1024 * 1024)
#define DECAY_MS 500
#define REGRET_MS 100 /* seldom enough that mapping and faulting in anew does not matter */
#define LAST_PART 64  /* with no more of the peak in use this may be the last free for long */
/* Huge pages back mappings once so much was resident that it does not show: a program may touch little of what it
 * asks for. */
#define HUGE_FROM ((size_t)24 * 1024 * 1024)
#define NAME "libma large object"

struct large {
	char *start; /* NULL: an empty place */
	size_t size;
};

struct cached {
	char *start;
	size_t size;
	uint64_t since; /* milliseconds */
};

static struct lock large_lock = MA_LOCK_INIT;
static struct large first_table[64]; /* saves a mapping in most programs */
static struct large *table = first_table;
static size_t table_size = 64; /* places: a power of two, at most half of them taken */
static size_t objects, used_bytes;
static struct cached cache[CACHE_SLOTS]; /* the oldest first */
static unsigned cache_count;
static size_t cache_bytes;
MA_NEAR MA_SHARED(bool) ma_large_waits; /* cache_count != 0 */
static size_t peak_bytes;		/* the most that used_bytes lately was */
static size_t regret;			/* bytes that may wait besides */
static uint64_t regret_at;		/* milliseconds: when it faded last */
static uint64_t let_go_at;		/* milliseconds: when something went for want of room */

MA_ROOT(large, table);
MA_ROOT(large, table_size);
MA_ROOT(large, objects);
MA_ROOT(large, used_bytes);
MA_ROOT(large, cache);
MA_ROOT(large, cache_count);
MA_ROOT(large, cache_bytes);
MA_ROOT_LOCK(large, large_lock);

bool ma_large_try_lock(void)
{
	return ma_lock_try(&large_lock);
}

void ma_large_lock_all(void)
{
	ma_lock_keep(&large_lock);
}

void ma_large_unlock_all(void)
{
	ma_lock_release(&large_lock);
}

/* --- the table; callers hold the lock --- */

static size_t place_of(const char *start)
{
	return (size_t)(((uintptr_t)start >> 12) * MA_HASH >> 20) & (table_size - 1);
}

/* The place of `start`, or the empty one where it would be. */
static struct large *table_find(const char *start)
{
	size_t at = place_of(start);

	while (table[at].start != NULL && table[at].start != start)
		at = (at + 1) & (table_size - 1);
	return &table[at];
}

static bool table_grow(void)
{
	struct large *old = table;
	size_t old_size = table_size, bytes = table_size * 2 * sizeof(*table);
	struct large *new = ma_source_map(ma_round_up(bytes, ma_source_page()), MA_UNIT);

	if (new == NULL)
		return false;
	table = new;
	table_size *= 2;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].start != NULL)
			*table_find(old[i].start) = old[i];
	if (old != first_table)
		ma_source_unmap(old, ma_round_up(old_size * sizeof(*old), ma_source_page()));
	return true;
}

static bool table_insert(char *start, size_t size)
{
	/* Without memory for a larger table this one fills up, but for one place, where a search ends. */
	if (objects >= table_size / 2 && !table_grow() && objects == table_size - 1)
		return false;
	*table_find(start) = (struct large){start, size};
	objects++;
	used_bytes += size;
	peak_bytes = ma_max(peak_bytes, used_bytes);
	return true;
}

static void table_remove(struct large *place)
{
	size_t hole = (size_t)(place - table), at = hole;

	objects--;
	used_bytes -= place->size;
	/* Close the gap: what a probe would no longer find moves back into it. */
	for (;;) {
		size_t home;
		at = (at + 1) & (table_size - 1);
		if (table[at].start == NULL)
			break;
		home = place_of(table[at].start);
		if (((at - home) & (table_size - 1)) >= ((at - hole) & (table_size - 1))) {
			table[hole] = table[at];
			hole = at;
		}
	}
	table[hole].start = NULL;
}

/* --- the cache; callers hold the lock --- */

static struct cached cache_take(unsigned index)
{
	struct cached taken = cache[index];

	cache_count--;
	cache_bytes -= taken.size;
	ma_store_relaxed(&ma_large_waits, cache_count != 0); /* who reads it late comes again */
	for (unsigned i = index; i < cache_count; i++)
		cache[i] = cache[i + 1];
	return taken;
}

/* More than this is not given to an object that did not ask for it. */
static size_t spare_for(size_t size)
{
	return size / 8;
}

/* Is `piece` better to make `size` bytes of than `best`? The smallest that is large enough is, or else the largest. */
static bool is_better(const struct cached *piece, const struct cached *best, size_t size)
{
	if (best == NULL || (piece->size >= size) != (best->size >= size))
		return best == NULL || piece->size >= size;
	return piece->size >= size ? piece->size < best->size : piece->size > best->size;
}

/* Takes a cached mapping, or a part of one, of at least `size` bytes; or, if there is none, a smaller one that
 * is worth growing, as far as the caller may. */
static bool cache_find(size_t size, size_t align, bool may_grow, struct cached *found)
{
	struct cached *best = NULL;
	size_t whole = ma_round_up(size, MA_HUGE_PAGE), part;

	for (struct cached *piece = cache; piece < cache + cache_count; piece++)
		if (((uintptr_t)piece->start & (align - 1)) == 0 && is_better(piece, best, size))
			best = piece;
	if (best == NULL || (best->size < size && (!may_grow || best->size < size / 2)))
		return false;
	part = whole - size <= spare_for(size) ? whole : size; /* better without splitting a huge page */
	if (best->size <= part + spare_for(size)) {
		*found = cache_take((unsigned)(best - cache));
		return true;
	}
	*found = (struct cached){best->start, part, best->since};
	best->start += part;
	best->size -= part;
	cache_bytes -= part;
	return true;
}

/* Puts a freed mapping into the cache, joined with those that lie beside it. */
static void cache_add(struct cached freed)
{
	for (unsigned i = cache_count; i-- > 0;) {
		if (cache[i].start + cache[i].size == freed.start)
			freed.start = cache[i].start;
		else if (freed.start + freed.size != cache[i].start)
			continue;
		freed.size += cache_take(i).size;
	}
	cache[cache_count++] = freed;
	cache_bytes += freed.size;
	ma_store_relaxed(&ma_large_waits, true);
}

/* How many bytes may wait. */
static size_t cache_most(void)
{
	size_t least = ma_max(CACHE_LEAST, used_bytes / 4), most = CACHE_LEAST_ALONE;

	if (used_bytes > peak_bytes / LAST_PART)
		most = ma_max(most, peak_bytes - used_bytes);
	return least + ma_min(regret, most);
}

/* And how many if it is one mapping, alone. */
static size_t most_alone(void)
{
	return ma_max(CACHE_LEAST_ALONE, ma_max(used_bytes, regret));
}

/* Nothing in the cache serves, or all but `size` bytes, and so many are to be mapped. */
static void note_regret(size_t size)
{
	uint64_t now = ma_clock_ms();

	if (let_go_at != 0 && now - let_go_at < REGRET_MS)
		regret = ma_min(regret + size, ma_max(peak_bytes, CACHE_LEAST_ALONE));
}

/* Takes out of the cache what is too much or too old; returns how many mappings now stand in `out`. */
static unsigned cache_evict(struct cached out[CACHE_SLOTS], uint64_t now, size_t incoming)
{
	size_t most = cache_most();
	unsigned count = 0;

	if (now - regret_at >= DECAY_MS) {
		regret -= regret / 4;
		peak_bytes -= (peak_bytes - used_bytes) / 4;
		regret_at = now;
	}
	while (cache_count > 0 && (cache_count == CACHE_SLOTS || cache_bytes + incoming > most ||
				   now - cache[0].since >= DECAY_MS))
		out[count++] = cache_take(0);
	return count;
}

/* Memory for objects, or NULL; and back. */
static char *map_counted(size_t size, size_t align)
{
	char *start;

	if (!ma_limit_take(size))
		return NULL;
	start = ma_source_map_named(size, align, NAME);
	if (start == NULL)
		ma_limit_give(size);
	return start;
}

static void unmap_counted(char *start, size_t size)
{
	ma_source_unmap(start, size);
	ma_limit_give(size);
}

static size_t unmap_all(const struct cached *out, unsigned count)
{
	size_t given = 0;

	for (unsigned i = 0; i < count; i++) {
		unmap_counted(out[i].start, out[i].size);
		given += out[i].size;
	}
	return given;
}

/* --- the functions of the layer --- */

static bool is_for_huge_pages(size_t size)
{
	return size >= LARGE_MIN && ma_source_peak_resident() >= HUGE_FROM && ma_source_has_huge();
}

static char *map_new(size_t size, size_t align)
{
	bool huge = is_for_huge_pages(size);
	char *start = map_counted(size, huge ? ma_max(align, MA_HUGE_PAGE) : align);

	if (start == NULL && huge) /* room for the object alone is enough */
		start = map_counted(size, align);
	if (start == NULL && ma_large_trim() > 0)
		start = map_counted(size, align);
	if (start != NULL && huge)
		ma_source_take_huge(start, size);
	return start;
}

/* Moves a mapping's pages to where they may grow. Huge pages stay so only if their alignment does. */
static char *map_resize(char *start, size_t old_size, size_t size, bool may_move)
{
	size_t align = size >= LARGE_MIN ? MA_HUGE_PAGE : MA_UNIT;
	char *moved = ma_source_remap(start, old_size, size, may_move ? align : 0);

	if (moved != NULL && moved != start && is_for_huge_pages(size))
		ma_source_huge(moved, size, true);
	return moved;
}

static char *grow(char *start, size_t old_size, size_t size, bool may_move)
{
	char *moved;

	if (!ma_limit_take(size - old_size))
		return NULL;
	moved = map_resize(start, old_size, size, may_move);
	if (moved == NULL)
		ma_limit_give(size - old_size);
	return moved;
}

/* A mapping for an object, new or from the cache, where `*zero` tells which. */
static struct cached map_for(size_t size, size_t align, bool *zero)
{
	struct cached found = {0};
	bool cached;

	ma_lock(&large_lock);
	cached = cache_find(size, align, align <= ma_source_page(), &found);
	if (!cached || found.size < size)
		note_regret(size - found.size);
	ma_unlock(&large_lock);
	*zero = false;
	if (cached && found.size < size) {
		char *grown = grow(found.start, found.size, size, true);
		if (grown != NULL)
			return (struct cached){.start = grown, .size = size};
		unmap_counted(found.start, found.size);
		cached = false;
	}
	if (cached)
		return found;
	*zero = true;
	return (struct cached){.start = map_new(size, align), .size = size};
}

void *ma_large_alloc(size_t size, size_t align, bool *zero)
{
	struct cached out[CACHE_SLOTS], map;
	unsigned count = 0;
	bool known;

	if (size > PTRDIFF_MAX - MA_WINDOW || align > PTRDIFF_MAX)
		return NULL;
	size = ma_round_up(ma_max(size, 1), ma_source_page());
	if (ma_round_up(size, MA_HUGE_PAGE) - size <= spare_for(size) && is_for_huge_pages(size))
		size = ma_round_up(size, MA_HUGE_PAGE);
	map = map_for(size, align, zero);
	if (map.start == NULL)
		return NULL;
	ma_lock(&large_lock);
	known = table_insert(map.start, map.size);
	if (used_bytes + cache_bytes > peak_bytes) /* before the new one is written to */
		count = cache_evict(out, ma_clock_ms(), 0);
	ma_unlock(&large_lock);
	unmap_all(out, count);
	if (!known) {
		unmap_counted(map.start, map.size);
		return NULL;
	}
	return map.start;
}

bool ma_large_free(void *p)
{
	struct cached out[CACHE_SLOTS + 1];
	struct large *place;
	unsigned count;
	bool known;

	if (((uintptr_t)p & (ma_source_page() - 1)) != 0 || p == NULL)
		return false;
	ma_lock(&large_lock);
	place = table_find(p);
	known = place->start != NULL;
	if (known) {
		uint64_t now = ma_clock_ms();
		struct cached freed = {place->start, place->size, now};
		table_remove(place);
		count = cache_evict(out, now, freed.size);
		if (cache_bytes + freed.size <= cache_most() ||
		    (cache_count == 0 && freed.size <= most_alone()))
			cache_add(freed);
		else
			out[count++] = freed;
		if (count != 0)
			let_go_at = now;
	}
	ma_unlock(&large_lock);
	if (known)
		unmap_all(out, count);
	return known;
}

size_t ma_large_size(const void *p)
{
	const struct large *place;
	size_t size;

	if (p == NULL)
		return 0;
	ma_lock(&large_lock);
	place = table_find(p);
	size = place->start == NULL ? 0 : place->size;
	ma_unlock(&large_lock);
	return size;
}

void *ma_large_resize(void *p, size_t size, bool may_move)
{
	size_t old_size;
	char *moved = p;
	struct large *place;
	bool known;

	if (size > PTRDIFF_MAX - MA_WINDOW)
		return NULL;
	size = ma_round_up(size, ma_source_page());
	ma_lock(&large_lock);
	place = table_find(p);
	known = place->start != NULL;
	old_size = place->size;
	if (known && size != old_size) /* while it is out of the table nobody else can be given its address */
		table_remove(place);
	ma_unlock(&large_lock);
	MA_CHECK(known, "double free of a large object", p); /* judged, but another thread was faster */
	if (size == old_size)
		return p;
	if (size < old_size)
		unmap_counted((char *)p + size, old_size - size);
	else
		moved = grow(p, old_size, size, may_move);
	ma_lock(&large_lock);
	/* There is room: the place that was just emptied, unless others took it, and the table grew for them. */
	if (!table_insert(moved == NULL ? p : moved, moved == NULL ? old_size : size))
		ma_fatal("out of memory for the table of large objects", p);
	ma_unlock(&large_lock);
	return moved;
}

void ma_large_clear(void *p, size_t size)
{
	size_t given = ma_source_purge(p, (char *)p + size); /* the program may touch little of it */

	memset((char *)p + given, 0, size - given);
}

void ma_large_wipe(void *p, size_t size)
{
	unsigned char resident[WIPED_PAGES];
	size_t page = ma_source_page(), done = 0;

	while (done < size) {
		char *start = (char *)p + done;
		size_t bytes = ma_min(size - done, WIPED_PAGES * page), pages = (bytes + page - 1) / page;
		bool told = ma_source_resident_pages(start, pages, resident);

		for (size_t from = 0, to; from < pages; from = to) {
			bool there = !told || resident[from] & 1;

			for (to = from + 1; to < pages && (!told || (resident[to] & 1) == there); to++)
				;
			if (there)
				memset(start + from * page, 0, ma_min(to * page, bytes) - from * page);
			else /* never touched, or swapped out */
				ma_large_clear(start + from * page, ma_min(to * page, bytes) - from * page);
		}
		done += bytes;
	}
}

void ma_large_age(uint64_t now)
{
	struct cached out[CACHE_SLOTS];
	unsigned count = 0;

	ma_lock(&large_lock);
	while (cache_count > 0 && now >= cache[0].since + DECAY_MS) /* which may be later than `now` */
		out[count++] = cache_take(0);
	ma_unlock(&large_lock);
	unmap_all(out, count);
}

size_t ma_large_trim(void)
{
	struct cached out[CACHE_SLOTS];
	unsigned count = 0;

	ma_lock(&large_lock);
	while (cache_count > 0)
		out[count++] = cache_take(0);
	ma_unlock(&large_lock);
	return unmap_all(out, count);
}

bool ma_large_is_cached(const void *p)
{
	bool found = false;

	if (((uintptr_t)p & (ma_source_page() - 1)) != 0)
		return false;
	ma_lock(&large_lock);
	for (unsigned i = 0; i < cache_count; i++)
		found = found || (uintptr_t)p - (uintptr_t)cache[i].start < cache[i].size;
	ma_unlock(&large_lock);
	return found;
}

static void see_around(const struct large_place *place, void *arg)
{
	struct large_place *around = arg;

	if ((uintptr_t)around->start - (uintptr_t)place->start < place->size)
		*around = *place;
}

bool ma_large_around(const void *p, struct large_place *place)
{
	*place = (struct large_place){.start = (char *)(uintptr_t)p};
	ma_lock(&large_lock);
	ma_large_each(see_around, place);
	ma_unlock(&large_lock);
	return place->size != 0;
}

void ma_large_count(size_t *used, size_t *cached, size_t *count)
{
	ma_lock(&large_lock);
	*used = used_bytes;
	*cached = cache_bytes;
	*count = objects;
	ma_unlock(&large_lock);
}

bool ma_large_after(const void *after, struct large_place *place)
{
	const char *low = after;

	place->start = NULL;
	ma_lock(&large_lock);
	for (size_t i = 0; i < table_size; i++)
		if (table[i].start > low && (place->start == NULL || table[i].start < place->start))
			*place = (struct large_place){table[i].start, table[i].size, false};
	for (unsigned i = 0; i < cache_count; i++)
		if (cache[i].start > low && (place->start == NULL || cache[i].start < place->start))
			*place = (struct large_place){cache[i].start, cache[i].size, true};
	ma_unlock(&large_lock);
	return place->start != NULL;
}

void ma_large_each(void (*see)(const struct large_place *place, void *arg), void *arg)
{
	struct large_place place;

	for (size_t i = 0; i < table_size; i++) {
		place = (struct large_place){table[i].start, table[i].size, false};
		if (place.start != NULL)
			see(&place, arg);
	}
	for (unsigned i = 0; i < cache_count; i++) {
		place = (struct large_place){cache[i].start, cache[i].size, true};
		see(&place, arg);
	}
}

void ma_large_own(void (*see)(const void *start, size_t size, void *arg), void *arg)
{
	see(table, table_size * sizeof(*table), arg);
	see(first_table, sizeof(first_table),
	    arg); /* what a larger one has replaced is still written there */
	see(cache, sizeof(cache), arg);
}
