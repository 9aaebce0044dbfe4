/* SPDX-License-Identifier: MIT */
/*
 * Frees a large object twice, with other calls in between.
 *
 * expect: libma: double free of a large object: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = take_large(), *q = hide(ma_malloc((size_t)2 << 20));

	release(p);
	release(q);
	release(take_block());
	release(p);
	return 0;
}
