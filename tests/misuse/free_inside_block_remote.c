/* SPDX-License-Identifier: MIT */
/*
 * Frees the middle of a block in another thread.
 *
 * expect: libma: invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	memset(p, 0x75, 100000);
	release_elsewhere(p + 4096);
	return 0;
}
