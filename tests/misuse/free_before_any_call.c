/* SPDX-License-Identifier: MIT */
/*
 * Frees a stranger before libma was ever asked for memory.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	static char place[100];

	release(place + 48);
	return 0;
}
