/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object twice, with its size.
 *
 * expect: libma: double free: ADDRESS is a slot of 48 bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	ma_free_sized(p, 48);
	ma_free_sized(hide(p), 48);
	return 0;
}
