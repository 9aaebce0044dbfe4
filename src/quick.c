/* SPDX-License-Identifier: MIT */
/*
 * quick.c - owns the quick lists and the links in waiting blocks' payloads. A link that was written over, and a header
 * that was, is noticed when the block leaves its list; a link that was copied from another block, when the list has led to
 * one that does not wait, or has left one out.
 */
#include "quick.h"

#include "block_link.h"
#include "header.h"

/* What a waiting block's payload begins with. */
struct waiting {
	uint64_t older; /* link */
	uint64_t wiped; /* 0, where another thread's free leaves its mark: see push_remote() */
};

static struct waiting *waiting(const struct mem_block *block)
{
	return ma_block_payload(block);
}

static_assert(QUICK_LEAST_UNITS == 1 << 6 && QUICK_STEPS == 1 << 5,
	      "class_of() counts from there, in such steps");

/* The class of blocks of `units`, from QUICK_LEAST_UNITS to QUICK_MOST_UNITS, or a little less. */
static unsigned class_of(uint32_t units)
{
	unsigned log = 31 ^ (unsigned)__builtin_clz(units); /* one instruction where 31 - is two */

	return (log - 6) * QUICK_STEPS + (units >> (log - 5)) - QUICK_STEPS;
}

/* The class whose newest block serves, being of `units` or a little more; QUICK_CLASSES if there is none. In the class of
 * `units` itself a block may be too small. */
static unsigned class_near(const struct quick *quick, uint32_t units)
{
	unsigned class = class_of(units);

	if (quick->first[class] != NULL && quick->first[class]->units >= units)
		return class;
	for (unsigned last = class + QUICK_ABOVE; ++class <= last;)
		if (quick->first[class] != NULL)
			return class;
	return QUICK_CLASSES;
}

/* Takes the newest block of a class that is not empty; it is BLOCK_USED again. */
MA_INLINE struct mem_block *pop(struct blocks *blocks, unsigned class)
{
	struct quick *quick = &blocks->quick;
	struct mem_block *block = quick->first[class];

	ma_header_turn(block, BLOCK_WAITING, BLOCK_USED);
	quick->first[class] = ma_link_follow(&waiting(block)->older);
	quick->bytes -= ma_block_bytes(block);
	quick->count--;
	blocks->changes++;
	return block;
}

static void flush_class(struct blocks *blocks, unsigned class)
{
	while (blocks->quick.first[class] != NULL) {
		struct mem_block *block = pop(blocks, class);
		ma_block_free(blocks, ma_chunk_of(block), block);
	}
}

bool ma_quick_flush(struct blocks *blocks)
{
	bool any = blocks->quick.count != 0;

	for (unsigned class = 0; blocks->quick.count != 0; class ++) {
		/* A link that was copied over another leaves blocks out. */
		MA_CHECK(class < QUICK_CLASSES, "list of freed blocks overwritten (a write after free?)",
			 NULL);
		flush_class(blocks, class);
	}
	return any;
}

struct mem_block *ma_quick_alloc(struct blocks *blocks, size_t size, size_t align)
{
	size_t units = (size + sizeof(struct mem_block) + MA_UNIT - 1) / MA_UNIT;
	unsigned class;

	if (blocks->quick.count == 0 || units < QUICK_LEAST_UNITS || units > QUICK_MOST_UNITS)
		return NULL;
	class = class_near(&blocks->quick, (uint32_t)units);
	if (class == QUICK_CLASSES ||
	    ((uintptr_t)ma_block_payload(blocks->quick.first[class]) & (align - 1)) != 0)
		return NULL;
	return pop(blocks, class);
}

/* Too much waits: the classes give way in turns. */
static MA_COLD void make_room(struct blocks *blocks, size_t most)
{
	struct quick *quick = &blocks->quick;

	for (unsigned turns = 0; quick->bytes > most; flush_class(blocks, quick->hand)) {
		do {
			if (++quick->hand < QUICK_CLASSES)
				continue;
			quick->hand = 0;
			/* All are empty. */
			MA_CHECK(turns++ == 0, "list of freed blocks overwritten (a write after free?)",
				 NULL);
		} while (quick->first[quick->hand] == NULL);
	}
}

/* Puts a used block on its list, of whose header that is the hash of sizes. */
MA_INLINE void push(struct blocks *blocks, const struct chunk *chunk, struct mem_block *block, uint64_t sizes)
{
	struct quick *quick = &blocks->quick;
	const struct mem_block *right = ma_block_right(block);
	unsigned class = class_of(block->units);

	if ((const char *)right != ma_chunk_end(chunk)) /* an overflow shall show as early as ever */
		ma_block_verify(right);
	block->state = BLOCK_WAITING;
	block->check = ma_header_check(sizes, BLOCK_WAITING);
	*waiting(block) = (struct waiting){
		.older = quick->first[class] == NULL ? LINK_NONE : ma_link_to(quick->first[class]),
	};
	quick->first[class] = block;
	quick->bytes += ma_block_bytes(block);
	quick->count++;
	blocks->changes++;
}

/* Bytes that may wait. */
static size_t most_waiting(const struct blocks *blocks)
{
	return ma_max(ma_block_in_use(blocks) / QUICK_PART, QUICK_ALWAYS);
}

/* Is it worth a place? */
static bool may_wait(const struct mem_block *block, size_t most)
{
	return block->units - QUICK_LEAST_UNITS <= QUICK_MOST_UNITS - QUICK_LEAST_UNITS &&
	       ma_block_bytes(block) <= most / 4;
}

bool ma_quick_put(struct blocks *blocks, struct chunk *chunk, struct mem_block *block)
{
	size_t most = most_waiting(blocks);
	uint64_t sizes = ma_header_sizes(block);

	if (!may_wait(block, most) || blocks->quick.bytes + ma_block_bytes(block) > most ||
	    block->check != ma_header_check(sizes, BLOCK_USED))
		return false;
	push(blocks, chunk, block, sizes);
	return true;
}

void ma_quick_free(struct blocks *blocks, struct chunk *chunk, struct mem_block *block)
{
	size_t most = most_waiting(blocks);

	if (may_wait(block, most))
		push(blocks, chunk, block, ma_header_sizes(block));
	else
		ma_block_free(blocks, chunk, block);
	if (MA_UNLIKELY(blocks->quick.bytes > most))
		make_room(blocks, most);
}

static bool is_listed(const struct mem_block *block, unsigned class)
{
	return block->state == BLOCK_WAITING && block->units >= QUICK_LEAST_UNITS &&
	       block->units <= QUICK_MOST_UNITS && class_of(block->units) == class;
}

unsigned ma_quick_listed(const struct quick *quick)
{
	unsigned listed = 0;

	for (unsigned class = 0; class < QUICK_CLASSES; class ++)
		for (const struct mem_block *at = quick->first[class];
		     at != NULL && listed <= quick->count && is_listed(at, class);
		     at = ma_link_peek(&waiting(at)->older))
			listed++;
	return listed;
}

bool ma_quick_sound(const struct mem_block *block)
{
	return ma_link_is_sound(&waiting(block)->older);
}
