/* SPDX-License-Identifier: MIT */
/* Chunks and their registry, on the break and beside it, with strangers that move the break. */
#include "unit.h"

#include "chunk.h"
#include "scripted_source.h"
#include "source.h"

static int owner;

static char *byte(struct chunk *chunk, ptrdiff_t offset)
{
	return (char *)chunk + offset;
}

/* What holds for every chunk that is there. */
static void chunk_is_sound(struct chunk *chunk)
{
	char *end = ma_chunk_end(chunk);
	uintptr_t window = (uintptr_t)chunk & ~(MA_WINDOW - 1);

	expect((uintptr_t)chunk % 64 == 0);
	expect(chunk->start == (char *)(chunk + 1) && (uintptr_t)chunk->start % MA_UNIT == 0);
	expect(chunk->start < end && end <= chunk->limit && (uintptr_t)chunk->limit == window + MA_WINDOW);
	expect((uintptr_t)end % MA_UNIT == 0);
	expect(chunk->on_break || (end == chunk->limit && (uintptr_t)chunk == window));
	expect(scripted_gives(chunk, (size_t)(end - (char *)chunk)));
	expect(ma_chunk_of(chunk->start) == chunk);
	expect(ma_chunk_of(end - 1) == chunk);
	expect(ma_chunk_of(byte(chunk, -1)) != chunk);
	expect(ma_chunk_of(chunk) != chunk); /* no block lies in the header */
	expect(ma_chunk_of(chunk->start - 1) != chunk);
	expect(ma_load_relaxed(&chunk->owner) == &owner);
}

/* Counts the chunks of the registry, and sees that they come in address order. */
static unsigned registered(void)
{
	unsigned count = 0;

	for (struct chunk *at = NULL, *next; (next = ma_chunk_after(at)) != NULL; at = next) {
		expect(next > at);
		chunk_is_sound(next);
		count++;
	}
	return count;
}

static struct chunk *new_chunk(size_t need, bool on_break)
{
	struct chunk *chunk = ma_chunk_new(&owner, need, on_break, false);

	expect(chunk != NULL);
	chunk_is_sound(chunk);
	expect((size_t)(ma_chunk_end(chunk) - chunk->start) >= need);
	expect(pattern_is_zero(chunk->start, (size_t)(ma_chunk_end(chunk) - chunk->start)));
	return chunk;
}

START_TEST(on_the_break)
{
	struct chunk *chunk = new_chunk(100000, true);

	expect(chunk->on_break && scripted_mappings() == 0);
	expect(ma_chunk_end(chunk) == ma_source_break());
	expect(registered() == 1);
	expect(ma_chunk_delete(chunk));
	expect(registered() == 0 && scripted_break_held() < MA_UNIT * 4);
	expect(ma_chunk_of(chunk->start) == NULL);
}
END_TEST

/* The last OS page below the break keeps what was written there while the break was higher. */
START_TEST(where_others_have_written)
{
	struct chunk *chunk = new_chunk(10000, true);
	size_t page = ma_source_page(), rest = page - (uintptr_t)chunk % page;
	struct chunk *again;

	expect(rest < page); /* the break is on no page's edge */
	memset(chunk->resident, 0xff, sizeof(chunk->resident));
	chunk->prev = chunk->next = chunk;
	chunk->slab_in_use[1] = 1;
	expect(ma_chunk_delete(chunk));
	again = new_chunk(10000, true);
	expect(again == chunk && again->prev == NULL && again->next == NULL);
	expect(pattern_is_zero(again->resident, sizeof(again->resident)));
	expect(again->slab_in_use[0] == 1 && again->slab_in_use[1] == 0);
	expect(again->fresh >= (char *)ma_round_up((uintptr_t)again, page));
}
END_TEST

START_TEST(mapped)
{
	struct chunk *chunk = new_chunk(100000, false);

	expect(!chunk->on_break && scripted_break_held() == 0 && scripted_mappings() == 1);
	expect(ma_chunk_extend(chunk, 1, 1) == 0);
	expect(!ma_chunk_shrink(chunk, ma_source_page()));
	expect(ma_chunk_delete(chunk));
	expect(registered() == 0 && scripted_held() == 0);
}
END_TEST

