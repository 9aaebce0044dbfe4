/* SPDX-License-Identifier: MIT */
/* What is told about a slab: where things lie, what is free, and what is wrong. */
#include "unit.h"

#include "scripted_source.h"
#include "slab_side.h"

static char *take_block(void)
{
	struct block_request request = {.size = 20000, .align = MA_UNIT};
	size_t zero;

	return ma_block_payload(ma_block_alloc(&mine.blocks, &request, &zero));
}

START_TEST(what_lies_where)
{
	char *p, *q, *block;
	struct slab *slab;
	uint32_t live;

	begin();
	block = take_block();
	expect(ma_slab_in_chunk(ma_chunk_of(block), block) == NULL);
	p = take_slot(100);
	q = take(&mine, 100);
	slab = slab_of(p);
	live = ma_slab_live(&mine.slabs, slab);
	expect(live >= 2 && live <= slab->carved);
	expect(ma_slab_slot_around(slab, p) == p && ma_slab_slot_around(slab, p + slab->slot_size - 1) == p);
	expect(ma_slab_slot_around(slab, slab->start - 1) == NULL);
	expect(ma_slab_slot_around(slab, slab->start + (size_t)slab->carved * slab->slot_size) == NULL);
	expect(!ma_slab_is_free(slab, p) && !ma_slab_is_free(slab, q));
	give(&mine, p);
	give_remotely(&mine, q);
	expect(ma_slab_is_free(slab, p) && ma_slab_is_free(slab, q));
	expect(ma_slab_live(&mine.slabs, slab) == live - 2);
}
END_TEST

START_TEST(which_blocks_were_freed_remotely)
{
	char *a, *b, *c;

	begin();
	a = take_block();
	b = take_block();
	c = take_block();
	give_remotely(&mine, a);
	give_remotely(&mine, c);
	expect(ma_slab_block_is_free(ma_chunk_of(a), a) && ma_slab_block_is_free(ma_chunk_of(c), c));
	expect(!ma_slab_block_is_free(ma_chunk_of(b), b));
	expect(ma_slab_drain(&mine.slabs, &mine.blocks));
	expect(ma_block_inspect(ma_chunk_of(b), a) == BLOCK_IS_FREE);
}
END_TEST

START_TEST(audit_finds_planted_faults)
{
	void *p, *q;
	struct slab *slab;
	uint64_t next;

	begin();
	p = take_slot(100);
	q = take(&mine, 100);
	slab = slab_of(p);
	give(&mine, p);
	slab->used++;
	ck_assert_str_eq(ma_slab_audit(&mine.slabs, slab), "slab whose used slots are miscounted");
	slab->used--;
	next = *(uint64_t *)p;
	*(int64_t *)p = SLAB_LINK((char *)p - slab->start); /* a circle */
	ck_assert_str_eq(ma_slab_audit(&mine.slabs, slab), "slab whose ready list is damaged");
	*(int64_t *)p = SLAB_LINK(8);
	ck_assert_str_eq(ma_slab_audit(&mine.slabs, slab), "slab whose ready list is damaged");
	*(uint64_t *)p = next;
	expect(ma_slab_audit(&mine.slabs, slab) == NULL);
	give_remotely(&mine, q);
	expect(ma_slab_audit(&mine.slabs, slab) == NULL);
	*(int64_t *)q = SLAB_LINK(8);
	ck_assert_str_eq(ma_slab_audit(&mine.slabs, slab), "slab whose remote list is damaged");
	*(int64_t *)q = SLAB_LINK(SLAB_END);
	slab->carved++;
	ck_assert_str_eq(ma_slab_audit(&mine.slabs, slab), "slab whose carved slots are miscounted");
	slab->carved--;
	expect(ma_slab_audit(&mine.slabs, slab) == NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_lies_where,
		which_blocks_were_freed_remotely,
		audit_finds_planted_faults,
	};

	return unit_run("slab_look", tests, LENGTH(tests));
}
