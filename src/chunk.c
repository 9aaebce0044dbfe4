/* SPDX-License-Identifier: MIT */
/*
 * chunk.c - owns the registry, the break and the chunks' outer fields.
 *
 * The registry is a radix tree of two levels over windows: a root that covers the address space and leaves
 * of 2^17 windows each. Both are zero pages until used, so it costs a small program two OS pages. A leaf,
 * once made, stays. It is read without a lock: tests/model/registry.pml proves that this is safe.
 *
 * The break may be moved by others. A chunk is grown only if the break still stands at its end; if not, a
 * new chunk is begun beyond the stranger's memory, at a window's edge. Memory on the break goes back from the
 * top only.
 */
#include "chunk.h"

#include <string.h>

#include "limit.h"
#include "lock.h"
#include "root.h"
#include "source.h"

/* So few cells are as soon touched by their user, at a page fault each. */
#define LEAST_POPULATED 2

/* A first chunk on the break that is smaller than this is not worth its header. */
#define LEAST_CHUNK ((size_t)256 * 1024)

static MA_NEAR struct lock chunk_lock = MA_LOCK_INIT;
static struct chunk_leaf first_leaf; /* saves a mapping in programs that only have the break */
MA_SHARED(struct chunk_leaf *) ma_chunk_registry[REGISTRY_ENTRIES];
static bool first_leaf_taken;
static struct chunk *top_chunk; /* the chunk on the break that was made last, NULL if it was given back */

MA_ROOT(chunk, ma_chunk_registry);
MA_ROOT(chunk, top_chunk);
MA_ROOT_LOCK(chunk, chunk_lock);
MA_ROOT_STRUCT(chunk, chunk);
MA_ROOT_STRUCT(chunk, slab);

static_assert(sizeof(struct slab) == 128, "a slab's descriptor fills two cache lines");
static_assert(sizeof(struct chunk) % 16 == 0, "blocks start on a whole unit");

bool ma_chunk_try_lock(void)
{
	return ma_lock_try(&chunk_lock);
}

void ma_chunk_lock_all(void)
{
	ma_lock_keep(&chunk_lock);
}

void ma_chunk_unlock_all(void)
{
	ma_lock_release(&chunk_lock);
}

/* --- the registry --- */

struct chunk *ma_chunk_after(const struct chunk *chunk)
{
	uintptr_t window = chunk == NULL ? 0 : ((uintptr_t)chunk >> MA_WINDOW_SHIFT) + 1;

	while (window >> REGISTRY_LEAF_BITS < REGISTRY_ENTRIES) {
		MA_SHARED(struct chunk *) *entry = ma_chunk_entry(window);
		struct chunk *found = entry == NULL ? NULL : ma_load_acquire(entry);
		if (found != NULL)
			return found;
		window = entry == NULL ? ((window >> REGISTRY_LEAF_BITS) + 1) << REGISTRY_LEAF_BITS
				       : window + 1;
	}
	return NULL;
}

void ma_chunk_own(void (*see)(const void *start, size_t size, void *arg), void *arg)
{
	for (size_t i = 0; i < REGISTRY_ENTRIES; i++) {
		/* Pairs with registry_set's release. */
		const struct chunk_leaf *leaf = ma_load_acquire(&ma_chunk_registry[i]);
		if (leaf != NULL)
			see(leaf, ma_round_up(sizeof(*leaf), ma_source_page()), arg);
	}
}

/* Caller holds the chunk lock. False if a leaf can't be had, or the window has its chunk already. */
static bool registry_set(struct chunk *chunk)
{
	uintptr_t window = (uintptr_t)chunk >> MA_WINDOW_SHIFT;
	MA_SHARED(struct chunk *) *entry;

	if (window >> REGISTRY_LEAF_BITS >= REGISTRY_ENTRIES)
		return false;
	entry = ma_chunk_entry(window);
	if (entry == NULL) {
		struct chunk_leaf *leaf = &first_leaf;
		if (first_leaf_taken)
			leaf = ma_source_map(ma_round_up(sizeof(*leaf), ma_source_page()), MA_UNIT);
		if (leaf == NULL)
			return false;
		first_leaf_taken = true;
		/* Pairs with ma_chunk_entry's acquire. */
		ma_store_release(&ma_chunk_registry[window >> REGISTRY_LEAF_BITS], leaf);
		entry = ma_chunk_entry(window);
	}
	if (ma_load_relaxed(entry) != NULL)
		return false;
	ma_store_release(entry, chunk); /* pairs with ma_chunk_of's acquire */
	return true;
}

static void registry_clear(struct chunk *chunk)
{
	ma_store_relaxed(ma_chunk_entry((uintptr_t)chunk >> MA_WINDOW_SHIFT), NULL);
}

/* --- what is resident --- */