START_TEST(any_pointer_may_be_asked_about)
{
	struct chunk *chunk = new_chunk(100000, true);
	struct random random = {1};
	static const uintptr_t wild[] = {
		0,
		1,
		4096,
		UINTPTR_MAX,
		UINTPTR_MAX / 2,
#if UINTPTR_MAX > UINT32_MAX
		(uintptr_t)1 << 47,
		((uintptr_t)1 << 48) - 1,
		(uintptr_t)1 << 48,
#endif
		UINTPTR_MAX / 2 + 1
	};

	for (size_t i = 0; i < 100000; i++) {
		uintptr_t p = i < LENGTH(wild)
				      ? wild[i]
				      : (uintptr_t)(random_next(&random) >> random_below(&random, 64));
		struct chunk *of = ma_chunk_of((void *)p);
		expect(of == NULL ||
		       (of == chunk && p >= (uintptr_t)chunk->start && p < (uintptr_t)chunk->limit));
	}
	expect(ma_chunk_of(&chunk) == NULL && ma_chunk_of(&owner) == NULL);
}
END_TEST

START_TEST(growth)
{
	struct chunk *chunk = new_chunk(1000, true);
	char *end = ma_chunk_end(chunk);
	size_t got;

	got = ma_chunk_extend(chunk, 1, 1);
	expect(got > 0 && got % ma_source_page() == 0 && ma_chunk_end(chunk) == end + got);
	got = ma_chunk_extend(chunk, 5000, 100000);
	expect(got >= 100000 && pattern_is_zero(ma_chunk_end(chunk) - got, got));
	chunk_is_sound(chunk);
	expect(ma_chunk_extend(chunk, MA_WINDOW, 1) == 0);
	got = ma_chunk_extend(chunk, 1, MA_WINDOW); /* the step is a wish */
	expect(got > 0 && ma_chunk_end(chunk) == chunk->limit);
	expect(ma_chunk_extend(chunk, 1, 1) == 0);
	chunk_is_sound(chunk);
}
END_TEST

START_TEST(shrinking)
{
	struct chunk *chunk = new_chunk(1000000, true);
	size_t page = ma_source_page();
	char *end = ma_chunk_end(chunk);

	memset(end - 4 * page, 1, 4 * page);
	chunk->fresh = end;
	scripted_refuse_shrink(true);
	expect(!ma_chunk_shrink(chunk, 4 * page) && ma_chunk_end(chunk) == end);
	scripted_relent();
	expect(ma_chunk_shrink(chunk, 4 * page) && ma_chunk_end(chunk) == end - 4 * page);
	expect(chunk->fresh == ma_chunk_end(chunk));
	chunk_is_sound(chunk);
	expect(ma_chunk_extend(chunk, 4 * page, 1) >= 4 * page);
	expect(pattern_is_zero(end - 4 * page, 4 * page));
}
END_TEST

START_TEST(stranger_in_between)
{
	struct chunk *chunk = new_chunk(1000, true), *second;
	char *end = ma_chunk_end(chunk), *his = scripted_foreign(3000);

	expect(his == end);
	memset(his, 7, 3000);
	expect(ma_chunk_extend(chunk, 1, 1) == 0 && ma_chunk_end(chunk) == end);
	expect(!ma_chunk_shrink(chunk, ma_source_page()));
	expect(!ma_chunk_delete(chunk));
	chunk_is_sound(chunk);
	expect(ma_chunk_of(his + 2999) == NULL || his + 2999 < chunk->limit);
	second = new_chunk(1000, true);
	expect(second->on_break && byte(second, 0) >= his + 3000 && registered() == 2);
	expect(((uintptr_t)second ^ (uintptr_t)chunk) >> MA_WINDOW_SHIFT != 0);
	expect(ma_chunk_extend(second, 1, 1) > 0);
	for (int i = 0; i < 3000; i++)
		expect(his[i] == 7);
	expect(ma_chunk_delete(second));
	expect(registered() == 1);
}
END_TEST

