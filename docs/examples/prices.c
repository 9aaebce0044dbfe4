/* SPDX-License-Identifier: MIT */
/* prices.c - what 4 KiB cost, of which a byte is written, by the way they are got. */
#include <ma.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 4096, PIECES = 4096 };

static double start;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void tell(const char *what)
{
	printf("%-32s %8.1f ns\n", what, (now() - start) / PIECES);
}

static char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	return memory;
}

/* All pieces in one mapping, with a word of advice to the kernel first. */
static void at_once(const char *what, int advice, int then)
{
	enum { HUGE_PAGE = 2 << 20, SIZE = PIECES * PIECE };

	start = now();
	char *memory = map(SIZE + HUGE_PAGE), *first = memory + -(size_t)memory % HUGE_PAGE;

	madvise(first, SIZE, advice); /* in vain where the kernel has no huge pages */
	if (then != 0 && madvise(first, SIZE, then) != 0)
		exit(1);
	for (int i = 0; i < PIECES; i++)
		first[i * PIECE] = 1;
	tell(what);
	munmap(memory, SIZE + HUGE_PAGE);
}

int main(void)
{
	start = now();
	for (int i = 0; i < PIECES; i++) {
		char *volatile piece = ma_malloc(PIECE); /* volatile: or else the compiler leaves it out */

		*piece = 1;
		ma_free(piece);
	}
	tell("malloc, and free");
	start = now();
	for (int i = 0; i < PIECES; i++) {
		char *piece = sbrk(PIECE);

		*piece = 1;
		sbrk(-PIECE);
	}
	tell("the break up, and down");
	start = now();
	for (int i = 0; i < PIECES; i++) {
		char *piece = map(PIECE);

		*piece = 1;
		munmap(piece, PIECE);
	}
	tell("a mapping each, and its end");
	at_once("one mapping for all", MADV_NOHUGEPAGE, 0);
	at_once("the same, populated at once", MADV_NOHUGEPAGE, MADV_POPULATE_WRITE);
	at_once("the same, in huge pages", MADV_HUGEPAGE, 0);
	return 0;
}