static size_t cell_of(const char *p)
{
	return ((uintptr_t)p & (MA_WINDOW - 1)) / CHUNK_CELL;
}

static bool cell_is_resident(const struct chunk *chunk, size_t cell)
{
	return chunk->resident[cell / 64] >> (cell % 64) & 1;
}

/* Are all cells from `first` to `last` known to be resident? */
static bool cells_are_resident(const struct chunk *chunk, size_t first, size_t last)
{
	for (; first / 64 < last / 64; first = first / 64 * 64 + 64)
		if (~chunk->resident[first / 64] >> (first % 64) != 0)
			return false;
	return (~chunk->resident[last / 64] << (63 - last % 64) >> (63 - last % 64 + first % 64)) == 0;
}

/* The bits of a word that stand for cells from `first` to `last`, of which one at least has its bit there. */
static uint64_t bits_in_word(size_t word, size_t first, size_t last)
{
	uint64_t bits = UINT64_MAX;

	if (word == first / 64)
		bits &= UINT64_MAX << (first % 64);
	if (word == last / 64)
		bits &= UINT64_MAX >> (63 - last % 64);
	return bits;
}

size_t ma_chunk_resident(const struct chunk *chunk, const char *from, const char *to)
{
	size_t first = cell_of(from), last = cell_of(to - 1), count = 0;

	for (size_t word = first / 64; word <= last / 64; word++)
		count += ma_count_bits(bits_in_word(word, first, last) & chunk->resident[word]);
	return count * CHUNK_CELL;
}

/* [from, to), which is not empty, is not resident any more. Returns how many bytes of it were known to be. */
static size_t cells_forget(struct chunk *chunk, const char *from, const char *to)
{
	size_t first = cell_of(from), last = cell_of(to - 1), known = ma_chunk_resident(chunk, from, to);

	for (size_t word = first / 64; word <= last / 64; word++)
		chunk->resident[word] &= ~bits_in_word(word, first, last);
	return known;
}

/* --- making and giving back --- */

/* Fills in a header that is zero so far. */
static void chunk_begin(struct chunk *chunk, void *owner, char *end, bool on_break, bool huge)
{
	size_t size = (size_t)(end - (char *)chunk);

	if (!huge) {
		ma_source_populate((char *)chunk, (char *)chunk + 1);
	} else if (ma_source_take_huge(chunk, size)) {
		/* Faulting in is so cheap that nothing need be touched ahead. */
		chunk->huge = true;
		memset(chunk->resident, 0xff, sizeof(chunk->resident));
	} else { /* the first one is there */
		memset(chunk->resident, 0xff, sizeof(chunk->resident) * MA_HUGE_PAGE / MA_WINDOW);
	}
	ma_store_relaxed(&chunk->owner, owner);
	chunk->start = (char *)(chunk + 1);
	ma_store_relaxed(&chunk->end, end);
	chunk->limit = (char *)ma_round_up((uintptr_t)end, MA_WINDOW);
	chunk->fresh = chunk->start;
	chunk->on_break = on_break;
	chunk->slab_in_use[0] = 1;
	ma_store_relaxed(&chunk->slab[0].remote, REMOTE_EMPTY | REMOTE_NOTIFY);
}

/* Where on the break the next chunk would begin. */
static uintptr_t break_chunk_at(uintptr_t top)
{
	uintptr_t at = ma_round_up(top, 64);
	uintptr_t edge = ma_round_up(at, MA_WINDOW);

	if (edge - at < LEAST_CHUNK || ma_chunk_entry(at >> MA_WINDOW_SHIFT) == NULL)
		return edge - at < LEAST_CHUNK ? edge : at;
	return ma_load_relaxed(ma_chunk_entry(at >> MA_WINDOW_SHIFT)) == NULL ? at : edge;
}

static struct chunk *chunk_new_on_break(void *owner, size_t need, bool huge)
{
	size_t page = ma_source_page();
	uintptr_t top = (uintptr_t)ma_source_break();
	uintptr_t at = break_chunk_at(top);
	uintptr_t edge = ma_round_up(at + 1, MA_WINDOW);
	uintptr_t end = ma_round_up(at + sizeof(struct chunk) + need, page), written;
	struct chunk *chunk;
	char *got;