START_TEST(stranger_goes_again)
{
	struct chunk *chunk = new_chunk(1000, true);
	char *end = ma_chunk_end(chunk);

	scripted_foreign(3000);
	scripted_foreign(-3000);
	expect(ma_chunk_extend(chunk, 1, 1) > 0);
	scripted_foreign(3000);
	expect(!ma_chunk_delete(chunk) && registered() == 1);
	scripted_foreign(-3000);
	expect(ma_chunk_shrink(chunk, (size_t)(ma_chunk_end(chunk) - end)));
	expect(ma_chunk_delete(chunk) && registered() == 0);
}
END_TEST

START_TEST(growth_that_does_not_join)
{
	struct chunk *chunk, *other;
	char *end;
	size_t held;

	scripted_foreign_before(1, 5000);
	other = new_chunk(1000, true); /* gave the misplaced memory back, and went elsewhere */
	expect(!other->on_break && scripted_break_held() == 5000);
	chunk = new_chunk(1000, true);
	expect(chunk->on_break);
	end = ma_chunk_end(chunk);
	held = scripted_break_held();
	scripted_foreign_before(1, 5000);
	expect(ma_chunk_extend(chunk, 1, 1) == 0 && ma_chunk_end(chunk) == end);
	expect(scripted_break_held() == held + 5000);
	expect(registered() == 2);
}
END_TEST

/* What is left of a window that is too small for a request is no loss: it goes back with the chunk above it. */
START_TEST(gap_between_chunks)
{
	struct chunk *chunk = new_chunk(1000, true), *second;
	size_t had = (size_t)(ma_chunk_end(chunk) - (char *)chunk);

	expect(ma_chunk_extend(chunk, 2000000, 1) > 0);
	second = new_chunk(3000000, true);
	expect(second->on_break && (char *)second > ma_chunk_end(chunk));
	expect(ma_chunk_extend(chunk, 1, 1) == 0 && ma_chunk_extend(second, 1, 1) > 0);
	expect(ma_chunk_delete(second));
	expect(ma_chunk_end(chunk) == ma_source_break());
	expect(ma_chunk_extend(chunk, 1, 1) > 0);
	expect(ma_chunk_shrink(chunk, (size_t)(ma_chunk_end(chunk) - (char *)chunk) - had));
	chunk_is_sound(chunk);
	expect(ma_chunk_delete(chunk) && scripted_break_held() == 0);
}
END_TEST

START_TEST(break_that_is_not_safe)
{
	struct chunk *chunk = new_chunk(1000, true), *second;
	size_t held = scripted_break_held();

	scripted_break_safe(false);
	expect(ma_chunk_extend(chunk, 1, 1) == 0);
	expect(!ma_chunk_shrink(chunk, ma_source_page()));
	expect(!ma_chunk_delete(chunk));
	second = new_chunk(1000, true);
	expect(!second->on_break && scripted_break_held() == held);
	scripted_break_safe(true);
	expect(ma_chunk_extend(chunk, 1, 1) > 0);
	expect(ma_chunk_delete(chunk) && ma_chunk_delete(second));
}
END_TEST

START_TEST(refusals)
{
	struct chunk *chunk;

	scripted_refuse(1, UINT64_MAX);
	expect(ma_chunk_new(&owner, 1000, true, false) == NULL &&
	       ma_chunk_new(&owner, 1000, false, false) == NULL);
	expect(scripted_held() == 0 && registered() == 0);
	scripted_relent();
	scripted_refuse_break(true);
	chunk = new_chunk(1000, true);
	expect(!chunk->on_break);
	scripted_relent();
	chunk = new_chunk(1000, true);
	expect(chunk->on_break);
	scripted_refuse(1, UINT64_MAX);
	expect(ma_chunk_extend(chunk, 1, 1) == 0);
	expect(ma_chunk_new(&owner, 1000, true, false) == NULL && registered() == 2);
	scripted_relent();
	expect(ma_chunk_extend(chunk, 1, 1) > 0);
	expect(ma_chunk_new(&owner, MA_WINDOW, true, false) == NULL);
	expect(ma_chunk_new(&owner, SIZE_MAX, false, false) == NULL);
	expect(registered() == 2);
}
END_TEST

