/* SPDX-License-Identifier: MIT */
/*
 * Asks for the size of a static variable.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	static char place[100];

	return ma_usable_size(hide(place)) == 0;
}
