/* SPDX-License-Identifier: MIT */
/* two_sources.c - where memory comes from: the break moves, or a mapping appears. */
#include <ma.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static char output[4096];
static char *before;

/* Says how far the break has moved since the last call. */
static void tell(const char *what, const char *object)
{
	char *now = sbrk(0);

	printf("%-24s break +%td KiB, object %s the break\n", what, (now - before) / 1024,
	       object < now ? "below" : "far above");
	before = now;
}

int main(void)
{
	char *small, *more = NULL, *large;

	setvbuf(stdout, output, _IOFBF, sizeof output); /* or else stdio would move the break, too */
	before = sbrk(0);
	small = ma_malloc(100);
	tell("100 bytes", small);
	for (int i = 0; i < 100; i++)
		more = ma_malloc(100);
	tell("100 times 100 bytes", more);
	large = ma_malloc(3 << 20);
	tell("3 MiB", large);
	return small == NULL || more == NULL || large == NULL;
}