START_TEST(as_large_as_a_window)
{
	size_t most = MA_WINDOW - sizeof(struct chunk) - MA_UNIT;
	struct chunk *other = new_chunk(most, false);
	struct chunk *chunk = new_chunk(most, true);

	expect((uintptr_t)ma_chunk_end(chunk) - (uintptr_t)chunk <= MA_WINDOW);
	expect(ma_chunk_delete(chunk) && ma_chunk_delete(other) && registered() == 0);
}
END_TEST

START_TEST(slab_descriptors)
{
	struct chunk *chunk = new_chunk(1000, false);
	struct slab *slab[MA_GRANULES];

	for (unsigned i = 0; i < MA_GRANULES - 1; i++) {
		slab[i] = ma_chunk_take_slab(chunk);
		expect(slab[i] > &chunk->slab[0] && slab[i] < &chunk->slab[MA_GRANULES]);
		for (unsigned j = 0; j < i; j++)
			expect(slab[j] != slab[i]);
		slab[i]->index = (uint8_t)(slab[i] - chunk->slab);
		expect(ma_chunk_of_slab(slab[i]) == chunk);
	}
	expect(ma_chunk_take_slab(chunk) == NULL);
	ma_chunk_drop_slab(chunk, slab[17]);
	ma_chunk_drop_slab(chunk, slab[200]);
	expect(ma_chunk_take_slab(chunk) == slab[17]);
	expect(ma_chunk_take_slab(chunk) == slab[200]);
	expect(ma_chunk_take_slab(chunk) == NULL);
}
END_TEST

START_TEST(touched_once)
{
	struct chunk *chunk = new_chunk(1000000, true);
	char *start = chunk->start, *end = ma_chunk_end(chunk);
	size_t page = ma_source_page(), got;
	uint64_t before = scripted_populated();

	got = ma_chunk_touch(chunk, start, start + page, 4 * page);
	expect(got > 0 && scripted_populated() == before + got);
	expect(ma_chunk_touch(chunk, start, start + page, 4 * page) == 0);
	got = ma_chunk_touch(chunk, start, end, 100 * page);
	expect(ma_chunk_touch(chunk, start, end, 100 * page) == 0);
	expect(ma_chunk_purge(chunk, start, start + 1, false) == 0);
	got = ma_chunk_purge(chunk, start + 1, end - 1, false);
	expect(got > 0 && got % page == 0 && scripted_purged() == got);
	expect(ma_chunk_touch(chunk, start, end, 0) == got);
}
END_TEST

/* What is resident in between does not count again. */
START_TEST(touched_around_what_is_resident)
{
	struct chunk *chunk = new_chunk(1000000, true);
	char *from = (char *)ma_round_up((uintptr_t)chunk->start, CHUNK_CELL);

	expect(ma_chunk_resident(chunk, from, ma_chunk_end(chunk)) == 0);
	expect(ma_chunk_touch(chunk, from + 10 * CHUNK_CELL, from + 30 * CHUNK_CELL, 0) == 20 * CHUNK_CELL);
	expect(ma_chunk_touch(chunk, from, from + 40 * CHUNK_CELL, 0) == 20 * CHUNK_CELL);
	expect(ma_chunk_resident(chunk, from, ma_chunk_end(chunk)) == 40 * CHUNK_CELL);
	expect(ma_chunk_purge(chunk, from, from + 15 * CHUNK_CELL, true) == 15 * CHUNK_CELL);
	expect(ma_chunk_resident(chunk, from, ma_chunk_end(chunk)) == 25 * CHUNK_CELL);
}
END_TEST

