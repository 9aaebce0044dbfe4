/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object one byte behind its start.
 *
 * expect: libma: invalid pointer, not the start of an allocation: ADDRESS lies in a slot of 48 bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_slot();

	release(p + 1);
	return 0;
}
