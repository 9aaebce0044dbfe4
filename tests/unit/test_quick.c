/* SPDX-License-Identifier: MIT */
/* Quick lists against a model: what waits is the newest block that is large enough and hardly larger, and never too much. */
#include "unit.h"

#include "block.h"
#include "scripted_source.h"

#define MOST_WAITING ((size_t)4 * 1024 * 1024)

static struct blocks blocks;

/* So much is in use that MOST_WAITING may wait. */
static void begin(void)
{
	blocks.owner = &blocks;
	blocks.on_break = true;
	blocks.touched = MOST_WAITING * QUICK_PART;
}

static struct mem_block *take(size_t size)
{
	struct block_request request = {.size = size, .align = MA_UNIT};
	struct mem_block *block = ma_quick_alloc(&blocks, size, MA_UNIT);
	size_t zero;

	return block != NULL ? block : ma_block_alloc(&blocks, &request, &zero);
}

static void give(struct mem_block *block)
{
	ma_quick_free(&blocks, ma_chunk_of(block), block);
}

/* Nobody else's free merges with the block: used ones lie around it. */
static struct mem_block *take_fenced(size_t size)
{
	struct mem_block *block = take(size);

	expect(block != NULL && take(100) != NULL);
	return block;
}

START_TEST(newest_first)
{
	struct mem_block *old, *new;

	begin();
	old = take_fenced(20000);
	new = take_fenced(20000);
	give(old);
	give(new);
	expect(old->state == BLOCK_WAITING && ma_quick_listed(&blocks.quick) == 2);
	expect(blocks.quick.count == 2 && blocks.quick.bytes == 2 * (size_t)old->units * MA_UNIT);
	expect(take(20000) == new &&take(20000) == old && old->state == BLOCK_USED);
	expect(blocks.quick.count == 0 && blocks.quick.bytes == 0 && ma_quick_listed(&blocks.quick) == 0);
	expect(ma_quick_alloc(&blocks, 20000, MA_UNIT) == NULL);
}
END_TEST

/* Of one block that waits: which sizes it serves. */
START_TEST(large_enough_and_hardly_larger)
{
	begin();
	for (size_t had = 1200; had < 900000; had += had / 5 / MA_UNIT * MA_UNIT) {
		struct mem_block *block = take_fenced(had);
		size_t has = ma_block_size(block);
		give(block);
		expect(block->state == BLOCK_WAITING);
		for (size_t want = has / 2; want < has + 3 * MA_UNIT; want += 1 + has / 100) {
			struct mem_block *got = ma_quick_alloc(&blocks, want, MA_UNIT);
			expect(got == NULL || (got == block && want <= has && want > has - has / 8));
			expect(got != NULL || want > has || want < has - has / 33);
			if (got != NULL)
				give(got);
		}
		expect(ma_quick_flush(&blocks) && block->state == BLOCK_FREE);
	}
}
END_TEST

START_TEST(what_does_not_wait)
{
	struct mem_block *small, *large, *block;

	begin();
	small = take_fenced(500);
	large = take_fenced(QUICK_MOST_UNITS * MA_UNIT + 100);
	give(small);
	give(large);
	expect(small->state == BLOCK_FREE && large->state == BLOCK_FREE);
	block = take_fenced(QUICK_ALWAYS / 4);
	blocks.touched = 0; /* a heap with nothing in use keeps little back */
	give(block);
	expect(block->state == BLOCK_FREE && blocks.quick.count == 0 && !ma_quick_flush(&blocks));
	block = take_fenced(QUICK_ALWAYS / 5);
	give(block);
	expect(block->state == BLOCK_WAITING);
}
END_TEST

