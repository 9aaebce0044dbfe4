/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object twice; in between all of its slab was freed and went back to the blocks.
 *
 * expect: libma: double free, or invalid pointer: ADDRESS lies in a free block of NUMBER bytes at ADDRESS
 */
#include "misuse.h"

#define COUNT 2000

int main(void)
{
	void *p[COUNT];

	for (int i = 0; i < COUNT; i++)
		p[i] = hide(ma_malloc(48));
	for (int i = 0; i < COUNT; i++)
		release(p[i]);
	ma_trim((size_t)1 << 30); /* the slabs go, the chunk stays */
	release(p[COUNT - 50]);
	return 0;
}
