/* SPDX-License-Identifier: MIT */
/*
 * Writes one byte over the end of a block, and frees it.
 *
 * expect: libma: block header overwritten (an overflow of the block before it?): ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	p[ma_usable_size(p)] ^= 1;
	release(p);
	return 0;
}
