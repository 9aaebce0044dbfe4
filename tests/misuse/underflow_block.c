/* SPDX-License-Identifier: MIT */
/*
 * Writes in front of a block, and frees it.
 *
 * expect: libma: block header overwritten (an overflow of the block before it?): ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	p[-5] ^= 4;
	release(p);
	return 0;
}
