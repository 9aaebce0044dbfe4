/* SPDX-License-Identifier: MIT */
/*
 * Frees one of the first objects of a small size twice: it is a block.
 *
 * expect: libma: double free: ADDRESS is a block of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = hide(ma_malloc(48)), *q = hide(ma_malloc(48));

	release(p);
	release(p);
	release(q);
	return 0;
}
