/* SPDX-License-Identifier: MIT */
/*
 * block.c - owns every header of the tiling: split, coalesce, and the heap's growth. block_purge.c gives back.
 *
 * Called by the slab layer for slabs and by the heap layer for objects of middle size; only ever by the thread
 * that owns the heap, so nothing here is shared.
 *
 * A chunk's memory is new up from chunk->fresh: zero, and not resident. Blocks are taken from below, so that
 * edge moves up only. What is not known to be resident is made so shortly before use, in steps that grow with
 * the heap: one system call for many pages costs a tenth of as many page faults, and a small part of the
 * heap is the most that is resident and unused for it.
 */
#include "block.h"

#include <string.h>

#include "free_block.h"
#include "root.h"
#include "source.h"

/* Memory is made resident ahead of its use by a part of what is resident already: a larger one while that is little. */
#define AHEAD_PART 32
#define AHEAD_MOST ((size_t)64 * 1024)
#define AHEAD_PART_LARGE 128
#define AHEAD_MOST_LARGE ((size_t)1024 * 1024)

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

/* The links of one freed block may have been copied to another one. */
void ma_header_strange(const struct mem_block *block)
{
	ma_block_verify(block);
	ma_fatal("list of freed blocks overwritten (a write after free?)", ma_block_payload(block));
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

void ma_block_index_insert(struct blocks *blocks, struct mem_block *block, size_t dirty)
{
	blocks->changes++;
	ma_fit_insert(&blocks->fit, block);
	if (ma_block_is_big(block)) {
		dirty = ma_min(dirty, ma_block_bytes(block));
		ma_block_set_dirty(block, dirty);
		blocks->dirty += dirty;
	}
}

size_t ma_block_index_remove(struct blocks *blocks, struct mem_block *block)
{
	size_t dirty = ma_block_bytes(block);

	blocks->changes++;
	ma_fit_remove(&blocks->fit, block);
	if (ma_block_is_big(block)) {
		dirty = ma_block_dirty(block);
		ma_block_less_dirty(blocks, dirty);
	}
	return dirty;
}

/* --- split and coalesce --- */

/* What may be resident of a free block that is cut out of one with `dirty` bytes, wherever these lie. */
static size_t dirty_part(const struct chunk *chunk, const struct mem_block *part, size_t dirty)
{
	if (dirty == 0 || !ma_block_is_big(part))
		return 0;
	return ma_min(dirty, ma_chunk_resident(chunk, (const char *)part, (char *)ma_block_right(part)));
}

/* Makes a used block of `units` out of one that is not in the index and of the free memory behind it, `all` units
 * together; what is left over, if it can stand alone, is a free block from then on. */
static void split(struct blocks *blocks, struct chunk *chunk, struct mem_block *block, uint32_t all,
		  uint32_t units, size_t dirty)
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
	ma_block_index_insert(blocks, rest, dirty_part(chunk, rest, dirty));
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
			*dirty += ma_block_index_remove(blocks, right);
			units += right->units;
			header_retire(chunk, right);
		}
	}
	if (left != NULL) {
		ma_block_verify(left);
		if (left->state == BLOCK_FREE) {
			*dirty += ma_block_index_remove(blocks, left);
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
	ma_block_index_insert(blocks, block, dirty);
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
					   blocks->touched >= HUGE_FROM && ma_source_has_huge());

	if (chunk == NULL)
		return false;
	ma_block_link_chunk(blocks, chunk);
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
	/* The smallest is misplaced; with room for the worst lead any place does. Or it is too small, as a link of another
	 * block was copied to one of the index: what is found now may be no better. */
	block = ma_fit_find(&blocks->fit, units + (uint32_t)(request->align / MA_UNIT) + 1);
	if (block != NULL && block->units < lead_of(block, request) + units)
		ma_header_strange(block);
	return block;
}

/* So much is resident, or will be, that was not. */
static void count_touched(struct blocks *blocks, size_t size)
{
	blocks->touched += size;
	if (size != 0)
		ma_block_note_regret(blocks, size);
}

