/* SPDX-License-Identifier: MIT */
/*
 * Asks for the size of the middle of a small object.
 *
 * expect: libma: invalid pointer, not the start of an allocation: ADDRESS lies in a slot of 48 bytes at ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_slot();

	return ma_usable_size(hide(p + 8)) == 0;
}