/* For little no system call is made, and it counts all the same. */
START_TEST(little_is_left_to_its_user)
{
	struct chunk *chunk = new_chunk(1000000, true);
	char *from = (char *)ma_round_up((uintptr_t)chunk->start, CHUNK_CELL) + 10 * CHUNK_CELL;
	uint64_t before = scripted_populated();

	expect(ma_chunk_touch(chunk, from, from + 1, 0) == CHUNK_CELL);
	from += 10 * CHUNK_CELL;
	expect(ma_chunk_touch(chunk, from, from + 1, 2 * CHUNK_CELL) == 2 * CHUNK_CELL);
	expect(scripted_populated() == before && ma_chunk_is_resident(chunk, from, from + 2 * CHUNK_CELL));
	from += 10 * CHUNK_CELL;
	expect(ma_chunk_touch(chunk, from, from + 1, 3 * CHUNK_CELL) == 3 * CHUNK_CELL);
	expect(scripted_populated() == before + 3 * CHUNK_CELL);
}
END_TEST

/* What the program will touch itself counts as resident, once, whole cells of it and no others. */
START_TEST(assumed)
{
	struct chunk *chunk = new_chunk(3000000, true);
	char *from = (char *)ma_round_up((uintptr_t)chunk->start, CHUNK_CELL) + 100 * CHUNK_CELL;
	uint64_t before = scripted_populated();

	expect(ma_chunk_assume(chunk, from + 10, from + 20) == CHUNK_CELL);
	expect(ma_chunk_assume(chunk, from, from + 300 * CHUNK_CELL) == 299 * CHUNK_CELL);
	expect(ma_chunk_assume(chunk, from, from + 300 * CHUNK_CELL) == 0);
	expect(ma_chunk_touch(chunk, from, from + 300 * CHUNK_CELL, 0) == 0 &&
	       scripted_populated() == before);
	expect(ma_chunk_touch(chunk, from - 1, from, 0) > 0);
	expect(ma_chunk_touch(chunk, from + 300 * CHUNK_CELL, from + 300 * CHUNK_CELL + 1, 0) > 0);
}
END_TEST

START_TEST(huge)
{
	struct chunk *chunk = ma_chunk_new(&owner, 1000, true, true);
	struct chunk *second = ma_chunk_new(&owner, 1000, false, true);

	expect(chunk != NULL && second != NULL && registered() == 2);
	expect(chunk->huge && chunk->on_break && second->huge && !second->on_break);
	expect((uintptr_t)chunk % MA_WINDOW == 0 && ma_chunk_end(chunk) == chunk->limit);
	expect(ma_chunk_touch(chunk, chunk->start, chunk->start + 10000, 0) == 0);
	expect(ma_chunk_delete(chunk) && ma_chunk_delete(second) && registered() == 0);
}
END_TEST

/* Of huge pages that take too long only the first is there. */
START_TEST(dear_huge_pages)
{
	struct chunk *chunk;

	scripted_huge_is_dear(true);
	chunk = ma_chunk_new(&owner, 1000, true, true);
	expect(chunk != NULL && !chunk->huge &&
	       ma_chunk_resident(chunk, (char *)chunk, ma_chunk_end(chunk)) == MA_HUGE_PAGE);
	expect(ma_chunk_touch(chunk, chunk->start, chunk->start + 10000, 0) == 0);
	expect(ma_chunk_touch(chunk, ma_chunk_end(chunk) - 10 * CHUNK_CELL, ma_chunk_end(chunk), 0) ==
	       10 * CHUNK_CELL);
}
END_TEST

START_TEST(huge_pages_stay_whole)
{
	struct chunk *chunk = ma_chunk_new(&owner, 1000, false, true);
	char *second = (char *)chunk + MA_HUGE_PAGE, *end = ma_chunk_end(chunk);

	expect(ma_chunk_purge(chunk, chunk->start, second, false) == 0);
	expect(ma_chunk_purge(chunk, second + 1, end, false) == 0);
	expect(ma_chunk_purge(chunk, second - 100000, end, false) == MA_HUGE_PAGE);
	expect(ma_chunk_purge(chunk, second - 100000, end, false) == 0); /* is not resident now */
	expect(ma_chunk_touch(chunk, second - 1, second + 1, 0) == MA_HUGE_PAGE);
	expect(ma_chunk_touch(chunk, second, end, 0) == 0);
	expect(ma_chunk_purge(chunk, second - 100000, second, true) > 90000);
}
END_TEST

