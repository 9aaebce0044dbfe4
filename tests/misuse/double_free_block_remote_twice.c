/* SPDX-License-Identifier: MIT */
/*
 * Frees a block in two other threads.
 *
 * expect: libma: double free: ADDRESS is a block of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_block();

	release_elsewhere(p);
	release_elsewhere(p);
	return 0;
}
