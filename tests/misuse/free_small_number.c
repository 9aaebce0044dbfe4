/* SPDX-License-Identifier: MIT */
/*
 * Frees a small number.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	release((void *)42);
	return 0;
}