static MA_COLD void touch(struct blocks *blocks, struct chunk *chunk, const char *from, const char *to)
{
	size_t small = ma_min(blocks->touched / AHEAD_PART, AHEAD_MOST);
	size_t large = ma_min(blocks->touched / AHEAD_PART_LARGE, AHEAD_MOST_LARGE);

	count_touched(blocks, ma_chunk_touch(chunk, from, to, ma_max(ma_max(small, large), CHUNK_CELL)));
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
		/* What is not touched ahead will be by its user. */
		if (!ma_chunk_is_resident(chunk, payload, end))
			count_touched(blocks, ma_chunk_assume(chunk, payload, end));
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
	ma_header_prove_state(block, ma_header_sizes(block), BLOCK_FREE);
	chunk = ma_chunk_of(block);
	dirty = ma_block_index_remove(blocks, block);
	lead = lead_of(block, request);
	if (lead != 0) {
		struct mem_block *front = block;
		uint32_t all = front->units;
		block = front + lead;
		ma_block_touch(blocks, chunk, (char *)block, (char *)block + sizeof(struct free_block));
		ma_header_write(front, lead, front->left_units, BLOCK_FREE);
		ma_header_write(block, all - lead, lead, BLOCK_FREE);
		link_right(chunk, block);
		ma_block_index_insert(blocks, front, dirty_part(chunk, front, dirty));
	}
	split(blocks, chunk, block, block->units, units, dirty);
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
		dirty += ma_block_index_remove(blocks, right);
		all += right->units;
		header_retire(chunk, right);
	}
	split(blocks, chunk, block, all, units, dirty);
	if (units > had)
		make_ready(blocks, chunk, block, false, &zero);
	return true;
}

/* --- free, and a chunk changes hands --- */

/* Of those from `chunk` on, which are in no order: what was adopted, or could not go, is the first of its list. */
static struct chunk *highest_on_break(struct chunk *chunk)
{
	struct chunk *top = NULL;

	for (; chunk != NULL; chunk = chunk->next)
		if (chunk->on_break && (top == NULL || chunk > top))
			top = chunk;
	return top;
}

static size_t resident_of(const struct chunk *chunk)
{
	return ma_chunk_resident(chunk, (const char *)chunk, ma_chunk_end(chunk));
}

void ma_block_unlink_chunk(struct blocks *blocks, struct chunk *chunk)
{
	if (chunk->next != NULL)
		chunk->next->prev = chunk->prev;
	if (chunk->prev != NULL)
		chunk->prev->next = chunk->next;
	else
		blocks->chunks = chunk->next;
	if (blocks->top == chunk)
		blocks->top = highest_on_break(blocks->chunks);
	blocks->held -= (size_t)(ma_chunk_end(chunk) - (char *)chunk);
	blocks->touched -= ma_min(resident_of(chunk), blocks->touched);
}

void ma_block_link_chunk(struct blocks *blocks, struct chunk *chunk)
{
	chunk->prev = NULL;
	chunk->next = blocks->chunks;
	if (chunk->next != NULL)
		chunk->next->prev = chunk;
	blocks->chunks = chunk;
	if (chunk->on_break && (blocks->top == NULL || chunk > blocks->top))
		blocks->top = chunk;
	blocks->touched += resident_of(chunk);
	note_growth(blocks, (size_t)(ma_chunk_end(chunk) - (char *)chunk));
}

void ma_block_free(struct blocks *blocks, struct chunk *chunk, struct mem_block *block)
{
	size_t dirty = ma_block_bytes(block);

	block = coalesce_with_neighbors(blocks, chunk, block, &dirty);
	ma_block_index_insert(blocks, block, dirty);
	if (ma_block_is_big(block))
		ma_block_consider_purge(blocks);
}

void ma_block_adopt(struct blocks *blocks, struct blocks *from, struct chunk *chunk)
{
	struct mem_block *block = ma_block_first(chunk);

	ma_block_unlink_chunk(from, chunk);
	ma_block_link_chunk(blocks, chunk);
	for (; block != NULL; block = right_of(chunk, block)) {
		ma_block_verify(block);
		if (block->state == BLOCK_FREE) {
			size_t dirty = ma_block_index_remove(from, block);
			ma_block_index_insert(blocks, block, dirty);
		}
	}
}
