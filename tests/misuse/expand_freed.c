/* SPDX-License-Identifier: MIT */
/*
 * Expands a block that was freed.
 *
 * expect: libma: double free: ADDRESS is a block of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_block();

	release(p);
	p = ma_expand(hide(p), 200000);
	release(p);
	return 0;
}
