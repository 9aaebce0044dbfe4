/* SPDX-License-Identifier: MIT */
/*
 * Frees a block, and then once more in another thread.
 *
 * expect: libma: double free: ADDRESS is a block of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_block();

	release(p);
	release_elsewhere(p);
	return 0;
}