/* A put does what a free does, or nothing. */
START_TEST(put_if_it_may_wait)
{
	struct mem_block *small, *block, *last = NULL;
	size_t most, size = 100000;

	begin();
	small = take_fenced(500);
	expect(!ma_quick_put(&blocks, ma_chunk_of(small), small) && small->state == BLOCK_USED);
	do {
		block = last;
		last = take_fenced(size);
		size += size / 20; /* what waits is too small */
	} while (ma_quick_put(&blocks, ma_chunk_of(last), last));
	most = ma_block_in_use(&blocks) / QUICK_PART;
	expect(block->state == BLOCK_WAITING && last->state == BLOCK_USED);
	expect(blocks.quick.bytes <= most && blocks.quick.bytes + ma_block_bytes(last) > most);
	give(last);
	expect(last->state == BLOCK_WAITING);
}
END_TEST

START_TEST(alignment)
{
	struct mem_block *block;

	begin();
	block = take_fenced(5000);
	for (size_t fence = 100; ((uintptr_t)ma_block_payload(block) & 127) != 64; fence += MA_UNIT) {
		expect(fence < 1000 && take(fence) != NULL);
		block = take_fenced(5000);
	}
	give(block);
	expect(ma_quick_alloc(&blocks, 5000, 128) == NULL);
	expect(ma_quick_alloc(&blocks, 5000, 64) == block);
}
END_TEST

/* Any history: as much waits as may, what is handed out serves, all blocks are where they say. */
START_TEST(histories)
{
	struct mem_block *block[300] = {NULL};
	struct random random = {17};
	size_t hits = 0;

	begin();
	for (unsigned step = 0; step < 20000; step++) {
		unsigned place = random_below(&random, LENGTH(block));
		size_t size = 1 + random_size(&random, 300000);
		size_t most = ma_block_in_use(&blocks) / QUICK_PART;
		unsigned waiting;
		if (block[place] != NULL)
			give(block[place]);
		expect(blocks.quick.bytes <= most);
		waiting = blocks.quick.count;
		block[place] = take(size);
		expect(block[place]->state == BLOCK_USED && ma_block_size(block[place]) >= size);
		expect(waiting - blocks.quick.count <= 1);
		hits += waiting - blocks.quick.count;
	}
	expect(hits > 2000);
	ma_quick_flush(&blocks);
	expect(blocks.quick.bytes == 0);
	for (unsigned class = 0; class < LENGTH(blocks.quick.first); class ++)
		expect(blocks.quick.first[class] == NULL);
}
END_TEST

static void free_twice(void *arg)
{
	struct mem_block *block = take_fenced(5000);

	(void)arg;
	give(block);
	expect(ma_block_inspect(ma_chunk_of(block), ma_block_payload(block)) == BLOCK_IS_FREE);
}

static void write_link(void *arg)
{
	struct mem_block *block = take_fenced(5000);

	(void)arg;
	give(block);
	*(uint64_t *)ma_block_payload(block) = 7;
	take(5000);
}

static void write_header(void *arg)
{
	struct mem_block *block = take_fenced(5000);

	(void)arg;
	give(block);
	block->left_units++;
	take(5000);
}

static void overflow(void *arg)
{
	struct mem_block *block = take_fenced(5000);

	(void)arg;
	memset(ma_block_payload(block), 'x', ma_block_size(block) + 4);
	give(block);
}

static void dies_of(void (*act)(void *), const char *fault)
{
	char text[1024];
	int status = unit_child(act, NULL, text, sizeof(text));

	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(text, fault) == text);
}

START_TEST(damage)
{
	const char *const header =
		"libma: block header overwritten (an overflow of the block before it?): 0x";

	begin();
	unit_says(free_twice, NULL, "");
	dies_of(write_link, "libma: free block overwritten (a write after free?): 0x");
	dies_of(write_header, header);
	dies_of(overflow, header);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		newest_first,
		large_enough_and_hardly_larger,
		what_does_not_wait,
		put_if_it_may_wait,
		alignment,
		histories,
		damage,
	};

	return unit_run("quick", tests, LENGTH(tests));
}
