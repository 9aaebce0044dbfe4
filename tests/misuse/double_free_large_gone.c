/* SPDX-License-Identifier: MIT */
/*
 * Frees a large object twice; in between its mapping went back to the system.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = take_large();

	release(p);
	ma_trim(0);
	release(p);
	return 0;
}
