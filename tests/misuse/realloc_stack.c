/* SPDX-License-Identifier: MIT */
/*
 * Resizes a variable on the stack.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char place[100] = {0};
	void *p = hide(place);

	p = ma_realloc(p, 200);
	release(p);
	return 0;
}
