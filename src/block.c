/* SPDX-License-Identifier: MIT */
/*
 * block.c - owns every header of the tiling: split, coalesce, and the heap's growth and give-back.
 *
 * Called by the slab layer for slabs and by the heap layer for objects of middle size; only ever by the thread
 * that owns the heap, so nothing here is shared.
 *
 * A chunk's memory is new up from chunk->fresh: zero, and not resident. Blocks are taken from below, so that
 * edge moves up only. What is not known to be resident is made so shortly before use, in steps that grow with
 * the heap: one system call for many pages costs a tenth of as many page faults, and a small part of the
 * heap is the most that is resident and unused for it.
 *
 * Give-back follows use. Big free blocks are dirty until their pages are given back. What stayed dirty through
 * a whole window of time was not needed, and goes. When much comes free at once nobody may ever call again, so
 * more than a quarter of what is in use never waits. A program that takes purged memory into use again at once
 * is one that lives in bursts: it may keep more.
 */
#include "block.h"

#include <string.h>

#include "clock.h"
#include "header.h"
#include "large.h"
#include "root.h"
#include "source.h"

#define LEAST_KEEP ((size_t)256 * 1024)	 /* dirty bytes that may always wait */
#define LEAST_PURGE ((size_t)256 * 1024) /* bytes that are worth a purge */
#define WINDOW_MS 500
#define REGRET_MS 1000

/* Memory is made resident ahead of its use by a part of what is resident already: a larger one while that is little. */
#define AHEAD_PART 32
#define AHEAD_MOST ((size_t)64 * 1024)
#define AHEAD_PART_LARGE 128
#define AHEAD_MOST_LARGE ((size_t)1024 * 1024)

/* The links of the fit index, and what a big free block knows besides. */
struct free_block {
	struct mem_block header;
	uint64_t links[2];
	uint64_t dirty; /* of a big block: see dirty_set() */
};

static_assert(offsetof(struct free_block, dirty) <= BLOCK_LEAST_UNITS * MA_UNIT,
	      "the links fit into the smallest free block; only big ones have room for more");

MA_SHARED(uint64_t) ma_header_secret;

MA_ROOT(block, ma_header_secret);

/* --- headers --- */

/* The right neighbour, NULL at the chunk's end. */
static struct mem_block *right_of(const struct chunk *chunk, const struct mem_block *block)
{
	struct mem_block *right = ma_block_right(block);

	return (char *)right == ma_chunk_end(chunk) ? NULL : right;
}

/* Tells the right neighbour, or the chunk, of a block whose size is new. */
static void link_right(struct chunk *chunk, struct mem_block *block)
{
	struct mem_block *right = right_of(chunk, block);

	if (right == NULL) {
		chunk->last = block;
		return;
	}
	ma_block_verify(right); /* writing it anew must not hide that it was overwritten */
	ma_header_write(right, right->units, block->units, (enum block_state)right->state);
}

void ma_block_mark(struct mem_block *block, enum block_state state)
{
	ma_header_write(block, block->units, block->left_units, state);
}

/* A header that a merge has swallowed. In memory that is to stay zero it is wiped, elsewhere left as a mark. */
static void header_retire(struct chunk *chunk, struct mem_block *block)
{
	if ((char *)block + sizeof(struct free_block) > chunk->fresh) {
		memset(block, 0, ma_min(sizeof(struct free_block), block->units * MA_UNIT));
		return;
	}
	ma_block_mark(block, BLOCK_GONE);
}

enum block_fault ma_block_inspect(const struct chunk *chunk, const void *payload)
{
	const struct mem_block *block = ma_block_of(payload);

	if ((uintptr_t)payload % MA_UNIT != 0 || (const char *)block < chunk->start ||
	    (const char *)payload >= ma_chunk_end(chunk))
		return BLOCK_NOT_ONE;
	if (!ma_block_is_sound(block)) {
		const struct mem_block *around = ma_block_around(chunk, payload);
		return around == NULL || around == block ? BLOCK_DAMAGED : BLOCK_NOT_ONE;
	}
	switch (block->state) {
	case BLOCK_USED:
		return BLOCK_SOUND;
	case BLOCK_FREE:
	case BLOCK_WAITING:
	case BLOCK_GONE:
		return BLOCK_IS_FREE;
	default:
		return BLOCK_NOT_ONE;
	}
}

