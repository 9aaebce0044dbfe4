/* SPDX-License-Identifier: MIT */
/*
 * Frees a small object with a size that is too large for it.
 *
 * expect: libma: sized free with a size that the allocation can't have: ADDRESS is an allocation of NUMBER bytes
 */
#include "misuse.h"

int main(void)
{
	void *p = take_slot();

	ma_free_sized(p, 49);
	return 0;
}
