/* SPDX-License-Identifier: MIT */
/*
 * Frees an address that cannot be.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

int main(void)
{
	release(take_slot());
	release((void *)(uintptr_t)UINT64_C(0xdeadbeefdeadbeef));
	return 0;
}
