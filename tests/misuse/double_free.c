/* SPDX-License-Identifier: MIT */
/* Double frees: at once and after other calls, here and in other threads, of what is still there and what is gone. */
#include "misuse.h"

/* Frees a block twice, at once. */
MISUSE(double_free_block, "double free: ADDRESS is a block of NUMBER bytes")
{
	void *p = take_block();

	release(p);
	release(p);
}

/* Frees a block twice; in between it has become a part of its left neighbour. */
MISUSE(double_free_block_merged, "double free: ADDRESS is a block of NUMBER bytes")
{
	char *p = take_block(), *next = block_behind(p);

	/* Behind both: so much free memory as the top may go back, and the header with it. At a chunk's end there is no
	 * room for that. */
	while (hide(ma_malloc(100000)) != block_behind(next)) {
		p = take_block();
		next = block_behind(p);
	}
	release(p);
	release(next);
	release(next);
}

/* Frees a block, and then once more in another thread. */
MISUSE(double_free_block_own_then_remote, "double free: ADDRESS is a block of NUMBER bytes")
{
	void *p = take_block();

	release(p);
	release_elsewhere(p);
}

/* Frees a block in another thread, and then once more in its own. */
MISUSE(double_free_block_remote_then_own, "double free: ADDRESS is a block of NUMBER bytes")
{
	void *p = take_block();

	release_elsewhere(p);
	release(p);
}

/* Frees a block in two other threads. */
MISUSE(double_free_block_remote_twice, "double free: ADDRESS is a block of NUMBER bytes")
{
	void *p = take_block();

	release_elsewhere(p);
	release_elsewhere(p);
}

/* Frees a block in another thread, writes to it, and frees it once more. */
MISUSE(double_free_block_written_between, "double free of a block: ADDRESS")
{
	void *p = take_block();

	release_elsewhere(p);
	memset(p, 0, 64);
	release(p);
	release(hide(ma_malloc(1000000))); /* takes in what others have freed */
}

/* Frees a block twice; in between the memory went back to the system. */
MISUSE(double_free_chunk_gone, "invalid pointer, not libma's memory: ADDRESS")
{
	void *p = hide(ma_malloc(100000));

	release(p);
	ma_trim(0);
	release(p);
}

/* Frees one of the first objects of a small size twice: it is a block. */
MISUSE(double_free_first_of_a_class, "double free: ADDRESS is a block of NUMBER bytes")
{
	void *p = hide(ma_malloc(48)), *q = hide(ma_malloc(48));

	release(p);
	release(p);
	release(q);
}

/* Frees a large object twice, at once. */
MISUSE(double_free_large, "double free of a large object: ADDRESS")
{
	void *p = take_large();

	release(p);
	release(p);
}

/* Frees a large object twice; in between its mapping went back to the system. */
MISUSE(double_free_large_gone, "invalid pointer, not libma's memory: ADDRESS")
{
	void *p = take_large();

	release(p);
	ma_trim(0);
	release(p);
}

/* Frees a large object twice, with other calls in between. */
MISUSE(double_free_large_later, "double free of a large object: ADDRESS")
{
	void *p = take_large(), *q = hide(ma_malloc((size_t)2 << 20));

	release(p);
	release(q);
	release(take_block());
	release(p);
}

/* Frees a large object in two other threads. */
MISUSE(double_free_large_remote, "double free of a large object: ADDRESS")
{
	void *p = take_large();

	release_elsewhere(p);
	release_elsewhere(p);
}

#define COUNT 2000

/* Frees a small object twice; in between all of its slab was freed and went back to the blocks. */
MISUSE(double_free_slab_gone,
       "double free, or invalid pointer: ADDRESS lies in a free block of NUMBER bytes at ADDRESS")
{
	void *p[COUNT];

	for (int i = 0; i < COUNT; i++)
		p[i] = hide(ma_malloc(48));
	for (int i = 0; i < COUNT; i++)
		release(p[i]);
	ma_trim((size_t)1 << 30); /* the slabs go, the chunk stays */
	release(p[COUNT - 50]);
}

/* Frees a small object twice, at once. */
MISUSE(double_free_slot, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	release(p);
	release(p);
}

/* Frees a small object twice, with other calls in between. */
MISUSE(double_free_slot_later, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot(), *q = take_slot(), *r = take_slot();

	release(p);
	release(q);
	release(r);
	release(take_block());
	release(p);
}

/* Frees a small object, and then once more in another thread. */
MISUSE(double_free_slot_own_then_remote, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	release(p);
	release_elsewhere(p);
}

/* Frees a small object in another thread, and then once more in its own. */
MISUSE(double_free_slot_remote_then_own, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	release_elsewhere(p);
	release(p);
}

/* Frees a small object in two other threads. */
MISUSE(double_free_slot_remote_twice, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	release_elsewhere(p);
	release_elsewhere(p);
}
