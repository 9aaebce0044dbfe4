/* SPDX-License-Identifier: MIT */
/* grow.c - realloc of a growing buffer: how often it moves, and how much is copied for it. */
#include <ma.h>
#include <stdio.h>
#include <sys/resource.h>

/* How many times a page was given to this process so far. */
static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Grows an array of ints, one by one, to `count`; the room grows by half, or by a fixed step. */
static void fill(size_t count, size_t step)
{
	size_t room = 0, calls = 0, moves = 0;
	int *array = NULL;

	for (size_t i = 0; i < count; i++) {
		if (i == room) {
			room += step != 0 ? step : room / 2 + 16;
			int *bigger = ma_reallocarray(array, room, sizeof *array);

			if (bigger == NULL)
				return;
			calls++;
			moves += bigger != array;
			array = bigger;
		}
		array[i] = (int)i;
	}
	printf("%s: %zu calls, %zu of them moved it\n", step != 0 ? "by 1000 each time" : "by half each time",
	       calls, moves);
	ma_free(array);
}

int main(void)
{
	fill(1000000, 1000);
	fill(1000000, 0);

	/* A large object is moved by moving its pages, not its bytes. */
	size_t size = 64 << 20;
	char *buffer = ma_malloc(size);

	if (buffer == NULL)
		return 1;
	for (size_t i = 0; i < size; i += 4096)
		buffer[i] = 1;
	long before = faults();
	char *bigger = ma_realloc(buffer, 4 * size);

	if (bigger == NULL)
		return 1;
	printf("64 MiB to 256 MiB: %s\n",
	       faults() - before < 100 ? "the pages moved, no byte was copied" : "copied");
	ma_free(bigger);
	return 0;
}
