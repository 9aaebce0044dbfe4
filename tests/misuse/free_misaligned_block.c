/* SPDX-License-Identifier: MIT */
/*
 * Frees a block eight bytes behind its start.
 *
 * expect: libma: invalid pointer, not the start of an allocation: ADDRESS lies in a block of NUMBER bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	release(p + 8);
	return 0;
}
