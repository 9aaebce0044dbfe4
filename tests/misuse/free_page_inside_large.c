/* SPDX-License-Identifier: MIT */
/*
 * Frees an OS page's start inside a large object.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_large();

	release(p + 8192);
	return 0;
}
