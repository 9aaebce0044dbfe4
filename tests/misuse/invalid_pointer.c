/* SPDX-License-Identifier: MIT */
/* Frees of what is no start of an allocation. */
#include "misuse.h"

/* Frees a stranger before libma was ever asked for memory. */
MISUSE(free_before_any_call, "invalid pointer, not libma's memory: ADDRESS")
{
	static char place[100];

	release(place + 48);
}

static int first_chunk(const struct ma_place *place, void *chunk)
{
	*(const void **)chunk = place->chunk;
	return 1;
}

/* Frees a place in the header of a chunk. */
MISUSE(free_chunk_header, "invalid pointer, not libma's memory: ADDRESS")
{
	char *chunk = NULL;

	release(take_slot());
	ma_walk(first_chunk, &chunk);
	release(chunk + 64);
}

/* Frees the middle of a block. */
MISUSE(free_inside_block,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS")
{
	char *p = take_block();

	release(p + 50000 / 16 * 16);
}

/* Frees the middle of a block in another thread. */
MISUSE(free_inside_block_remote,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS")
{
	char *p = take_block();

	memset(p, 0x75, 100000);
	release_elsewhere(p + 4096);
}

/* Frees what lies inside a block that was freed. */
MISUSE(free_inside_free_block,
       "double free, or invalid pointer: ADDRESS lies in a free block of NUMBER bytes at ADDRESS")
{
	char *p = take_block();

	release(p);
	release(p + 4096);
}

/* Frees the middle of a large object. */
MISUSE(free_inside_large,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a large object of NUMBER bytes at ADDRESS")
{
	char *p = take_large();

	release(p + 16);
}

/* Frees the middle of a small object. */
MISUSE(free_inside_slot,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a slot of 48 bytes at ADDRESS")
{
	char *p = take_slot();

	release(p + 16);
}

/* Frees the middle of a small object in another thread. */
MISUSE(free_inside_slot_remote,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a slot of 48 bytes at ADDRESS")
{
	char *p = take_slot();

	release_elsewhere(p + 16);
}

/* Frees a block eight bytes behind its start. */
MISUSE(free_misaligned_block,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS")
{
	char *p = take_block();

	release(p + 8);
}

/* Frees a small object one byte behind its start. */
MISUSE(free_misaligned_slot,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a slot of 48 bytes at ADDRESS")
{
	char *p = take_slot();

	release(p + 1);
}

/* Frees a slot that was never handed out. */
MISUSE(free_never_allocated,
       "invalid pointer, never allocated: ADDRESS lies in a slab of NUMBER bytes at ADDRESS")
{
	char *p = take_slot();

	release(p + 48 * 200);
}

/* Frees what the C library's malloc returned. */
MISUSE(free_of_another_allocator, "invalid pointer, not libma's memory: ADDRESS")
{
	void *p = hide(malloc(100));

	release(take_slot());
	release(p);
}

/* Frees an OS page's start inside a large object. */
MISUSE(free_page_inside_large,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a large object of NUMBER bytes at ADDRESS")
{
	char *p = take_large();

	release(p + 8192);
}

/* Frees the middle of a large object that was freed. */
MISUSE(free_inside_freed_large,
       "double free, or invalid pointer: ADDRESS lies in a freed large object of NUMBER bytes at ADDRESS")
{
	char *p = take_large();

	release(p);
	release(p + 16);
}

/* Frees a small number. */
MISUSE(free_small_number, "invalid pointer, not libma's memory: ADDRESS")
{
	release((void *)42);
}

/* Frees a variable on the stack. */
MISUSE(free_stack, "invalid pointer, not libma's memory: ADDRESS")
{
	char place[100] = {0};

	release(take_slot());
	release(place + 16);
}

/* Frees a static variable. */
MISUSE(free_static, "invalid pointer, not libma's memory: ADDRESS")
{
	static char place[100];

	release(take_slot());
	release(place);
}

/* Frees a string constant. */
MISUSE(free_string, "invalid pointer, not libma's memory: ADDRESS")
{
	release("text");
}

/* Frees an address that cannot be. */
MISUSE(free_wild, "invalid pointer, not libma's memory: ADDRESS")
{
	release(take_slot());
	release((void *)(uintptr_t)UINT64_C(0xdeadbeefdeadbeef));
}
