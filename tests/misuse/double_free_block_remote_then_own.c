/* SPDX-License-Identifier: MIT */
/*
 * Frees a block in another thread, and then once more in its own.
 *
 * expect: libma: double free: ADDRESS is a block of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_block();

	release_elsewhere(p);
	release(p);
	return 0;
}
