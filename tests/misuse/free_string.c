/* SPDX-License-Identifier: MIT */
/*
 * Frees a string constant.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	release("text");
	return 0;
}
