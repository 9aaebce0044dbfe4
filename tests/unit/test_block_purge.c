/* SPDX-License-Identifier: MIT */
/* What is free goes back, when it is worth it, and the tiling stays whole. */
#include <unistd.h>

#include "unit.h"

#include "block_side.h"

START_TEST(memory_goes_back)
{
	enum { COUNT = 100, SIZE = 400000 };
	struct mem_block *block[COUNT];

	begin();
	for (unsigned i = 0; i < COUNT; i++) {
		block[i] = take_plain(SIZE);
		memset(ma_block_payload(block[i]), 1, SIZE);
	}
	for (unsigned i = 0; i < COUNT;
	     i += 2) /* holes: nothing can be cut off, the pages go back all the same */
		give(block[i]);
	expect(scripted_purged() > 10 * 1000 * 1000);
	tiling_read(&after);
	for (unsigned i = 1; i < COUNT; i += 2)
		give(block[i]);
	tiling_read(&after);
	expect(blocks.dirty < 1000 * 1000);
	ma_block_trim(&blocks, 0);
	expect(blocks.dirty == 0);
	tiling_read(&after);
	expect(scripted_held() <= MA_WINDOW);
	expect(take_plain(100) != NULL);
	tiling_read(&after);
}
END_TEST

static uint64_t purged_by_holes(size_t between)
{
	enum { COUNT = 200, HOLE = 100000 };
	struct mem_block *hole[COUNT];

	begin();
	for (unsigned i = 0; i < COUNT; i++) {
		hole[i] = take_plain(HOLE);
		memset(ma_block_payload(hole[i]), 1, HOLE);
		memset(ma_block_payload(take_plain(between)), 1, between);
	}
	for (unsigned i = 0; i < COUNT; i++)
		give(hole[i]);
	tiling_read(&after);
	return scripted_purged();
}

/* They are not worth a system call each. */
START_TEST(little_holes_stay)
{
	expect(purged_by_holes(200000) == 0);
}
END_TEST

START_TEST(little_holes_go_if_more_is_free_than_in_use)
{
	expect(purged_by_holes(30000) > 10 * 1000 * 1000);
}
END_TEST

/* A burst of objects that come and go, all of which is given back unless it is soon wanted again. Returns the regret. */
static size_t regret_of_bursts(unsigned rounds, unsigned pause_ms)
{
	enum { COUNT = 20, SIZE = 400000 };
	struct mem_block *block[COUNT];

	begin();
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < COUNT; i++) {
			block[i] = take_plain(SIZE);
			memset(ma_block_payload(block[i]), 1, SIZE);
			memset(ma_block_payload(take_plain(100)), 1, 100);
		}
		for (unsigned i = 0; i < COUNT; i++)
			give(block[i]);
		usleep(pause_ms * 1000);
	}
	return blocks.regret;
}

START_TEST(what_is_soon_wanted_again_is_regretted)
{
	expect(regret_of_bursts(20, 0) > 1000 * 1000);
}
END_TEST

/* All of a block counts, not only what is touched ahead: one that comes and goes is soon kept. */
START_TEST(all_of_a_block_is_regretted)
{
	uint64_t requests = 0, purged = 0;

	begin();
	for (unsigned round = 0; round < 10; round++) {
		struct mem_block *block = take_plain(1000000);
		memset(ma_block_payload(block), 1, 1000000);
		give(block);
		if (round == 4) {
			requests = scripted_requests();
			purged = scripted_purged();
		}
	}
	expect(scripted_requests() == requests && scripted_purged() == purged);
}
END_TEST

START_TEST(what_is_wanted_again_later_is_not)
{
	expect(regret_of_bursts(3, 200) == 0);
}
END_TEST

/* What stayed free since goes by time alone, without another free. */
START_TEST(time_takes_what_was_kept)
{
	regret_of_bursts(20, 0);
	for (unsigned windows = 0; windows < 3; windows++) {
		ma_block_age(&blocks);
		usleep(600 * 1000);
	}
	ma_block_age(&blocks);
	expect(blocks.dirty < 300 * 1000);
	tiling_read(&after);
}
END_TEST

