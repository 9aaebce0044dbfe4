/* SPDX-License-Identifier: MIT */
/*
 * Frees a large object twice, at once.
 *
 * expect: libma: double free of a large object: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = take_large();

	release(p);
	release(p);
	return 0;
}