	if (huge) { /* all of a window */
		at = ma_round_up(top, MA_WINDOW);
		end = at + MA_WINDOW;
	} else if (end > edge) { /* what is left of this window is too small */
		at = edge;
		end = ma_round_up(at + sizeof(struct chunk) + need, page);
	}
	if (top == 0 || end <= at)
		return NULL;
	if (!ma_limit_take(end - top))
		return NULL;
	got = ma_source_break_grow(end - top);
	/* Moved under our hands: give back, and leave the break alone this time. */
	if (got != NULL && (uintptr_t)got != top) {
		ma_source_break_shrink(got + (end - top), end - top);
		got = NULL;
	}
	if (got == NULL) {
		ma_limit_give(end - top);
		return NULL;
	}
	chunk = (struct chunk *)at;
	/* The rest of the break's last OS page keeps what was written there while the break was higher. */
	written = ma_round_up(at, page);
	memset(chunk, 0, ma_min(written - at, sizeof(*chunk)));
	chunk_begin(chunk, owner, (char *)end, true, huge);
	chunk->fresh = (char *)ma_max((uintptr_t)chunk->fresh, written);
	chunk->foot = got;
	if (!registry_set(chunk)) {
		ma_source_break_shrink((char *)end, end - top);
		ma_limit_give(end - top);
		return NULL;
	}
	top_chunk = chunk;
	return chunk;
}

static struct chunk *chunk_new_mapped(void *owner, bool huge)
{
	struct chunk *chunk;

	if (!ma_limit_take(MA_WINDOW))
		return NULL;
	chunk = ma_source_map_named(MA_WINDOW, MA_WINDOW, "libma heap");
	if (chunk == NULL) {
		ma_limit_give(MA_WINDOW);
		return NULL;
	}
	chunk_begin(chunk, owner, (char *)chunk + MA_WINDOW, false, huge);
	if (!registry_set(chunk)) {
		ma_source_unmap(chunk, MA_WINDOW);
		ma_limit_give(MA_WINDOW);
		return NULL;
	}
	return chunk;
}

struct chunk *ma_chunk_new(void *owner, size_t need, bool on_break, bool huge)
{
	struct chunk *chunk = NULL;

	if (need > MA_WINDOW - sizeof(struct chunk))
		return NULL;
	ma_lock(&chunk_lock);
	if (on_break && ma_source_break_is_safe())
		chunk = chunk_new_on_break(owner, need, huge);
	if (chunk == NULL)
		chunk = chunk_new_mapped(owner, huge);
	ma_unlock(&chunk_lock);
	return chunk;
}

size_t ma_chunk_extend(struct chunk *chunk, size_t need, size_t step)
{
	size_t size = ma_round_up(ma_max(need, step), ma_source_page());
	char *end = ma_chunk_end(chunk);
	size_t room = (size_t)(chunk->limit - end);
	char *got = NULL;

	if (!chunk->on_break || need > room)
		return 0;
	size = ma_min(size, room);
	if (!ma_limit_take(size)) {
		size = ma_round_up(need, ma_source_page()); /* without a step ahead */
		if (size > room || !ma_limit_take(size))
			return 0;
	}
	ma_lock(&chunk_lock);
	if (chunk == top_chunk && ma_source_break_is_safe() && ma_source_break() == end) {
		got = ma_source_break_grow(size);
		if (got != NULL && got != end) {
			ma_source_break_shrink(got + size, size);
			got = NULL;
		}
	}
	ma_unlock(&chunk_lock);
	if (got == NULL) {
		ma_limit_give(size);
		return 0;
	}
	ma_store_relaxed(&chunk->end, end + size);
	return size;
}

bool ma_chunk_shrink(struct chunk *chunk, size_t size)
{
	char *end = ma_chunk_end(chunk);
	bool done = false;

	ma_lock(&chunk_lock);
	if (chunk->on_break && chunk == top_chunk && ma_source_break_is_safe())
		done = ma_source_break_shrink(end, size);
	ma_unlock(&chunk_lock);
	if (!done)
		return false;
	ma_limit_give(size);
	end -= size;
	ma_store_relaxed(&chunk->end, end);
	/* What grows back is new to us and zero. */
	if (chunk->fresh > end)
		chunk->fresh = end;
	cells_forget(chunk, end, end + size);
	return true;
}

static bool chunk_delete_on_break(struct chunk *chunk)
{
	char *foot = chunk->foot;
	char *end = ma_chunk_end(chunk);
	size_t size = (size_t)(end - foot);

	/* Off the registry first: once the break is down, a stranger may have the memory. */
	if (chunk != top_chunk || !ma_source_break_is_safe() || ma_source_break() != end)
		return false;
	registry_clear(chunk);
	if (!ma_source_break_shrink(end, size)) {
		registry_set(chunk);
		return false;
	}
	ma_limit_give(size);
	/* What lay between the chunk below and this one is gone too, so that one is the top of the break again. */
	top_chunk = ma_chunk_of(foot - 1);
	if (top_chunk != NULL && ma_chunk_end(top_chunk) != foot)
		top_chunk = NULL;
	return true;
}

bool ma_chunk_delete(struct chunk *chunk)
{
	bool done = true;

	ma_lock(&chunk_lock);
	if (chunk->on_break) {
		done = chunk_delete_on_break(chunk);
	} else {
		registry_clear(chunk);
		ma_source_unmap(chunk, MA_WINDOW);
		ma_limit_give(MA_WINDOW);
	}
	ma_unlock(&chunk_lock);
	return done;
}

