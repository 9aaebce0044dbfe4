/* SPDX-License-Identifier: MIT */
/*
 * stacks.c - owns the call stacks, and the hash table that finds a stack that is known already.
 *
 * Stacks lie in segments, end to end, and a stack's number is its place in them, in words of 8 bytes. Neither stacks
 * nor segments move or go. The table holds numbers; who looks one up takes no lock. A table that is half full is
 * replaced by one of twice its size, and stays, as somebody may be reading it: all old ones together are
 * smaller than the one in use.
 */
#include "stacks.h"

#include <string.h>

#include "atomic.h"
#include "lock.h"
#include "root.h"
#include "source.h"

#define SEGMENT_BITS 17
#define SEGMENT_WORDS ((size_t)1 << SEGMENT_BITS)
#define SEGMENTS ((size_t)1 << (STACK_BITS - SEGMENT_BITS))
#define FIRST_PLACES 4096

struct stack {
	uint32_t hash, depth;
	uintptr_t frame[];
};
static_assert(sizeof(struct stack) == 8, "a stack begins with one word");

struct table {
	size_t places; /* a power of two, at most half of them taken */
	MA_SHARED(uint32_t) number[];
};

static struct lock stacks_lock = MA_LOCK_INIT;
static MA_SHARED(struct table *) table;
static MA_SHARED(uint64_t *) segment[SEGMENTS];
static size_t next_word = 1; /* 0 is no stack */
static MA_SHARED(size_t) stack_count;

MA_ROOT(stacks, table);
MA_ROOT(stacks, segment);
MA_ROOT(stacks, next_word);
MA_ROOT(stacks, stack_count);
MA_ROOT_LOCK(stacks, stacks_lock);

void ma_stacks_lock_all(void)
{
	ma_lock_keep(&stacks_lock);
}

void ma_stacks_unlock_all(void)
{
	ma_lock_release(&stacks_lock);
}

static struct stack *stack_at(size_t word)
{
	uint64_t *start = ma_load_acquire(&segment[word >> SEGMENT_BITS]); /* pairs with stack_new() */

	return (struct stack *)(start + (word & (SEGMENT_WORDS - 1)));
}

static uint32_t hash_of(const uintptr_t *frames, unsigned depth)
{
	uint64_t hash = depth;

	for (unsigned i = 0; i < depth; i++)
		hash = (hash ^ frames[i]) * MA_HASH ^ hash >> 29;
	return (uint32_t)(hash >> 32);
}

/* The number of a stack that is known, or 0 with the place where it would be. */
static uint32_t table_find(struct table *in, uint32_t hash, const uintptr_t *frames, unsigned depth,
			   size_t *place)
{
	size_t at = hash & (in->places - 1);
	uint32_t number;

	/* Pairs with the release in ma_stacks_number(): the stack is whole. */
	while ((number = ma_load_acquire(&in->number[at])) != 0) {
		const struct stack *stack = stack_at(number);
		if (stack->hash == hash && stack->depth == depth &&
		    memcmp(stack->frame, frames, depth * sizeof(*frames)) == 0)
			return number;
		at = (at + 1) & (in->places - 1);
	}
	*place = at;
	return 0;
}

/* Caller holds the lock. */
static struct table *table_grow(struct table *old)
{
	size_t places = old == NULL ? FIRST_PLACES : old->places * 2;
	size_t bytes = sizeof(*old) + places * sizeof(old->number[0]);
	struct table *new = ma_source_map(ma_round_up(bytes, ma_source_page()), MA_UNIT);

	if (new == NULL)
		return NULL;
	new->places = places;
	for (size_t i = 0; old != NULL && i < old->places; i++) {
		uint32_t number = ma_load_relaxed(&old->number[i]);
		size_t at;
		if (number == 0)
			continue;
		at = stack_at(number)->hash & (places - 1);
		while (ma_load_relaxed(&new->number[at]) != 0)
			at = (at + 1) & (places - 1);
		ma_store_relaxed(&new->number[at], number);
	}
	ma_store_release(&table, new); /* pairs with ma_stacks_number() */
	return new;
}

/* Caller holds the lock. Returns the new stack's number, 0 without memory. */
static uint32_t stack_new(uint32_t hash, const uintptr_t *frames, unsigned depth)
{
	size_t words = (sizeof(struct stack) + depth * sizeof(*frames) + 7) / 8;
	struct stack *stack;
	size_t word;

	if ((next_word & (SEGMENT_WORDS - 1)) + words > SEGMENT_WORDS)
		next_word = ma_round_up(next_word, SEGMENT_WORDS);
	if (next_word >> SEGMENT_BITS >= SEGMENTS)
		return 0;
	if (ma_load_relaxed(&segment[next_word >> SEGMENT_BITS]) == NULL) {
		uint64_t *start = ma_source_map(SEGMENT_WORDS * sizeof(*start), MA_UNIT);
		if (start == NULL)
			return 0;
		ma_store_release(&segment[next_word >> SEGMENT_BITS], start); /* pairs with stack_at() */
	}
	word = next_word;
	next_word += words;
	stack = stack_at(word);
	stack->hash = hash;
	stack->depth = depth;
	memcpy(stack->frame, frames, depth * sizeof(*frames));
	ma_store_relaxed(&stack_count, ma_load_relaxed(&stack_count) + 1);
	return (uint32_t)word;
}

uint32_t ma_stacks_number(const uintptr_t *frames, unsigned depth)
{
	struct table *in = ma_load_acquire(&table); /* pairs with table_grow() */
	uint32_t hash, number = 0;
	size_t place;

	if (depth == 0)
		return 0;
	depth = depth < STACK_MOST ? depth : STACK_MOST;
	hash = hash_of(frames, depth);
	if (in != NULL)
		number = table_find(in, hash, frames, depth, &place);
	if (number != 0)
		return number;
	ma_lock(&stacks_lock);
	in = ma_load_relaxed(&table);
	if (in == NULL || ma_load_relaxed(&stack_count) >= in->places / 2)
		in = table_grow(in);
	if (in != NULL) {
		number = table_find(in, hash, frames, depth, &place);
		if (number == 0) {
			number = stack_new(hash, frames, depth);
			ma_store_release(&in->number[place], number); /* pairs with table_find() */
		}
	}
	ma_unlock(&stacks_lock);
	return number;
}

unsigned ma_stacks_frames(uint32_t stack, const uintptr_t **frames)
{
	const struct stack *found;

	if (stack == 0 || stack >> STACK_BITS != 0 ||
	    ma_load_acquire(&segment[stack >> SEGMENT_BITS]) == NULL)
		return 0;
	found = stack_at(stack);
	*frames = found->frame;
	return found->depth;
}

void ma_stacks_count(size_t *stacks, size_t *bytes)
{
	*stacks = ma_load_relaxed(&stack_count);
	*bytes = next_word * 8;
}

void ma_stacks_own(void (*see)(const void *start, size_t size, void *arg), void *arg)
{
	const struct table *in = ma_load_acquire(&table); /* pairs with table_grow() */

	if (in != NULL)
		see(in, ma_round_up(sizeof(*in) + in->places * sizeof(in->number[0]), ma_source_page()), arg);
	for (size_t i = 0; i < SEGMENTS; i++) {
		const uint64_t *start = ma_load_acquire(&segment[i]); /* pairs with stack_new() */
		if (start != NULL)
			see(start, SEGMENT_WORDS * sizeof(*start), arg);
	}
}
