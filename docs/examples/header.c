/* SPDX-License-Identifier: MIT */
/* header.c - the sixteen bytes before a block, as libma keeps them. For the curious: they are not an interface. */
#include <inttypes.h>
#include <ma.h>
#include <stdio.h>
#include <string.h>

static void show(const char *name, const void *payload)
{
	uint32_t word[4];

	memcpy(word, (const char *)payload - sizeof word, sizeof word);
	printf("%s: %5" PRIu32 " units of 16 bytes, left neighbour %5" PRIu32
	       ", \"%c%c%c%c\", check %08" PRIx32 "\n",
	       name, word[0], word[1], (int)(word[2] >> 24), (int)(word[2] >> 16 & 255),
	       (int)(word[2] >> 8 & 255), (int)(word[2] & 255), word[3]);
}

int main(void)
{
	char *a = ma_malloc(10000), *b = ma_malloc(20000), *c = ma_malloc(30000);

	if (a == NULL || b == NULL || c == NULL)
		return 1;
	show("a", a);
	show("b", b);
	show("c", c);
	printf("b - a = %td bytes = %td units\n", b - a, (b - a) / 16);
	ma_free(a);
	ma_free(b);
	ma_free(c);
	return 0;
}