/* A huge page that is free in part stays whole, until that was so for a while, or it is asked for. */
START_TEST(huge_pages_go_back_late)
{
	enum { COUNT = 100 };
	struct mem_block *block[COUNT];
	uint64_t purged;

	begin();
	blocks.touched = 64 * 1024 * 1024;
	for (unsigned i = 0; i < COUNT; i++) {
		block[i] = take_plain(1000000);
		expect(ma_chunk_of(block[i])->huge);
	}
	blocks.touched = 150 * 1000 * 1000; /* so that what comes free is a third of it */
	for (unsigned i = 0; i < COUNT; i += 2)
		give(block[i]);
	expect(scripted_purged() == 0 && blocks.dirty > 49 * 1000 * 1000);
	tiling_read(&after);
	ma_block_trim(&blocks, 0);
	purged = scripted_purged();
	expect(purged > 49 * 1000 * 1000 && blocks.dirty == 0);
	for (unsigned i = 1; i < COUNT; i += 2)
		give(block[i]);
	expect(scripted_purged() > purged || blocks.held < 10 * MA_WINDOW);
	tiling_read(&after);
}
END_TEST

/* Who refuses huge pages has chunks whose pages are touched and given back one by one. */
START_TEST(huge_pages_may_be_refused)
{
	struct mem_block *block;

	begin();
	blocks.touched = 64 * 1024 * 1024;
	ma_source_refuse_huge();
	block = take_plain(1000000);
	expect(!ma_chunk_of(block)->huge);
}
END_TEST

/* Large blocks count as in use, though their users touch them: else all that comes free would go back at once. */
START_TEST(what_is_used_is_counted)
{
	enum { COUNT = 60 };
	struct mem_block *block[COUNT];

	begin();
	for (unsigned i = 0; i < COUNT; i++)
		block[i] = take_plain(1000000);
	expect(ma_block_in_use(&blocks) >= COUNT * 1000000);
	for (unsigned i = 0; i < COUNT / 6; i++)
		give(block[i]);
	expect(scripted_purged() == 0 && ma_block_in_use(&blocks) < COUNT * 1000000);
}
END_TEST

/* What the chunks know to be resident. */
static size_t resident(void)
{
	size_t bytes = 0;

	for (const struct chunk *chunk = blocks.chunks; chunk != NULL; chunk = chunk->next)
		bytes += ma_chunk_resident(chunk, (const char *)chunk, ma_chunk_end(chunk));
	return bytes;
}

/* All that is touched is counted, and what is given back is no more, by whatever way it goes, huge pages too. */
START_TEST(touched_is_what_is_resident)
{
	static struct mem_block *block[100];
	struct random random = {5};
	unsigned huge = 0;

	begin();
	for (unsigned i = 0; i < 30; i++)
		block[i] = take_plain(1000000); /* from here on chunks are huge */
	for (size_t step = 0; step < test_rounds(20000); step++) {
		struct mem_block **at = &block[random_below(&random, LENGTH(block) >> (step / 100 % 7))];
		if (*at != NULL) {
			give(*at);
			*at = NULL;
		} else if (step / 1000 % 3 != 2) {
			*at = take(&(struct block_request){
				.size = random_size(&random, 1500000),
				.align = MA_UNIT,
				.lazily = random_once_in(&random, 4),
			});
			huge += ma_chunk_of(*at)->huge;
		}
		if (random_once_in(&random, 200))
			ma_block_trim(&blocks, random_size(&random, 300000));
		expect(blocks.touched == resident());
		expect(blocks.spare <= blocks.dirty && blocks.kept <= blocks.dirty);
	}
	expect(huge > 0);
	for (unsigned i = 0; i < LENGTH(block); i++)
		if (block[i] != NULL)
			give(block[i]);
	ma_block_trim(&blocks, 0);
	expect(blocks.touched == resident() && blocks.touched < 100 * 1000);
	tiling_read(&after);
}
END_TEST

