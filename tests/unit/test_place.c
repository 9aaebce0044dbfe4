/* SPDX-License-Identifier: MIT */
/* What a report says of a place: sound neighbours, overwritten ones, edges, slots, and nothing of strangers. */
#include "unit.h"

#include <stdarg.h>
#include <unistd.h>

#include "../hide.h"
#include "block.h"
#include "ma.h"
#include "place.h"
#include "text.h"

static const char *kind;

static void tell(void *at)
{
	struct text line;

	ma_text_begin(&line, STDERR_FILENO);
	ma_place_tell(&line, kind, at);
	ma_text_flush(&line);
}

__attribute__((format(printf, 3, 4))) static void says(const char *tell_kind, void *at, const char *format,
						       ...)
{
	char text[1000];
	va_list rest;

	va_start(rest, format);
	vsnprintf(text, sizeof(text), format, rest);
	va_end(rest);
	kind = tell_kind;
	unit_says(tell, at, text);
}

static struct mem_block *header(char *payload)
{
	return (struct mem_block *)(payload - sizeof(struct mem_block));
}

START_TEST(strangers)
{
	int here;

	says(NULL, &here, "%s", "");
	says("block", &here, "%s", "");
	says(NULL, NULL, "%s", "");
}
END_TEST

START_TEST(blocks)
{
	char *a = hide(ma_malloc(10000)), *b = hide(ma_malloc(20000)), *c = hide(ma_malloc(30000)),
	     *d = hide(ma_malloc(40000));

	says("block", b, ", between a used block of 10000 bytes at %p and a used block of 30000 bytes at %p",
	     (void *)a, (void *)c);
	says(NULL, b + 50,
	     " lies in a block of 20000 bytes at %p, between a used block of 10000 bytes at %p and a "
	     "used block of 30000 bytes at %p",
	     (void *)b, (void *)a, (void *)c);
	says("block", a, ", between the chunk's start and a used block of 20000 bytes at %p", (void *)b);
	ma_free(hide(c));
	says("block", d, ", between a free block of 30000 bytes at %p and a free block of %zu bytes at %p",
	     (void *)c, ma_block_size(ma_block_right(header(d))),
	     ma_block_payload(ma_block_right(header(d))));
	header(b)->units = 7;
	says(NULL, header(b),
	     " is the header of a block of 20000 bytes at %p, between a used block of 10000 bytes at "
	     "%p and a free block of 30000 bytes at %p",
	     (void *)b, (void *)a, (void *)c);
	says("block", a, ", between the chunk's start and a block whose header was overwritten, at %p",
	     (void *)b);
	says(NULL, c,
	     " is a block of 30000 bytes, between a block whose header was overwritten, at %p and a used block "
	     "of 40000 bytes at %p",
	     (void *)b, (void *)d);
}
END_TEST

START_TEST(slots)
{
	char *p[100], *first;
	size_t n = 0;

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = hide(ma_malloc(48));
	while (p[n + 1] != p[n] + 48) /* the first objects of a size are blocks */
		n++;
	first = p[n];
	says("slot", first, ", between the slab's start and a used slot at %p", (void *)(first + 48));
	says("slot", first + 48, ", between a used slot at %p and a used slot at %p", (void *)first,
	     (void *)(first + 96));
	ma_free(hide(first + 96));
	says("slot", first + 48, ", between a used slot at %p and a free slot at %p", (void *)first,
	     (void *)(first + 96));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {strangers, blocks, slots};

	return unit_run("place", tests, LENGTH(tests));
}
