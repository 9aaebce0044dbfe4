/* SPDX-License-Identifier: MIT */
/*
 * Writes over a free slot's link, and allocates.
 *
 * expect: libma: free list of a slab overwritten (a write after free?): ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	release(p);
	memset(p, 0x41, 8);
	for (int i = 0; i < 1000; i++)
		if (hide(ma_malloc(48)) == NULL)
			return 1;
	return 0;
}
