/* SPDX-License-Identifier: MIT */
/* Pointers that may not be resized or asked about. */
#include "misuse.h"

/* Expands a block that was freed. */
MISUSE(expand_freed, "double free: ADDRESS is a block of NUMBER bytes")
{
	void *p = take_block();

	release(p);
	p = ma_expand(hide(p), 200000);
	release(p);
}

/* Expands a static variable. */
MISUSE(expand_wild, "invalid pointer, not libma's memory: ADDRESS")
{
	static char place[100];
	void *p = hide(place);

	p = ma_expand(p, 200);
	release(p);
}

/* Resizes a block that was freed. */
MISUSE(realloc_freed_block, "double free: ADDRESS is a block of NUMBER bytes")
{
	void *p = take_block();

	release(p);
	p = ma_realloc(hide(p), 200000);
	release(p);
}

/* Resizes a large object that was freed. */
MISUSE(realloc_freed_large, "double free of a large object: ADDRESS")
{
	void *p = take_large();

	release(p);
	p = ma_realloc(hide(p), (size_t)9 << 20);
	release(p);
}

/* Resizes a small object that was freed. */
MISUSE(realloc_freed_slot, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	release(p);
	p = ma_realloc(hide(p), 100);
	release(p);
}

/* Resizes the middle of a block. */
MISUSE(realloc_inside,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS")
{
	char *p = take_block();

	p = ma_realloc(hide(p + 4096), 200000);
	release(p);
}

/* Resizes a variable on the stack. */
MISUSE(realloc_stack, "invalid pointer, not libma's memory: ADDRESS")
{
	char place[100] = {0};
	void *p = hide(place);

	p = ma_realloc(p, 200);
	release(p);
}

/* Frees by resizing to nothing, twice. */
MISUSE(realloc_to_zero_twice, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	if (ma_realloc(p, 0) != NULL || ma_realloc(hide(p), 0) != NULL)
		return;
}

/* Resizes a small object that was freed, by ma_rezalloc(). */
MISUSE(rezalloc_freed, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	release(p);
	p = ma_rezalloc(hide(p), 100);
	release(p);
}

/* Asks for the size of a small object that was freed. */
MISUSE(usable_size_freed, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	release(p);
	hide_size(ma_usable_size(hide(p)));
}

/* Asks for the size of the middle of a small object. */
MISUSE(usable_size_inside,
       "invalid pointer, not the start of an allocation: ADDRESS lies in a slot of 48 bytes at ADDRESS")
{
	char *p = take_slot();

	hide_size(ma_usable_size(hide(p + 8)));
}

/* Asks for the size of a static variable. */
MISUSE(usable_size_wild, "invalid pointer, not libma's memory: ADDRESS")
{
	static char place[100];

	hide_size(ma_usable_size(hide(place)));
}
