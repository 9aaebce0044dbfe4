/* SPDX-License-Identifier: MIT */
/*
 * Writes over the end of a block, and frees the one behind it.
 *
 * expect: libma: block header overwritten (an overflow of the block before it?): ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block(), *next = block_behind(p);

	memset(p, 0x41, ma_usable_size(p) + 16);
	release(next);
	return 0;
}
