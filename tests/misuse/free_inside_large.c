/* SPDX-License-Identifier: MIT */
/*
 * Frees the middle of a large object.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_large();

	release(p + 16);
	return 0;
}
