/* SPDX-License-Identifier: MIT */
/*
 * Wipes the links of two free blocks of a size, and frees their neighbours.
 *
 * expect: libma: free block missing from its bin (a write after free?): ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block(), *q = take_block();
	char *after_p = block_behind(p), *after_q = block_behind(q);

	release(p);
	release(q);
	memset(p, 0, 16);
	memset(q, 0, 16);
	release(after_p);
	release(after_q);
	return 0;
}
