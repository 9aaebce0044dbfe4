/* SPDX-License-Identifier: MIT */
/*
 * Frees with an alignment that is none.
 *
 * expect: libma: sized free with an alignment that the allocation can't have: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();

	ma_free_aligned_sized(p, 24, 100000);
	return 0;
}
