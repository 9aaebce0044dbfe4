/* SPDX-License-Identifier: MIT */
/* Writes over what is libma's: found at the first look. */
#include "misuse.h"

/* Writes over the end of a block, and frees it. */
MISUSE(overflow_block, "block header overwritten (an overflow of the block before it?): ADDRESS")
{
	char *p = take_block();

	memset(p, 0x41, ma_usable_size(p) + 16);
	release(p);
}

/* Writes one byte over the end of a block, and frees it. */
MISUSE(overflow_block_by_one, "block header overwritten (an overflow of the block before it?): ADDRESS")
{
	char *p = take_block();

	p[ma_usable_size(p)] ^= 1;
	release(p);
}

/* Writes over the end of a block, and resizes it. */
MISUSE(overflow_found_by_realloc, "block header overwritten (an overflow of the block before it?): ADDRESS")
{
	char *p = take_block();

	memset(p, 0x41, ma_usable_size(p) + 16);
	p = ma_realloc(p, 110000);
	release(p);
}

/* Writes over the end of a block, and frees the one behind it. */
MISUSE(overflow_found_by_the_next, "block header overwritten (an overflow of the block before it?): ADDRESS")
{
	char *p = take_block(), *next = block_behind(p);

	memset(p, 0x41, ma_usable_size(p) + 16);
	release(next);
}

/* Writes over the end of a block; another thread frees the one behind it. */
MISUSE(overflow_found_remotely, "block header overwritten (an overflow of the block before it?): ADDRESS")
{
	char *p = take_block(), *next = block_behind(p);

	memset(p, 0x41, ma_usable_size(p) + 16);
	release_elsewhere(next);
}

/* Writes over the end of a block whose right neighbour is free, and allocates from that. */
MISUSE(overflow_into_free_block, "block header overwritten (an overflow of the block before it?): ADDRESS")
{
	char *p = take_block(), *next = block_behind(p);

	release(next);
	memset(p, 0x41, ma_usable_size(p) + 16);
	release(hide(ma_malloc(99000)));
	release(hide(ma_malloc(100000)));
}

/* Writes in front of a block, and frees it. */
MISUSE(underflow_block, "block header overwritten (an overflow of the block before it?): ADDRESS")
{
	char *p = take_block();

	p[-5] ^= 4;
	release(p);
}

/* Wipes the links of two free blocks of a size, and frees their neighbours. */
MISUSE(write_after_free_block, "free block overwritten (a write after free?): ADDRESS")
{
	char *p = take_block(), *q = take_block();
	char *after_p = block_behind(p), *after_q = block_behind(q);

	release(p);
	release(q);
	memset(p, 0, 16);
	memset(q, 0, 16);
	release(after_p);
	release(after_q);
}

/* Writes over a free slot's link, and allocates. */
MISUSE(write_after_free_slot,
       "free list of a slab overwritten (a write after free?): ADDRESS is a slab of NUMBER bytes")
{
	void *p = take_slot();

	release(p);
	memset(p, 0x41, 8);
	for (int i = 0; i < 1000; i++)
		if (hide(ma_malloc(48)) == NULL)
			return;
}

/* Writes a small number over half of a free slot's link: a place in the slab, where no slot starts. */
MISUSE(write_after_free_slot_number,
       "free list of a slab overwritten (a write after free?): ADDRESS is a slab of NUMBER bytes")
{
	int *p = take_slot();

	release(p);
	*p = 1000;
	for (int i = 0; i < 1000; i++)
		if (hide(ma_malloc(48)) == NULL)
			return;
}

/* Clears a free slot, and allocates. */
MISUSE(write_after_free_slot_zero,
       "free list of a slab overwritten (a write after free?): ADDRESS is a slab of NUMBER bytes")
{
	void *p = take_slot();

	release(p);
	memset(p, 0, 48);
	for (int i = 0; i < 2; i++)
		if (hide(ma_malloc(48)) == NULL)
			return;
}

/* Writes to two blocks that another thread has freed, whose owner takes them in. */
MISUSE(write_after_remote_free, "list of freed blocks overwritten (a write after free?): ADDRESS")
{
	char *p = take_block(), *q = take_block();

	release_elsewhere(p);
	release_elsewhere(q);
	*(int *)q = 77;
	release(hide(ma_malloc(1000000)));
}

/* Copies the links of a free block that has its bin to itself over those of two that share one: one is lost. */
MISUSE(write_after_free_block_copied, "free block missing from its bin (a write after free?): ADDRESS")
{
	char *p = take_block(), *q = take_block(), *alone = hide(ma_malloc(150000));
	char *after_p = block_behind(p), *after_q = block_behind(q);

	/* Too large for any hole or slab: it comes to lie behind. */
	while (hide(ma_malloc(170000)) != block_behind(alone))
		alone = hide(ma_malloc(150000));
	release(p);
	release(q);
	release(alone);
	memcpy(p, alone, 16);
	memcpy(q, alone, 16);
	release(after_p);
	release(after_q);
}

/* Copies the links of one freed block to the one that was freed before: the list leads to that one again and again. */
MISUSE(write_after_free_waiting_copied, "list of freed blocks overwritten (a write after free?): ADDRESS")
{
	char *other = hide(ma_malloc(40000)), *p = hide(ma_malloc(20000)), *q = hide(ma_malloc(20000));

	release(other);
	release(p);
	release(q);
	memcpy(p, q, 16);
	for (int i = 0; i < 3; i++)
		if (hide(ma_malloc(20000)) == NULL)
			return;
}

/* The other way round: the list ends before all have been looked at. */
MISUSE(write_after_free_waiting_lost, "list of freed blocks overwritten (a write after free?)")
{
	char *p = hide(ma_malloc(20000)), *q = hide(ma_malloc(20000));

	release(p);
	release(q);
	memcpy(q, p, 16);
	ma_trim(0);
}

/* The same, and there is room for less and less. */
MISUSE(write_after_free_waiting_no_room, "list of freed blocks overwritten (a write after free?)")
{
	enum { COUNT = 400, LOST = 90 };
	char *p[COUNT];

	for (int i = 0; i < COUNT; i++)
		p[i] = hide(ma_malloc(20000));
	for (int i = 0; i < LOST; i++)
		release(p[i]);
	memcpy(p[LOST - 1], p[0], 16);
	for (int i = LOST; i < COUNT; i++)
		release(p[i]);
}
