/* SPDX-License-Identifier: MIT */
/*
 * Resizes a small object that was freed, by ma_rezalloc().
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	release(p);
	p = ma_rezalloc(hide(p), 100);
	release(p);
	return 0;
}
