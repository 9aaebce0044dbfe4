/* SPDX-License-Identifier: MIT */
/*
 * Frees what the C library's malloc returned.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = hide(malloc(100));

	release(take_slot());
	release(p);
	return 0;
}
