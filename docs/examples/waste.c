/* SPDX-License-Identifier: MIT */
/* waste.c - internal fragmentation: what an allocation holds, beside what was asked for. */
#include <ma.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	static const size_t sizes[] = {1,    17,   24,	 40,   100,  130,    300,
				       1000, 1025, 5000, 8192, 8193, 100000, 3000000};
	double waste = 0;

	if (argc > 1 && strcmp(argv[1], "csv") == 0) { /* all sizes, for a plot */
		for (size_t size = 1; size <= 9216; size++)
			printf("%zu,%zu\n", size, ma_good_size(size));
		return 0;
	}
	puts("   asked     usable   wasted");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t usable = ma_good_size(sizes[i]);

		printf("%8zu %10zu %7.1f%%\n", sizes[i], usable,
		       100.0 * (double)(usable - sizes[i]) / (double)usable);
	}
	for (size_t size = 129; size <= 8192; size++)
		waste += (double)(ma_good_size(size) - size) / (double)ma_good_size(size);
	printf("average from 129 to 8192: %.1f%%\n", 100 * waste / (8192 - 128));
	return 0;
}
