/* SPDX-License-Identifier: MIT */
/*
 * Frees a block twice; in between it has become a part of its left neighbour.
 *
 * expect: libma: double free: ADDRESS is a block of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block(), *next = block_behind(p);

	release(p);
	release(next);
	release(next);
	return 0;
}
