/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object in another thread, and then once more in its own.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	release_elsewhere(p);
	release(p);
	return 0;
}
