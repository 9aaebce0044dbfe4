/* SPDX-License-Identifier: MIT */
/*
 * Frees a large object in two other threads.
 *
 * expect: libma: double free of a large object: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	void *p = take_large();

	release_elsewhere(p);
	release_elsewhere(p);
	return 0;
}