struct mem_block *ma_block_around(const struct chunk *chunk, const void *p)
{
	struct mem_block *block = ma_block_first(chunk);

	while (block != NULL && ma_block_is_sound(block)) {
		if ((const char *)p < (const char *)ma_block_right(block))
			return block;
		block = right_of(chunk, block);
	}
	return block;
}

/* --- free blocks in the index --- */

static bool is_big(const struct mem_block *block)
{
	return block->units >= BLOCK_BIG_UNITS;
}

/* `dirty` is kept as a multiple of MA_HASH, as the links of the index are: what is written over it is no number
 * of bytes that the block can have. */

static void dirty_set(struct mem_block *block, size_t dirty)
{
	((struct free_block *)block)->dirty = (dirty + 1) * MA_HASH;
}

static size_t dirty_of(const struct mem_block *block)
{
	uint64_t dirty = ((const struct free_block *)block)->dirty * MA_UNHASH - 1;

	MA_CHECK(dirty <= ma_block_bytes(block), "free block overwritten (a write after free?)",
		 ma_block_payload(block));
	return (size_t)dirty;
}

static void index_insert(struct blocks *blocks, struct mem_block *block, size_t dirty)
{
	blocks->changes++;
	ma_fit_insert(&blocks->fit, block);
	if (is_big(block)) {
		dirty = ma_min(dirty, ma_block_bytes(block));
		dirty_set(block, dirty);
		blocks->dirty += dirty;
	}
}

/* Returns how many bytes of the block may be resident. */
static size_t index_remove(struct blocks *blocks, struct mem_block *block)
{
	size_t dirty = ma_block_bytes(block);

	blocks->changes++;
	ma_fit_remove(&blocks->fit, block);
	if (is_big(block)) {
		dirty = dirty_of(block);
		blocks->dirty -= dirty;
		blocks->spare = ma_min(blocks->spare, blocks->dirty);
		blocks->kept = ma_min(blocks->kept, blocks->dirty);
	}
	return dirty;
}

/* --- split and coalesce --- */

/* Makes a used block of `units` out of one that is not in the index and of the free memory behind it, `all` units
 * together; what is left over, if it can stand alone, is a free block from then on. */
static void split(struct blocks *blocks, struct chunk *chunk, struct mem_block *block, uint32_t all,
		  uint32_t units, size_t rest_dirty)
{
	struct mem_block *rest = block + units;
	uint32_t had = block->units;

	if (all - units < BLOCK_LEAST_UNITS) {
		ma_header_write(block, all, block->left_units, BLOCK_USED);
		if (all != had)
			link_right(chunk, block);
		return;
	}
	ma_block_touch(blocks, chunk, (char *)rest, (char *)rest + sizeof(struct free_block));
	ma_header_write(block, units, block->left_units, BLOCK_USED);
	ma_header_write(rest, all - units, units, BLOCK_FREE);
	link_right(chunk, rest);
	index_insert(blocks, rest, rest_dirty);
}

/* Merges a block that is not in the index with its free neighbours, as a free one that is not in the index
 * either. `*dirty` gains what they bring. */
static struct mem_block *coalesce_with_neighbors(struct blocks *blocks, struct chunk *chunk,
						 struct mem_block *block, size_t *dirty)
{
	struct mem_block *left = ma_block_left(block), *right = right_of(chunk, block);
	struct mem_block *first = block;
	uint32_t units = block->units;

	if (right != NULL) {
		ma_block_verify(right);
		if (right->state == BLOCK_FREE) {
			*dirty += index_remove(blocks, right);
			units += right->units;
			header_retire(chunk, right);
		}
	}
	if (left != NULL) {
		ma_block_verify(left);
		if (left->state == BLOCK_FREE) {
			*dirty += index_remove(blocks, left);
			units += left->units;
			first = left;
			header_retire(chunk, block);
		}
	}
	if (units == block->units) {
		ma_block_mark(block, BLOCK_FREE);
		return block;
	}
	ma_header_write(first, units, first->left_units, BLOCK_FREE);
	link_right(chunk, first);
	return first;
}

