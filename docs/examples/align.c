/* SPDX-License-Identifier: MIT */
/* align.c - alignment: what malloc promises, and what more costs by hand and by asking. */
#include <ma.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The largest power of two, up to 4096, that divides an address. */
static unsigned aligned_to(const void *p)
{
	unsigned align = 1;

	while (align < 4096 && (uintptr_t)p % (2 * align) == 0)
		align *= 2;
	return align;
}

int main(void)
{
	unsigned least = 4096;

	for (size_t size = 1; size <= 1000; size++) {
		void *p = ma_malloc(size);

		if (aligned_to(p) < least)
			least = aligned_to(p);
	}
	printf("max_align_t asks for %zu; of 1000 sizes the least aligned pointer had %u\n",
	       alignof(max_align_t), least);

	/* By hand: ask for more, and move up. What lies in front of it is lost. */
	char *raw = ma_malloc(1000 + 4095);
	char *moved = raw + (-(uintptr_t)raw & 4095);
	/* By asking: the allocator cuts an aligned piece out, and keeps what is left over. */
	char *asked = ma_aligned_alloc(4096, 1000);

	printf("by hand:   aligned to %u, takes %zu bytes\n", aligned_to(moved), ma_usable_size(raw));
	printf("by asking: aligned to %u, takes %zu bytes\n", aligned_to(asked), ma_usable_size(asked));
	ma_free(raw); /* raw, not moved: only a start of an allocation can be freed */
	ma_free(asked);
	return 0;
}
