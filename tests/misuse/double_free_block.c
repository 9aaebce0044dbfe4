/* SPDX-License-Identifier: MIT */
/*
 * Frees a block twice, at once.
 *
 * expect: libma: double free: ADDRESS is a block of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_block();

	release(p);
	release(p);
	return 0;
}
