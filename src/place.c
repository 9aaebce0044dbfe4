/* SPDX-License-Identifier: MIT */
/*
 * place.c - reads the tiling for the report of a fault. So it believes no header that is not sound: behind one that
 * was overwritten it looks for the next sound one, whose link to the left tells where and how large that block was.
 *
 * Called when the process is about to abort; other threads may still run, and what they change is reported as
 * they leave it.
 */
#include "place.h"

#include <string.h>

#include "block.h"
#include "slab.h"
#include "text.h"

static void tell_slot(struct text *line, const struct slab *slab, const char *slot)
{
	if (slot < slab->start) {
		ma_text_string(line, "the slab's start");
	} else if (slot >= slab->start + (size_t)slab->carved * slab->slot_size) {
		ma_text_string(line, "what was never used of the slab");
	} else {
		ma_text_string(line, ma_slab_is_free(slab, slot) ? "a free slot at " : "a used slot at ");
		ma_text_address(line, slot);
	}
}

/* --- blocks --- */

static bool is_header(const struct chunk *chunk, const struct mem_block *block)
{
	return (const char *)block >= chunk->start && (const char *)(block + 1) <= ma_chunk_end(chunk) &&
	       ma_block_is_sound(block);
}

/* The right neighbour of a block whose header may be overwritten; NULL if none is found before the chunk's end. */
static const struct mem_block *right_of(const struct chunk *chunk, const struct mem_block *block)
{
	const struct mem_block *at = ma_block_right(block);

	if (!ma_block_is_sound(block))
		for (at = block + 1; (const char *)at < ma_chunk_end(chunk); at++)
			if (ma_block_is_sound(at) && at->state != BLOCK_GONE && ma_block_left(at) == block)
				break;
	return (const char *)at < ma_chunk_end(chunk) ? at : NULL;
}

/* The block that `p` lies in, and its left neighbour or NULL. NULL: an overwritten header's, and nothing is known. */
static const struct mem_block *find(const struct chunk *chunk, const void *p, const struct mem_block **left)
{
	const struct mem_block *block = ma_block_first(chunk), *right;

	*left = NULL;
	for (;;) {
		right = right_of(chunk, block);
		if ((const char *)p < (right == NULL ? ma_chunk_end(chunk) : (const char *)right))
			return block;
		if (right == NULL)
			return NULL;
		*left = block;
		block = right;
	}
}

static void tell_block(struct text *line, const struct chunk *chunk, const struct mem_block *block,
		       const char *none)
{
	if (block == NULL) {
		ma_text_string(line, none);
		return;
	}
	if (!is_header(chunk, block)) {
		ma_text_string(line, "a block whose header was overwritten, at ");
	} else {
		ma_text_string(line, block->state == BLOCK_USED	  ? "a used block of "
				     : block->state == BLOCK_SLAB ? "a slab of "
								  : "a free block of ");
		ma_text_decimal(line, ma_block_size(block));
		ma_text_string(line, " bytes at ");
	}
	ma_text_address(line, ma_block_payload(block));
}

static void tell_around_block(struct text *line, const struct chunk *chunk, const char *kind, const void *at)
{
	const struct mem_block *left, *block = find(chunk, at, &left), *right;

	if (block == NULL)
		return;
	right = right_of(chunk, block);
	if (kind == NULL) {
		size_t bytes = (size_t)((right == NULL ? ma_chunk_end(chunk) : (const char *)right) -
					(const char *)block);
		const void *payload = ma_block_payload(block);
		ma_text_string(line, at == block     ? " is the header of a block of "
				     : at == payload ? " is a block of "
						     : " lies in a block of ");
		ma_text_decimal(line, bytes - sizeof(*block));
		ma_text_string(line, " bytes");
		if (at != payload) {
			ma_text_string(line, " at ");
			ma_text_address(line, payload);
		}
	}
	ma_text_string(line, ", between ");
	tell_block(line, chunk, left, "the chunk's start");
	ma_text_string(line, " and ");
	tell_block(line, chunk, right, "the chunk's end");
}

void ma_place_tell(struct text *line, const char *kind, const void *at)
{
	struct chunk *chunk = ma_chunk_of(at);
	const struct slab *slab;
	const char *slot;

	if (chunk == NULL || (const char *)at >= ma_chunk_end(chunk))
		return;
	slab = ma_slab_in_chunk(chunk, at);
	slot = slab == NULL ? NULL : ma_slab_slot_around(slab, at);
	if (slot == NULL || (kind != NULL && strcmp(kind, "slab") == 0)) {
		tell_around_block(line, chunk, kind, at);
		return;
	}
	ma_text_string(line, ", between ");
	tell_slot(line, slab, slot - slab->slot_size);
	ma_text_string(line, " and ");
	tell_slot(line, slab, slot + slab->slot_size);
}
