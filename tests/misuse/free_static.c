/* SPDX-License-Identifier: MIT */
/*
 * Frees a static variable.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	static char place[100];

	release(take_slot());
	release(place);
	return 0;
}
