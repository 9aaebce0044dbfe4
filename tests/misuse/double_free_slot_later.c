/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object twice, with other calls in between.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot(), *q = take_slot(), *r = take_slot();

	release(p);
	release(q);
	release(r);
	release(take_block());
	release(p);
	return 0;
}