static void set_huge(struct chunk *chunk, bool huge)
{
	ma_source_huge(chunk, (size_t)(ma_chunk_end(chunk) - (char *)chunk), huge);
	chunk->huge = huge;
	chunk->split = !huge;
}

#define HUGE_CELLS (MA_HUGE_PAGE / CHUNK_CELL)

/* With the cells from `first` to `last`: would each huge page be whole, or not resident at all, or be touched for the first
 * time, and so become whole? */
static bool leaves_whole_pages(const struct chunk *chunk, size_t first, size_t last)
{
	for (size_t page = 0; page < CHUNK_CELLS; page += HUGE_CELLS) {
		size_t had = 0, has = 0;
		for (size_t word = page / 64; word < (page + HUGE_CELLS) / 64; word++) {
			uint64_t bits = chunk->resident[word];
			had += ma_count_bits(bits);
			if (word >= first / 64 && word <= last / 64)
				bits |= bits_in_word(word, first, last);
			has += ma_count_bits(bits);
		}
		if (had != 0 && has != HUGE_CELLS)
			return false;
	}
	return true;
}

/* Does the work where something is not known to be resident. */
static MA_COLD size_t chunk_touch(struct chunk *chunk, size_t first, size_t last, size_t ahead)
{
	size_t most = cell_of(ma_chunk_end(chunk) - 1);
	char *base = (char *)ma_round_down((uintptr_t)chunk, MA_WINDOW);

	last = ma_min(last, most);
	while (first <= last && cell_is_resident(chunk, first))
		first++;
	if (first > last)
		return 0;
	while (cell_is_resident(chunk, last))
		last--;
	if (chunk->split && leaves_whole_pages(chunk, first, last))
		set_huge(chunk, true);
	while (chunk->huge && first % HUGE_CELLS != 0 && !cell_is_resident(chunk, first - 1))
		first--; /* the system makes no less of it resident */
	if (chunk->huge)
		ahead = ma_max(ahead, MA_HUGE_PAGE - first * CHUNK_CELL % MA_HUGE_PAGE);
	while (last < most && (last + 1 - first) * CHUNK_CELL < ahead && !cell_is_resident(chunk, last + 1))
		last++;
	if (last - first >= LEAST_POPULATED)
		ma_source_populate(base + first * CHUNK_CELL, base + (last + 1) * CHUNK_CELL);
	return ma_chunk_assume(chunk, base + first * CHUNK_CELL, base + (last + 1) * CHUNK_CELL);
}

size_t ma_chunk_touch(struct chunk *chunk, const char *from, const char *to, size_t ahead)
{
	size_t first = cell_of(from), last = ma_min(cell_of(to - 1), cell_of(ma_chunk_end(chunk) - 1));

	return first > last || cells_are_resident(chunk, first, last)
		       ? 0
		       : chunk_touch(chunk, first, last, ahead);
}

size_t ma_chunk_assume(struct chunk *chunk, const char *from, const char *to)
{
	size_t first = cell_of(from), last = cell_of(to - 1), count = 0;

	for (size_t word = first / 64; word <= last / 64; word++) {
		uint64_t bits = bits_in_word(word, first, last);
		count += ma_count_bits(bits & ~chunk->resident[word]);
		chunk->resident[word] |= bits;
	}
	return count * CHUNK_CELL;
}

size_t ma_chunk_purge(struct chunk *chunk, char *from, char *to, bool thorough)
{
	size_t page = chunk->huge && !thorough ? MA_HUGE_PAGE : ma_source_page();
	char *first = (char *)ma_round_up((uintptr_t)from, page),
	     *end = (char *)ma_round_down((uintptr_t)to, page);

	if (first >= end || ma_source_purge(first, end) == 0)
		return 0;
	if (chunk->huge && (((uintptr_t)first | (uintptr_t)end) & (MA_HUGE_PAGE - 1)) != 0)
		set_huge(chunk, false);
	return cells_forget(chunk, first, end);
}

/* --- slab descriptors --- */

struct slab *ma_chunk_take_slab(struct chunk *chunk)
{
	for (unsigned word = 0; word < MA_GRANULES / 64; word++) {
		uint64_t free = ~chunk->slab_in_use[word];
		if (free != 0) {
			unsigned bit = (unsigned)__builtin_ctzll(free);
			chunk->slab_in_use[word] |= (uint64_t)1 << bit;
			return &chunk->slab[word * 64 + bit];
		}
	}
	return NULL;
}

void ma_chunk_drop_slab(struct chunk *chunk, struct slab *slab)
{
	unsigned index = (unsigned)(slab - chunk->slab);

	chunk->slab_in_use[index / 64] &= ~((uint64_t)1 << (index % 64));
}