/* --- growth --- */

/* How many bytes to grow by: in proportion to the heap. */
static size_t growth_of(const struct blocks *blocks)
{
	return ma_clamp(blocks->held / 16, 128 * 1024, MA_WINDOW);
}

static void note_growth(struct blocks *blocks, size_t size)
{
	blocks->held += size;
	blocks->peak = ma_max(blocks->peak, blocks->held);
}

/* Puts new memory at the end of a chunk under the tiling. */
static void cover(struct blocks *blocks, struct chunk *chunk, char *from)
{
	struct mem_block *block = (struct mem_block *)from, *last = chunk->last;
	size_t dirty = 0;

	ma_header_write(block, (uint32_t)((size_t)(ma_chunk_end(chunk) - from) / MA_UNIT),
			last == NULL ? 0 : last->units, BLOCK_FREE);
	chunk->last = block;
	block = coalesce_with_neighbors(blocks, chunk, block, &dirty);
	index_insert(blocks, block, dirty);
}

static bool grow_top(struct blocks *blocks, size_t size)
{
	struct chunk *top = blocks->top;
	struct mem_block *last;
	size_t have, got;
	char *end;

	if (top == NULL)
		return false;
	last = top->last;
	ma_block_verify(last);
	have = last->state == BLOCK_FREE ? ma_block_bytes(last) : 0;
	if (have >= size) /* big enough but for its alignment */
		have = 0;
	end = ma_chunk_end(top);
	got = ma_chunk_extend(top, size - have, growth_of(blocks));
	if (got == 0)
		return false;
	note_growth(blocks, got);
	cover(blocks, top, end);
	return true;
}

/* From this much resident memory on a heap's new chunks are backed by huge pages: a fraction of the cost of page
 * faults and of TLB misses, for what is then less than a tenth of the heap. */
#define HUGE_FROM ((size_t)24 * 1024 * 1024)

static bool grow_chunk(struct blocks *blocks, size_t size)
{
	size_t room = ma_min(size + growth_of(blocks), MA_WINDOW - sizeof(struct chunk));
	struct chunk *chunk = ma_chunk_new(blocks->owner, ma_max(size, room), blocks->on_break,
					   blocks->touched >= HUGE_FROM);

	if (chunk == NULL)
		return false;
	chunk->next = blocks->chunks;
	if (chunk->next != NULL)
		chunk->next->prev = chunk;
	blocks->chunks = chunk;
	if (chunk->on_break)
		blocks->top = chunk;
	if (chunk->huge)
		blocks->touched += MA_WINDOW;
	note_growth(blocks, (size_t)(ma_chunk_end(chunk) - (char *)chunk));
	cover(blocks, chunk, chunk->start);
	return true;
}

/* --- allocation --- */

static uint32_t units_for(size_t size)
{
	return (uint32_t)ma_max((size + sizeof(struct mem_block) + MA_UNIT - 1) / MA_UNIT, BLOCK_LEAST_UNITS);
}

/* Units to leave free in front of the payload so that it is aligned: none, or enough for a block. */
static uint32_t lead_of(const struct mem_block *block, const struct block_request *request)
{
	uintptr_t payload = (uintptr_t)ma_block_payload(block) - request->offset;
	size_t lead = -payload & (request->align - 1);

	if (lead == MA_UNIT)
		lead += request->align;
	return (uint32_t)(lead / MA_UNIT);
}

static struct mem_block *find(const struct blocks *blocks, const struct block_request *request,
			      uint32_t units)
{
	struct mem_block *block = ma_fit_find(&blocks->fit, units);

	if (block == NULL || block->units >= lead_of(block, request) + units)
		return block;
	/* The smallest is misplaced; with room for the worst lead any place does. */
	return ma_fit_find(&blocks->fit, units + (uint32_t)(request->align / MA_UNIT) + 1);
}

