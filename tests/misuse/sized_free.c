/* SPDX-License-Identifier: MIT */
/* Frees whose size or alignment is another than the allocation can have. */
#include "misuse.h"

/* Frees with an alignment that the pointer does not have. */
MISUSE(sized_free_alignment, "sized free with an alignment that the allocation can't have: ADDRESS")
{
	char *p = take_block();
	size_t align = (uintptr_t)p & -(uintptr_t)p;

	ma_free_aligned_sized(p, align * 2, 100000);
}

/* Frees a block with a size that is too large for it. */
MISUSE(sized_free_block,
       "sized free with a size that the allocation can't have: ADDRESS is an allocation of NUMBER bytes")
{
	void *p = take_block();

	ma_free_sized(p, 200000);
}

/* Frees a large object with a size that is too large for it. */
MISUSE(sized_free_large,
       "sized free with a size that the allocation can't have: ADDRESS is an allocation of NUMBER bytes")
{
	void *p = take_large();

	ma_free_sized(p, (size_t)4 << 20);
}

/* Frees with an alignment that is none. */
MISUSE(sized_free_no_alignment, "sized free with an alignment that the allocation can't have: ADDRESS")
{
	char *p = take_block();

	ma_free_aligned_sized(p, 24, 100000);
}

/* Frees a small object with a size that is too large for it. */
MISUSE(sized_free_slot,
       "sized free with a size that the allocation can't have: ADDRESS is an allocation of NUMBER bytes")
{
	void *p = take_slot();

	ma_free_sized(p, 49);
}

/* Frees a small object twice, with its size. */
MISUSE(sized_free_twice, "double free: ADDRESS is a slot of 48 bytes")
{
	void *p = take_slot();

	ma_free_sized(p, 48);
	ma_free_sized(hide(p), 48);
}
