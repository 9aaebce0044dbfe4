/* SPDX-License-Identifier: MIT */
/*
 * Resizes a large object that was freed.
 *
 * expect: libma: double free of a large object: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = take_large();

	release(p);
	p = ma_realloc(hide(p), (size_t)9 << 20);
	release(p);
	return 0;
}
