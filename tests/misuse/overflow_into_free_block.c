/* SPDX-License-Identifier: MIT */
/*
 * Writes over the end of a block whose right neighbour is free, and allocates from that.
 *
 * expect: libma: block header overwritten (an overflow of the block before it?): ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block(), *next = block_behind(p);

	release(next);
	memset(p, 0x41, ma_usable_size(p) + 16);
	release(hide(ma_malloc(99000)));
	release(hide(ma_malloc(100000)));
	return 0;
}
