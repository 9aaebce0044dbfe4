/* SPDX-License-Identifier: MIT */
/*
 * Frees a block in another thread, writes to it, and frees it once more.
 *
 * expect: libma: double free of a block: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = take_block();

	release_elsewhere(p);
	memset(p, 0, 64);
	release(p);
	release(hide(ma_malloc(1000000))); /* takes in what others have freed */
	return 0;
}
