/* SPDX-License-Identifier: MIT */
/* The audit finds each fault that is planted, names it, and finds none in a sound heap. */
#include "unit.h"

#include "block_link.h"
#include "heap.h"
#include "large.h"
#include "ma.h"
#include "thread.h"

static struct heap *heap;
static struct chunk *chunk;
static struct mem_block *block, *left, *right;
static struct slab *slab;
static void *slot;

/* A heap with a little of everything; `left` is free, `block` and `right` are used, `slab` has free slots. */
static void begin(void)
{
	void *p[200];

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(100);
	for (size_t i = 0; i < LENGTH(p); i += 2)
		ma_free(p[i]);
	slot = p[151];
	heap = ma_thread_heap;
	chunk = ma_chunk_of(slot);
	slab = ma_slab_in_chunk(chunk, slot);
	expect(slab != NULL && ma_malloc(3000000) != NULL);
	left = ma_block_of(hide(ma_malloc(100000)));
	block = ma_block_of(hide(ma_malloc(100000)));
	right = ma_block_of(hide(ma_malloc(100000)));
	expect(ma_malloc(100000) != NULL);
	ma_free(hide(ma_block_payload(left)));
	left = ma_block_left(block);
	expect(left->state == BLOCK_FREE && ma_block_right(block) == right && ma_check() == 0);
}

/* Makes what was planted in a header look as if the library had written it. */
static void seal(struct mem_block *planted)
{
	ma_block_mark(planted, (enum block_state)planted->state);
}

static void check(void *faults)
{
	int found = ma_check();

	if (*(int *)faults < 0)
		expect(found > 0);
	else
		expect(found == *(int *)faults);
}

/* The audit finds `faults` of them (-1: some), and a line says `what` of `at`. */
static void finds(int faults, const char *what, const void *at)
{
	char text[4096], line[256];
	int lines = 0;

	expect(unit_child(check, &faults, text, sizeof(text)) == 0);
	snprintf(line, sizeof(line), "libma: check: %s: %p\n", what, at);
	if (strstr(text, line) == NULL) {
		fprintf(stderr, "found:    %s\nexpected: %s\n", text, line);
		abort();
	}
	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	expect(faults < 0 || lines == faults);
}

START_TEST(sound_heaps)
{
	expect(ma_check() == 0);
	begin();
	unit_says(check, &(int){0}, "");
}
END_TEST

START_TEST(headers)
{
	begin();
	block->units ^= 2;
	finds(-1, "block header overwritten", block);
	block->units ^= 2;
	block->check ^= 1;
	finds(-1, "block header overwritten", block);
	block->check ^= 1;
	block->state = 0x12345678;
	seal(block);
	finds(1, "block in no state", block);
	block->state = BLOCK_USED;
	block->left_units++;
	seal(block);
	finds(1, "block whose link to its left neighbour is wrong", block);
	block->left_units--;
	block->units += (uint32_t)(MA_WINDOW / MA_UNIT);
	seal(block);
	finds(-1, "block that leaves its chunk", block);
	block->units -= (uint32_t)(MA_WINDOW / MA_UNIT);
	seal(block);
	unit_says(check, &(int){0}, "");
}
END_TEST

START_TEST(free_blocks)
{
	begin();
	block->state = BLOCK_FREE; /* without being in the index, next to a free one */
	seal(block);
	finds(3, "two free neighbours", block);
	finds(3, "free block missing from the index", block);
	finds(3, "index with another number of blocks than are free", heap);
	block->state = BLOCK_USED;
	seal(block);
	ma_fit_remove(&heap->blocks.fit, left);
	finds(2, "free block missing from the index", left);
	ma_fit_insert(&heap->blocks.fit, left);
	unit_says(check, &(int){0}, "");
	memset(ma_block_payload(left), 1, 16); /* nobody follows what stands there */
	finds(-1, "free block whose links are overwritten", left);
}
END_TEST

START_TEST(waiting_blocks)
{
	struct quick *quick;
	uint64_t *older, link;
	struct mem_block **first;

	begin();
	quick = &heap->blocks.quick;
	left = ma_block_of(hide(ma_malloc(9000)));
	right = ma_block_of(hide(ma_malloc(9000)));
	ma_free(hide(ma_block_payload(left)));
	ma_free(hide(ma_block_payload(right)));
	expect(left->state == BLOCK_WAITING && right->state == BLOCK_WAITING && quick->count >= 2);
	unit_says(check, &(int){0}, "");
	for (first = quick->first; *first != right; first++)
		;
	older = ma_block_payload(right);
	link = *older;
	memset(older, 1, sizeof(*older));
	finds(2, "waiting block whose link is overwritten", right);
	finds(2, "quick lists with another number of blocks than wait", heap);
	*older = link;
	*first = left;
	finds(1, "quick lists with another number of blocks than wait", heap);
	*first = right;
	*(uint64_t *)ma_block_payload(left) = ma_link_to(right); /* in a circle */
	finds(1, "quick lists with another number of blocks than wait", heap);
}
END_TEST

/* Links of the index that are blocks, but lead back, as a write after free may leave them. */
START_TEST(circles)
{
	uint64_t *links;

	begin();
	ma_fit_settle(&heap->blocks.fit);
	links = ma_block_payload(left);
	links[0] = links[1] = ma_link_to(left);
	finds(1, "free block whose links are overwritten", left);
	expect(ma_fit_count(&heap->blocks.fit) > 0 && !ma_fit_has(&heap->blocks.fit, right));
}
END_TEST

START_TEST(chunks)
{
	struct mem_block *last;

	begin();
	last = chunk->last;
	chunk->last = block;
	finds(1, "chunk whose last block is another", chunk);
	chunk->last = last;
	ma_store_relaxed(&chunk->owner, NULL);
	finds(1, "chunk whose owner is another heap", chunk);
	ma_store_relaxed(&chunk->owner, heap);
	heap->blocks.held++;
	finds(1, "heap that holds another number of bytes than its chunks", heap);
	heap->blocks.held--;
	unit_says(check, &(int){0}, "");
}
END_TEST

START_TEST(slabs)
{
	struct mem_block *around;
	uint8_t index;

	begin();
	around = ma_block_around(chunk, slot);
	slab->used++;
	finds(1, "slab whose used slots are miscounted", slab->start);
	slab->used--;
	index = chunk->slab_at[ma_chunk_granule(slot)];
	memset(&chunk->slab_at[ma_chunk_granule(around)], 0, around->units * MA_UNIT / MA_GRANULE);
	finds(1, "slab without a descriptor", around);
	memset(&chunk->slab_at[ma_chunk_granule(around)], index, around->units * MA_UNIT / MA_GRANULE);
	slab->slots += 2000;
	finds(-1, "slab that does not lie in its block", around);
	slab->slots -= 2000;
	slab->carved = slab->slots + 1;
	finds(1, "slab whose carved slots are miscounted", slab->start);
}
END_TEST

START_TEST(slots)
{
	begin();
	ma_free(hide(slot));
	*(uint32_t *)slot = 4; /* no slot starts there */
	finds(1, "slab whose ready list is damaged", slab->start);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {sound_heaps, headers, free_blocks, waiting_blocks,
				      circles,	   chunks,  slabs,	 slots};

	return unit_run("check", tests, LENGTH(tests));
}
