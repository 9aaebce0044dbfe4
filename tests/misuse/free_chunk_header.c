/* SPDX-License-Identifier: MIT */
/*
 * Frees a place in the header of a chunk.
 *
 * expect: libma: invalid pointer, not libma's memory: ADDRESS
 */
#include "misuse.h"

static int first_chunk(const struct ma_place *place, void *chunk)
{
	*(const void **)chunk = place->chunk;
	return 1;
}

int main(void)
{
	char *chunk = NULL;

	release(take_slot());
	ma_walk(first_chunk, &chunk);
	release(chunk + 64);
	return 0;
}
