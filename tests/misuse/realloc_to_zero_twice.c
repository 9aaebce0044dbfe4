/* SPDX-License-Identifier: MIT */
/*
 * Frees by resizing to nothing, twice.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	if (ma_realloc(p, 0) != NULL || ma_realloc(hide(p), 0) != NULL)
		return 1;
	return 0;
}
