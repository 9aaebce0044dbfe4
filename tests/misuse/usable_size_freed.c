/* SPDX-License-Identifier: MIT */
/*
 * Asks for the size of a small object that was freed.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	release(p);
	return ma_usable_size(hide(p)) == 0;
}
