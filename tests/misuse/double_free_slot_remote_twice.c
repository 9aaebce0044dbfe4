/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object in two other threads.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	release_elsewhere(p);
	release_elsewhere(p);
	return 0;
}