START_TEST(trim_keeps_the_pad)
{
	struct mem_block *block;

	begin();
	take_plain(100);
	block = take_plain(240000); /* little enough to wait */
	give(block);
	expect(ma_block_trim(&blocks, 100000) > 0);
	tiling_read(&after);
	expect(after.tile[1].units * MA_UNIT >= 100000 && after.tile[1].units * MA_UNIT < 120000);
	expect(ma_block_trim(&blocks, 100000) == 0);
	scripted_refuse_shrink(true);
	ma_block_trim(&blocks, 0);
	tiling_read(&before);
	expect(before.tile[1].units == after.tile[1].units);
	scripted_relent();
	ma_block_trim(&blocks, 0);
	tiling_read(&after);
	expect(after.tile[1].units * MA_UNIT < 2 * ma_source_page());
}
END_TEST

/* Of a free block whose front was given back before, what is behind it is dirty still when the front is in use again. */
START_TEST(behind_what_was_given_back)
{
	struct mem_block *front, *behind;
	uint64_t purged;

	begin();
	for (unsigned i = 0; i < 9; i++) /* so that a megabyte may stay dirty */
		take_plain(1000000);
	front = take_plain(1000000);
	behind = take_plain(1000000);
	expect(ma_block_right(front) == behind && ma_block_right(behind) == take_plain(1000000));
	give(front);
	expect(ma_block_trim(&blocks, 0) > 900000 && blocks.dirty == 0);
	give(behind);
	expect(take_plain(1000000) == front && blocks.dirty > 990000);
	purged = scripted_purged();
	expect(ma_block_trim(&blocks, 0) > 900000 && scripted_purged() - purged > 900000);
	expect(blocks.dirty == 0 && blocks.touched == resident());
}
END_TEST

static unsigned chunks(void)
{
	struct chunk *sorted[100];

	return chunks_by_address(sorted);
}

/* A chunk that can't go, as another lies above it on the break, is not taken for the top when the one above that goes. */
START_TEST(top_of_the_break)
{
	struct mem_block *block[20], *kept = NULL;
	unsigned count = 0;

	begin();
	while (chunks() < 2)
		kept = block[count++] = take_plain(1000000);
	while (--count > 0)
		give(block[count - 1]);
	ma_block_trim(&blocks, 0);
	expect(chunks() == 2 && blocks.top == ma_chunk_of(kept));
	while (chunks() < 3)
		block[count++] = take_plain(1000000);
	expect(ma_chunk_of(block[0]) < blocks.top && ma_chunk_of(block[0]) != ma_chunk_of(kept));
	while (--count > 0) /* but the first, so that its chunk does not even try */
		give(block[count]);
	ma_block_trim(&blocks, 0);
	expect(chunks() == 2 && blocks.top == ma_chunk_of(kept));
	expect(ma_chunk_end(blocks.top) == ma_source_break() && take_plain(3000000) != NULL && chunks() == 2);
	tiling_read(&after);
}
END_TEST

/* From the top down, whatever came first when they could not go. */
START_TEST(all_of_the_break)
{
	struct mem_block *block[20], *kept = NULL;
	unsigned count = 0;

	begin();
	while (chunks() < 3)
		kept = block[count++] = take_plain(1000000);
	while (--count > 0)
		give(block[count - 1]);
	ma_block_trim(&blocks, 0);
	expect(chunks() == 3);
	give(kept);
	ma_block_trim(&blocks, 0);
	expect(chunks() == 0 && scripted_break_held() == 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		memory_goes_back,
		little_holes_stay,
		little_holes_go_if_more_is_free_than_in_use,
		time_takes_what_was_kept,
		huge_pages_go_back_late,
		huge_pages_may_be_refused,
		what_is_used_is_counted,
		touched_is_what_is_resident,
		trim_keeps_the_pad,
		behind_what_was_given_back,
		top_of_the_break,
		all_of_the_break,
		what_is_soon_wanted_again_is_regretted,
		all_of_a_block_is_regretted,
		what_is_wanted_again_later_is_not,
	};

	return unit_run("block_purge", tests, LENGTH(tests));
}
