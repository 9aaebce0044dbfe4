/* SPDX-License-Identifier: MIT */
/* What other threads free comes back to the owner, once, and he is told of it as seldom as can be. */
#include "unit.h"

#include "scripted_source.h"
#include "slab_side.h"

START_TEST(remote_frees_come_back)
{
	enum { COUNT = 5000 };
	static void *p[COUNT];
	size_t held;

	begin();
	for (unsigned i = 0; i < COUNT; i++)
		p[i] = take(&mine, 100);
	held = mine.blocks.held;
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < COUNT; i++)
			give_remotely(&mine, p[i]);
		for (unsigned i = 0; i < COUNT; i++)
			p[i] = take(&mine, 100);
		expect(used_slots(&mine) <= COUNT);
	}
	expect(mine.blocks.held <= held + 512 * 1024);
}
END_TEST

START_TEST(one_notice_for_many)
{
	void *p[2000];
	unsigned notices = 0;

	begin();
	for (unsigned i = 0; i < LENGTH(p); i++)
		p[i] = take(&mine, 1000);
	for (unsigned i = 0; i < LENGTH(p); i++) {
		struct slab *slab = slab_of(p[i]);
		if (slab != NULL && ma_slab_push_remote(slab, p[i])) {
			notices++;
			ma_slab_notify(&mine.slabs, slab);
		}
	}
	expect(notices > 0 && notices <= LENGTH(p) / 10);
	expect(ma_slab_drain(&mine.slabs, &mine.blocks) && !ma_slab_drain(&mine.slabs, &mine.blocks));
	used_slots(&mine);
}
END_TEST

START_TEST(remote_blocks)
{
	struct block_request request = {.size = 50000, .align = MA_UNIT};
	struct mem_block *block[20];
	size_t zero;

	begin();
	for (unsigned i = 0; i < LENGTH(block); i++)
		block[i] = ma_block_alloc(&mine.blocks, &request, &zero);
	for (unsigned i = 0; i < LENGTH(block); i++)
		give_remotely(&mine, ma_block_payload(block[i]));
	for (unsigned i = 0; i < LENGTH(block); i++)
		expect(block[i]->state == BLOCK_USED);
	expect(ma_slab_drain(&mine.slabs, &mine.blocks));
	ma_quick_flush(&mine.blocks);
	expect(ma_block_first(mine.blocks.chunks)->state == BLOCK_FREE);
	ma_block_trim(&mine.blocks, 0);
	expect(mine.blocks.held <= MA_WINDOW);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {remote_frees_come_back, one_notice_for_many, remote_blocks};

	return unit_run("slab_remote", tests, LENGTH(tests));
}
