/* SPDX-License-Identifier: MIT */
/*
 * block_purge.c - gives back what is free: the pages of big blocks, the top of the break, whole chunks. Owns the figures in
 * struct blocks that say when: kept, spare, window, regret, purged_at, purged (whatever lowers dirty lowers the first two).
 *
 * Give-back follows use. Big free blocks are dirty until their pages are given back. What stayed dirty through
 * a whole window of time was not needed, and goes. When much comes free at once nobody may ever call again, so
 * more than a quarter of what is in use never waits. A program that takes purged memory into use again at once
 * is one that lives in bursts: it may keep more.
 *
 * Called by the thread that owns the heap, in the course of its frees, and of some of its allocations, as who has small objects
 * only frees no big block; a system call that fails is one that was not made.
 */
#include "clock.h"
#include "free_block.h"
#include "large.h"
#include "source.h"

#define LEAST_KEEP ((size_t)256 * 1024)	 /* dirty bytes that may always wait */
#define LEAST_PURGE ((size_t)256 * 1024) /* bytes that are worth a purge */
#define WINDOW_MS 500
/* What is purged and touched anew so seldom costs a hundredth of the time, or less: about a millisecond for a MiB. */
#define REGRET_MS 100

void ma_block_note_regret(struct blocks *blocks, size_t size)
{
	if (blocks->purged == 0)
		return;
	if (ma_clock_ms() - blocks->purged_at < REGRET_MS)
		blocks->regret = ma_min(blocks->regret + size, blocks->peak);
	blocks->purged -= ma_min(size, blocks->purged);
}

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
	dirty = ma_block_is_big(block) ? ma_block_dirty(block) : 0;
	if (dirty >= (thorough ? 1 : LEAST_PURGE)) {
		struct chunk *chunk = ma_chunk_of(block);
		size_t rest;
		given = ma_chunk_purge(chunk, (char *)block + sizeof(struct free_block),
				       (char *)ma_block_right(block), thorough);
		rest = chunk->huge && !thorough ? dirty - ma_min(given, dirty) : 0;
		blocks->touched -= ma_min(given, blocks->touched);
		ma_block_less_dirty(blocks, dirty - rest);
		ma_block_set_dirty(block, rest);
	}
	given += purge_tree(blocks, right, most - ma_min(given, most), thorough);
	return given + purge_tree(blocks, left, most - ma_min(given, most), thorough);
}

/* Gives back `most` bytes, or a little more, from the largest blocks down. */
static size_t purge(struct blocks *blocks, size_t most, bool thorough)
{
	size_t given = 0;

	ma_fit_settle(&blocks->fit);
	for (unsigned bin = FIT_BINS; bin-- > ma_fit_bin(BLOCK_BIG_UNITS) && given < most;)
		given += purge_tree(blocks, ma_fit_root(&blocks->fit, bin), most - given, thorough);
	return given;
}

/* Gives back a chunk that is one free block. */
static size_t delete_if_empty(struct blocks *blocks, struct chunk *chunk)
{
	struct mem_block *block = chunk->last;
	size_t size = (size_t)(ma_chunk_end(chunk) - (char *)chunk), dirty;

	ma_block_verify(block);
	if (block->state != BLOCK_FREE || (char *)block != chunk->start)
		return 0;
	dirty = ma_block_index_remove(blocks, block);
	ma_block_unlink_chunk(blocks, chunk);
	if (ma_chunk_delete(chunk))
		return size;
	ma_block_link_chunk(blocks, chunk);
	ma_block_index_insert(blocks, block, dirty);
	return 0;
}

/* Moves the break down to `pad` bytes above the last used block. */
static size_t shrink_top(struct blocks *blocks, size_t pad)
{
	struct chunk *top = blocks->top;
	struct mem_block *last;
	size_t size, dirty, resident;

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
	dirty = ma_block_index_remove(blocks, last);
	resident = ma_chunk_resident(top, ma_chunk_end(top) - size, ma_chunk_end(top));
	if (ma_chunk_shrink(top, size)) {
		blocks->held -= size;
		blocks->touched -= ma_min(resident, blocks->touched);
		ma_header_write(last, last->units - (uint32_t)(size / MA_UNIT), last->left_units, BLOCK_FREE);
	} else {
		size = 0;
	}
	ma_block_index_insert(blocks, last, dirty);
	return size;
}

static size_t trim(struct blocks *blocks, size_t pad, bool thorough)
{
	size_t given = 0, size;
	struct chunk *next;

	for (struct chunk *chunk = blocks->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		if (!chunk->on_break && blocks->chunks->next != NULL)
			given += delete_if_empty(blocks, chunk);
	}
	/* Of those on the break only the highest can go. */
	while (pad == 0 && blocks->top != NULL && (size = delete_if_empty(blocks, blocks->top)) != 0)
		given += size;
	given += shrink_top(blocks, pad);
	return given + purge(blocks, SIZE_MAX, thorough);
}

size_t ma_block_trim(struct blocks *blocks, size_t pad)
{
	return trim(blocks, pad, true);
}

static void consider(struct blocks *blocks, uint64_t now)
{
	size_t used = ma_block_in_use(blocks);
	size_t keep = ma_max(LEAST_KEEP, used / 4) + blocks->regret;
	size_t given = 0;

	if (blocks->dirty > keep + blocks->kept) {
		given = trim(blocks, LEAST_PURGE, false);
		/* Huge pages are worth something, but not more than the program itself. */
		if (blocks->dirty > used + keep)
			given += purge(blocks, SIZE_MAX, true);
		blocks->kept = blocks->dirty;
	}
	if (now - blocks->window >= WINDOW_MS) {
		if (ma_load_relaxed(&ma_large_waits))
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

void ma_block_consider_purge(struct blocks *blocks)
{
	if (blocks->dirty >= LEAST_PURGE && !blocks->steady)
		consider(blocks, ma_clock_ms());
}

void ma_block_age(struct blocks *blocks)
{
	uint64_t now;

	if (blocks->dirty < LEAST_PURGE && !ma_load_relaxed(&ma_large_waits))
		return;
	now = ma_clock_ms();
	if (now - blocks->window >= WINDOW_MS && !blocks->steady)
		consider(blocks, now);
}
