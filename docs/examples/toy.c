/* SPDX-License-Identifier: MIT */
/* toy.c - a whole allocator: headers, first fit, split, coalesce, in a heap of 256 bytes. */
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>

struct block {
	size_t size; /* of the whole block, header included */
	size_t used; /* 1 or 0 */
};

enum { HEAP = 256, HEADER = sizeof(struct block), LEAST = 2 * HEADER };

static alignas(16) unsigned char heap[HEAP];

static struct block *first(void)
{
	return (struct block *)heap;
}

/* The block to the right; NULL behind the last one. */
static struct block *right(struct block *block)
{
	unsigned char *end = (unsigned char *)block + block->size;

	return end < heap + HEAP ? (struct block *)end : NULL;
}

/* Cuts what is behind the first `size` bytes off, as a free block, unless it is too small to be one. */
static void split(struct block *block, size_t size)
{
	if (block->size - size < LEAST)
		return;
	struct block *rest = (struct block *)((unsigned char *)block + size);

	*rest = (struct block){block->size - size, 0};
	block->size = size;
}

static void *toy_malloc(size_t size)
{
	size = HEADER + (size + 15) / 16 * 16;
	for (struct block *block = first(); block != NULL; block = right(block)) {
		if (!block->used && block->size >= size) {
			split(block, size);
			block->used = 1;
			return block + 1;
		}
	}
	return NULL;
}

static void toy_free(void *payload)
{
	((struct block *)payload - 1)->used = 0;
	for (struct block *block = first(), *next; block != NULL; block = next) {
		next = right(block);
		if (next != NULL && !block->used && !next->used) {
			block->size += next->size;
			next = block; /* perhaps a third one follows */
		}
	}
}

/* Draws the heap: a header is [ and the rest # or . , one character for 16 bytes. */
static void draw(const char *what)
{
	for (struct block *block = first(); block != NULL; block = right(block)) {
		putchar('[');
		for (size_t i = HEADER; i < block->size; i += 16)
			putchar(block->used ? '#' : '.');
	}
	printf("  %s\n", what);
}

int main(void)
{
	*first() = (struct block){HEAP, 0};
	draw("one free block");
	void *a = toy_malloc(40), *b = toy_malloc(30), *c = toy_malloc(60);
	draw("a, b and c: split three times");
	toy_free(a);
	draw("a is free");
	toy_free(c);
	draw("c is free, and merged with what lay behind it");
	void *d = toy_malloc(20);
	draw("d: first fit takes the hole that a left, all of it");
	toy_free(b);
	draw("b is free: three became one");
	toy_free(d);
	draw("one free block");
	return 0;
}
