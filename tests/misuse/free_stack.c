/* SPDX-License-Identifier: MIT */
/*
 * Frees a variable on the stack.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char place[100] = {0};

	release(take_slot());
	release(place + 16);
	return 0;
}
