/* SPDX-License-Identifier: MIT */
/*
 * Frees the middle of a block.
 *
 * expect: libma: invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	release(p + 50000 / 16 * 16);
	return 0;
}
