/* SPDX-License-Identifier: MIT */
/*
 * Resizes the middle of a block.
 *
 * expect: libma: invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	p = ma_realloc(hide(p + 4096), 200000);
	release(p);
	return 0;
}
