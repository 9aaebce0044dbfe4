/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object, and then once more in another thread.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	release(p);
	release_elsewhere(p);
	return 0;
}
