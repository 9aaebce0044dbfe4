/* SPDX-License-Identifier: MIT */
/*
 * Expands a static variable.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	static char place[100];
	void *p = hide(place);

	p = ma_expand(p, 200);
	release(p);
	return 0;
}
