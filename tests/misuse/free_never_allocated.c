/* SPDX-License-Identifier: MIT */
/*
 * Frees a slot that was never handed out.
 *
 * expect: libma: invalid pointer, never allocated: ADDRESS lies in a slab of NUMBER bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_slot();

	release(p + 48 * 200);
	return 0;
}
