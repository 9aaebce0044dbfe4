/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object twice, at once.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	release(p);
	release(p);
	return 0;
}
