/* SPDX-License-Identifier: MIT */
/*
 * Frees a block twice; in between the memory went back to the system.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = hide(ma_malloc(100000));

	release(p);
	ma_trim(0);
	release(p);
	return 0;
}
