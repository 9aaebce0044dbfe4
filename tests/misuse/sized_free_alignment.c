/* SPDX-License-Identifier: MIT */
/*
 * Frees with an alignment that the pointer does not have.
 *
 * expect: libma: sized free with an alignment that the allocation can't have: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	char *p = take_block();
	size_t align = (uintptr_t)p & -(uintptr_t)p;

	ma_free_aligned_sized(p, align * 2, 100000);
	return 0;
}