/* Memory is wanted soon after some was given back, which would have been better kept. */
static void note_regret(struct blocks *blocks, size_t size)
{
	if (blocks->purged == 0)
		return;
	if (ma_clock_ms() - blocks->purged_at < REGRET_MS)
		blocks->regret = ma_min(blocks->regret + size, blocks->peak);
	blocks->purged -= ma_min(size, blocks->purged);
}

static MA_COLD void touch(struct blocks *blocks, struct chunk *chunk, const char *from, const char *to)
{
	size_t small = ma_min(blocks->touched / AHEAD_PART, AHEAD_MOST);
	size_t large = ma_min(blocks->touched / AHEAD_PART_LARGE, AHEAD_MOST_LARGE);
	size_t got = ma_chunk_touch(chunk, from, to, ma_max(ma_max(small, large), CHUNK_CELL));

	blocks->touched += got;
	if (got != 0)
		note_regret(blocks, got);
}

void ma_block_touch(struct blocks *blocks, struct chunk *chunk, const char *from, const char *to)
{
	if (MA_UNLIKELY(!ma_chunk_is_resident(chunk, from, to)))
		touch(blocks, chunk, from, to);
}

/* Makes what the caller is about to use resident, as far as it is likely that he does, and tells from which byte
 * of the payload on it is zero. */
static void make_ready(struct blocks *blocks, struct chunk *chunk, struct mem_block *block, bool lazily,
		       size_t *zero)
{
	char *payload = ma_block_payload(block), *end = (char *)ma_block_right(block);

	if (!lazily) {
		size_t likely = ma_clamp(blocks->touched / 8, CHUNK_CELL, AHEAD_MOST_LARGE);
		ma_block_touch(blocks, chunk, payload, payload + ma_min((size_t)(end - payload), likely));
		if (!ma_chunk_is_resident(chunk, payload,
					  end)) /* what is not touched ahead will be by its user */
			blocks->touched += ma_chunk_assume(chunk, payload, end);
	}
	*zero = SIZE_MAX;
	if (end > chunk->fresh)
		*zero = ma_max(sizeof(struct free_block) - sizeof(struct mem_block),
			       payload < chunk->fresh ? (size_t)(chunk->fresh - payload) : 0);
	/* The rest behind the block has its header and links in memory that counts as written. They may be all of it
	 * that lies above the edge. */
	if (end + sizeof(struct free_block) > chunk->fresh)
		chunk->fresh = end + sizeof(struct free_block);
}

struct mem_block *ma_block_alloc(struct blocks *blocks, const struct block_request *request, size_t *zero)
{
	uint32_t units = units_for(request->size), lead;
	struct mem_block *block = find(blocks, request, units);
	struct chunk *chunk;
	size_t dirty;

	if (block == NULL && blocks->reluctant)
		return NULL;
	if (block == NULL) {
		size_t worst = (units + 1) * MA_UNIT + (request->align > MA_UNIT ? request->align : 0);
		if (ma_load_relaxed(&ma_header_secret) == 0)
			ma_store_relaxed(&ma_header_secret, ma_source_secret());
		if (!grow_top(blocks, worst) && !grow_chunk(blocks, worst))
			return NULL;
		block = find(blocks, request, units);
		if (block == NULL)
			return NULL;
	}
	ma_block_verify(block);
	chunk = ma_chunk_of(block);
	dirty = index_remove(blocks, block);
	lead = lead_of(block, request);
	if (lead != 0) {
		struct mem_block *front = block;
		uint32_t all = front->units;
		block = front + lead;
		ma_block_touch(blocks, chunk, (char *)block, (char *)block + sizeof(struct free_block));
		ma_header_write(front, lead, front->left_units, BLOCK_FREE);
		ma_header_write(block, all - lead, lead, BLOCK_FREE);
		link_right(chunk, block);
		index_insert(blocks, front, dirty);
		dirty -= ma_min(dirty, ma_block_bytes(front));
	}
	split(blocks, chunk, block, block->units, units, dirty - ma_min(dirty, units * MA_UNIT));
	make_ready(blocks, chunk, block, request->lazily, zero);
	return block;
}

