/* SPDX-License-Identifier: MIT */
/* loop.c - malloc and free, as often as the argument says: to count instructions. */
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int left = argc > 1 ? atoi(argv[1]) : 0; left > 0; left--) {
		void *volatile p = malloc(64);
		free(p);
	}
}
