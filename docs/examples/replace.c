/* SPDX-License-Identifier: MIT */
/* replace.c - replaces objects at random: replace LOW HIGH LIVE TIMES [FILL]. Each octave of sizes is as likely as any. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next(void) /* xorshift, Marsaglia (2003) */
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x >> 20;
}

int main(int argc, char **argv)
{
	static size_t sizes[16384];
	double low = argc > 4 ? atof(argv[1]) : 16, high = argc > 4 ? atof(argv[2]) : 1024;
	size_t live = argc > 4 ? strtoul(argv[3], NULL, 10) : 1000;
	size_t left = argc > 4 ? strtoul(argv[4], NULL, 10) : 100000;
	size_t fill = argc > 5 ? strtoul(argv[5], NULL, 10) : SIZE_MAX;
	char **objects = calloc(live, sizeof(*objects));

	if (objects == NULL)
		return 1;
	for (size_t i = 0; i < 16384; i++)
		sizes[i] = (size_t)(low * pow(high / low, (double)(next() % 100000) / 100000));
	for (; left > 0; left--) {
		char **object = &objects[next() % live];
		size_t size = sizes[next() % 16384];
		free(*object);
		*object = malloc(size);
		if (*object == NULL)
			return 1;
		memset(*object, 1, size < fill ? size : fill);
	}
	return 0;
}