bool ma_block_resize(struct blocks *blocks, struct chunk *chunk, struct mem_block *block, size_t size)
{
	uint32_t units = units_for(size), had = block->units;
	struct mem_block *right = right_of(chunk, block);
	uint32_t all = had;
	bool right_free;
	size_t dirty, zero;

	if (size > MA_WINDOW) /* more than units can count */
		return false;
	if (right != NULL)
		ma_block_verify(right);
	right_free = right != NULL && right->state == BLOCK_FREE;
	if (units > had && (!right_free || had + right->units < units))
		return false;
	if (units <= had && had - units < BLOCK_LEAST_UNITS)
		return true;
	dirty = units < had ? (had - units) * MA_UNIT : 0;
	if (right_free) {
		dirty += index_remove(blocks, right);
		all += right->units;
		header_retire(chunk, right);
	}
	split(blocks, chunk, block, all, units, dirty);
	if (units > had)
		make_ready(blocks, chunk, block, false, &zero);
	return true;
}

/* --- giving back --- */

/* Gives back the pages of big blocks below `block` in its bin's tree, until it has given `most` bytes. Only when
 * thorough are huge pages split that are free in part, and is less than LEAST_PURGE worth a call. */
static size_t purge_tree(struct blocks *blocks, struct mem_block *block, size_t most, bool thorough)
{
	struct mem_block *left, *right;
	size_t given = 0, dirty;

	if (block == NULL || most == 0)
		return 0;
	ma_fit_children(block, &left, &right);
	ma_block_verify(block);
	dirty = is_big(block) ? dirty_of(block) : 0;
	if (dirty >= (thorough ? 1 : LEAST_PURGE)) {
		struct chunk *chunk = ma_chunk_of(block);
		size_t rest;
		given = ma_chunk_purge(chunk, (char *)block + sizeof(struct free_block),
				       (char *)ma_block_right(block), thorough);
		rest = chunk->huge && !thorough ? dirty - ma_min(given, dirty) : 0;
		blocks->touched -= ma_min(given, blocks->touched);
		blocks->dirty -= dirty - rest;
		dirty_set(block, rest);
	}
	given += purge_tree(blocks, right, most - ma_min(given, most), thorough);
	return given + purge_tree(blocks, left, most - ma_min(given, most), thorough);
}

/* Gives back `most` bytes, or a little more, from the largest blocks down. */
static size_t purge(struct blocks *blocks, size_t most, bool thorough)
{
	size_t given = 0;

	ma_fit_settle(&blocks->fit);
	for (unsigned bin = FIT_BINS; bin-- >= ma_fit_bin(BLOCK_BIG_UNITS) && given < most;)
		given += purge_tree(blocks, ma_fit_root(&blocks->fit, bin), most - given, thorough);
	return given;
}

static void chunk_unlink(struct blocks *blocks, struct chunk *chunk)
{
	if (chunk->next != NULL)
		chunk->next->prev = chunk->prev;
	if (chunk->prev != NULL)
		chunk->prev->next = chunk->next;
	else
		blocks->chunks = chunk->next;
	if (blocks->top == chunk) {
		blocks->top = blocks->chunks;
		while (blocks->top != NULL && !blocks->top->on_break)
			blocks->top = blocks->top->next;
	}
	blocks->held -= (size_t)(ma_chunk_end(chunk) - (char *)chunk);
}

static void chunk_link(struct blocks *blocks, struct chunk *chunk)
{
	chunk->prev = NULL;
	chunk->next = blocks->chunks;
	if (chunk->next != NULL)
		chunk->next->prev = chunk;
	blocks->chunks = chunk;
	if (chunk->on_break && (blocks->top == NULL || chunk > blocks->top))
		blocks->top = chunk;
	note_growth(blocks, (size_t)(ma_chunk_end(chunk) - (char *)chunk));
}

