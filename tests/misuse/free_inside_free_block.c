/* SPDX-License-Identifier: MIT */
/*
 * Frees what lies inside a block that was freed.
 *
 * expect: libma: double free, or invalid pointer: ADDRESS lies in a free block of NUMBER bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	release(p);
	release(p + 4096);
	return 0;
}