/* Where a part of a huge page was given back none are asked for, until all would be whole. */
START_TEST(huge_pages_are_not_filled_up)
{
	struct chunk *chunk = ma_chunk_new(&owner, 1000, false, true);
	char *second = (char *)chunk + MA_HUGE_PAGE, *end = ma_chunk_end(chunk);
	size_t part = 10 * CHUNK_CELL;

	expect(ma_chunk_purge(chunk, second, end, true) == MA_HUGE_PAGE && chunk->huge);
	expect(ma_chunk_touch(chunk, end - part, end, 0) == MA_HUGE_PAGE); /* it comes as a whole */
	expect(ma_chunk_purge(chunk, second - part, end, true) == MA_HUGE_PAGE + part && !chunk->huge);
	expect(ma_chunk_touch(chunk, second, second + 1, 0) == CHUNK_CELL && !chunk->huge);
	expect(ma_chunk_touch(chunk, second - part, second, 0) == part && !chunk->huge);
	expect(ma_chunk_touch(chunk, second, end, 0) == MA_HUGE_PAGE - CHUNK_CELL && chunk->huge);
	expect(ma_chunk_purge(chunk, second - part, end, true) == MA_HUGE_PAGE + part && !chunk->huge);
	expect(ma_chunk_touch(chunk, second - part, second, 0) == part &&
	       chunk->huge); /* the other is all gone */
	expect(ma_chunk_touch(chunk, second, second + 1, 0) == MA_HUGE_PAGE);
}
END_TEST

/* Any history of chunks that come, grow, shrink and go, with a stranger on the break and a source that fails. */
static void random_step(struct chunk **chunk, struct random *random, unsigned *live)
{
	if (*chunk == NULL) {
		*chunk = ma_chunk_new(&owner, 1 + random_size(random, 200000), random_once_in(random, 2),
				      random_once_in(random, 4));
		*live += *chunk != NULL;
		return;
	}
	switch (random_below(random, 4)) {
	case 0:
		if (ma_chunk_delete(*chunk)) {
			*chunk = NULL;
			--*live;
		}
		break;
	case 1:
		if ((size_t)(ma_chunk_end(*chunk) - (*chunk)->start) > 3 * ma_source_page())
			ma_chunk_shrink(*chunk, ma_source_page() * (1 + random_below(random, 2)));
		break;
	default:
		ma_chunk_extend(*chunk, 1 + random_size(random, 300000), random_size(random, MA_WINDOW));
	}
}

START_TEST(histories)
{
	struct chunk *chunk[12] = {0};
	struct random random = {11};
	unsigned live = 0;

	for (size_t step = 0; step < test_rounds(20000); step++) {
		scripted_relent();
		if (random_once_in(&random, 10))
			scripted_refuse(1 + random_below(&random, 2), 1);
		if (random_once_in(&random, 50))
			scripted_foreign((ptrdiff_t)random_size(&random, 10000));
		if (random_once_in(&random, 30))
			scripted_foreign_before(1, random_size(&random, 10000));
		scripted_break_safe(!random_once_in(&random, 10));
		random_step(&chunk[random_below(&random, LENGTH(chunk))], &random, &live);
		if (step % 16 == 0)
			expect(registered() == live);
	}
	expect(registered() == live);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		on_the_break,
		where_others_have_written,
		mapped,
		any_pointer_may_be_asked_about,
		growth,
		shrinking,
		stranger_in_between,
		stranger_goes_again,
		growth_that_does_not_join,
		gap_between_chunks,
		break_that_is_not_safe,
		refusals,
		as_large_as_a_window,
		slab_descriptors,
		touched_once,
		touched_around_what_is_resident,
		little_is_left_to_its_user,
		assumed,
		huge,
		dear_huge_pages,
		huge_pages_stay_whole,
		huge_pages_are_not_filled_up,
		histories,
	};

	return unit_run("chunk", tests, LENGTH(tests));
}