/* Gives back a chunk that is one free block. */
static size_t delete_if_empty(struct blocks *blocks, struct chunk *chunk)
{
	struct mem_block *block = chunk->last;
	size_t size = (size_t)(ma_chunk_end(chunk) - (char *)chunk), dirty;

	ma_block_verify(block);
	if (block->state != BLOCK_FREE || (char *)block != chunk->start)
		return 0;
	dirty = index_remove(blocks, block);
	chunk_unlink(blocks, chunk);
	if (ma_chunk_delete(chunk)) {
		blocks->touched -= ma_min(dirty, blocks->touched);
		return size;
	}
	chunk_link(blocks, chunk);
	index_insert(blocks, block, dirty);
	return 0;
}

/* Moves the break down to `pad` bytes above the last used block. */
static size_t shrink_top(struct blocks *blocks, size_t pad)
{
	struct chunk *top = blocks->top;
	struct mem_block *last;
	size_t size, dirty;

	if (top == NULL)
		return 0;
	last = top->last;
	ma_block_verify(last);
	pad = ma_round_up(ma_max(pad, sizeof(struct free_block)), MA_UNIT);
	if (last->state != BLOCK_FREE || ma_block_bytes(last) < pad)
		return 0;
	size = ma_round_down(ma_block_bytes(last) - pad, ma_source_page());
	if (size == 0)
		return 0;
	dirty = index_remove(blocks, last);
	if (ma_chunk_shrink(top, size)) {
		blocks->held -= size;
		blocks->touched -= ma_min(ma_min(size, dirty), blocks->touched);
		ma_header_write(last, last->units - (uint32_t)(size / MA_UNIT), last->left_units, BLOCK_FREE);
	} else {
		size = 0;
	}
	index_insert(blocks, last, dirty);
	return size;
}

static size_t trim(struct blocks *blocks, size_t pad, bool thorough)
{
	size_t given = 0;
	struct chunk *next;

	for (struct chunk *chunk = blocks->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		if (chunk->on_break ? pad == 0 : blocks->chunks->next != NULL)
			given += delete_if_empty(blocks, chunk);
	}
	given += shrink_top(blocks, pad);
	return given + purge(blocks, SIZE_MAX, thorough);
}

size_t ma_block_trim(struct blocks *blocks, size_t pad)
{
	return trim(blocks, pad, true);
}

/* Called when a big block has come free. */
static void consider_purge(struct blocks *blocks)
{
	size_t used = ma_block_in_use(blocks);
	size_t keep = ma_max(LEAST_KEEP, used / 4) + blocks->regret;
	size_t given = 0;
	uint64_t now;

	if (blocks->dirty < LEAST_PURGE || blocks->steady)
		return;
	now = ma_clock_ms();
	if (blocks->dirty > keep + blocks->kept) {
		given = trim(blocks, LEAST_PURGE, false);
		/* Huge pages are worth something, but not more than the program itself. */
		if (blocks->dirty > used + keep)
			given += purge(blocks, SIZE_MAX, true);
		blocks->kept = blocks->dirty;
	}
	if (now - blocks->window >= WINDOW_MS) {
		ma_large_age(now);
		if (blocks->spare >= LEAST_PURGE)
			given += purge(blocks, blocks->spare, true);
		blocks->regret -= blocks->regret / 4;
		blocks->spare = blocks->dirty;
		blocks->window = now;
	}
	if (given != 0) {
		blocks->purged = given + (now - blocks->purged_at < REGRET_MS ? blocks->purged : 0);
		blocks->purged_at = now;
	}
}

void ma_block_free(struct blocks *blocks, struct chunk *chunk, struct mem_block *block)
{
	size_t dirty = ma_block_bytes(block);

	block = coalesce_with_neighbors(blocks, chunk, block, &dirty);
	index_insert(blocks, block, dirty);
	if (is_big(block))
		consider_purge(blocks);
}

void ma_block_adopt(struct blocks *blocks, struct blocks *from, struct chunk *chunk)
{
	struct mem_block *block = ma_block_first(chunk);

	chunk_unlink(from, chunk);
	chunk_link(blocks, chunk);
	for (; block != NULL; block = right_of(chunk, block)) {
		ma_block_verify(block);
		if (block->state == BLOCK_FREE) {
			size_t dirty = index_remove(from, block);
			index_insert(blocks, block, dirty);
		}
	}
}
