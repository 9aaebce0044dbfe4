/* SPDX-License-Identifier: MIT */
/* What pins memory: the blocks in use of nearly empty chunks, and the last one below the break. */
#include "unit.h"

#include "inspect/pins.h"
#include "ma.h"

START_TEST(empty_heap)
{
	struct pinned found[4];
	size_t all, wasted;

	expect(ma_pins_find(found, 4, &all, &wasted) == 0 && all == 0 && wasted == 0);
	expect(ma_pins_break().chunk == NULL && ma_pins_break().pin == NULL);
}
END_TEST

START_TEST(the_break)
{
	char *p = ma_malloc(100000), *q = ma_malloc(100000), *r = ma_malloc(100000);
	struct pinned_break top = ma_pins_break();

	expect(p < q && q < r && top.pin == ma_block_of(r) && top.below == 0);
	expect(top.end == ma_chunk_end(ma_chunk_of(r)) &&
	       top.above == (size_t)(top.end - (char *)ma_block_right(top.pin)));
	ma_free(hide(q));
	expect(ma_pins_break().pin == ma_block_of(r) && ma_pins_break().below == 100016);
	ma_free(hide(r));
	expect(ma_pins_break().pin == ma_block_of(p));
	ma_free(p);
	expect(ma_pins_break().pin == NULL);
}
END_TEST

/* Of several chunks all but a few blocks are freed; the worst comes first, also if there is little room. */
START_TEST(nearly_empty_chunks)
{
	enum { COUNT = 200, EACH = 100000 };
	static char *p[COUNT];
	struct pinned found[8];
	size_t all, wasted, sum = 0;
	unsigned count;

	for (size_t i = 0; i < COUNT; i++)
		p[i] = ma_malloc(EACH);
	for (size_t i = 0; i < COUNT; i++)
		if (i % 30 != 7)
			ma_free(p[i]);
	count = ma_pins_find(found, LENGTH(found), &all, &wasted);
	expect(count >= 3 && count == all);
	for (unsigned i = 0; i < count; i++) {
		struct mem_block *pin = NULL;
		size_t pins = 0;
		expect(i == 0 ||
		       found[i - 1].resident - found[i - 1].used >= found[i].resident - found[i].used);
		while ((pin = ma_pins_next(found[i].chunk, pin)) != NULL) {
			expect(ma_pins_slab(found[i].chunk, pin) == NULL);
			pins++;
		}
		expect(pins == found[i].pins && pins >= 1 && found[i].used <= found[i].held / 8);
		sum += found[i].resident - found[i].used;
	}
	expect(sum == wasted);
	expect(ma_pins_find(found, 1, &all, &wasted) == 1 && all == count && wasted == sum);
}
END_TEST

/* A slab pins as long as one slot is in use. */
START_TEST(slabs)
{
	static void *p[1000];
	struct chunk *chunk;
	struct mem_block *pin;

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(64);
	for (size_t i = 0; i < LENGTH(p); i++)
		if (i != 500)
			ma_free(p[i]);
	chunk = ma_chunk_of(p[500]);
	pin = ma_pins_next(chunk, NULL);
	expect(pin != NULL && ma_pins_slab(chunk, pin) == ma_slab_in_chunk(chunk, p[500]));
	expect(ma_pins_next(chunk, pin) == NULL);
	expect(ma_pins_break().pin == pin);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {empty_heap, the_break, nearly_empty_chunks, slabs};

	return unit_run("pins", tests, LENGTH(tests));
}
