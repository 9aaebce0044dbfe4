/* SPDX-License-Identifier: MIT */
/*
 * Frees the middle of a small object in another thread.
 *
 * expect: libma: invalid pointer, not the start of an allocation: ADDRESS lies in a slot of 48 bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_slot();

	release_elsewhere(p + 16);
	return 0;
}
