/* SPDX-License-Identifier: MIT */
/* What the forms of the heap map share, and how ma_heap_map() fails. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "inspect/map.h"
#include "ma.h"
#include "scripted_source.h"

START_TEST(slots_in_use)
{
	enum { COUNT = 2000 };
	static void *p[COUNT];
	size_t found = 0, expected = 0;

	for (size_t i = 0; i < COUNT; i++)
		p[i] = ma_malloc(48);
	for (size_t i = 0; i < COUNT; i += 3)
		ma_free(p[i]);
	for (size_t i = 0; i < COUNT; i++) {
		struct slab *slab = ma_slab_in_chunk(ma_chunk_of(p[i]), p[i]);
		uint64_t used[MAP_MOST_SLOTS / 64];
		size_t slot;
		if (slab == NULL)
			continue; /* the first of its class are blocks */
		slot = (size_t)((char *)p[i] - slab->start) / slab->slot_size;
		ma_map_used_slots(slab, used);
		found += used[slot / 64] >> (slot % 64) & 1;
		expected += i % 3 != 0;
		for (size_t j = slab->carved; j < MAP_MOST_SLOTS; j++)
			expect((used[j / 64] >> (j % 64) & 1) == 0);
	}
	expect(found == expected && expected > COUNT / 2);
}
END_TEST

/* A block that another heap has freed is free, though its owner has not heard of it. */
START_TEST(free_blocks)
{
	struct heap *other = ma_heaps_take();
	size_t zero;
	void *p = ma_heap_alloc(other, 100000, &zero), *q = ma_heap_alloc(other, 100000, &zero);

	ma_free(hide(p));
	expect(ma_map_is_free(ma_chunk_of(p), ma_block_of(p)));
	expect(!ma_map_is_free(ma_chunk_of(q), ma_block_of(q)));
}
END_TEST

START_TEST(failures)
{
	int null = open("/dev/null", O_WRONLY), full = open("/dev/full", O_WRONLY);

	expect(ma_malloc(100) != NULL);
	errno = 0;
	expect(ma_heap_map(null, MA_XML) == -1 && errno == EINVAL);
	expect(ma_heap_map(null, (enum ma_format)99) == -1 && errno == EINVAL);
	expect(ma_heap_map(-1, MA_TEXT) == -1 && errno == EBADF);
	if (full >= 0)
		expect(ma_heap_map(full, MA_JSON) == -1 && errno == ENOSPC);
	scripted_refuse_map(true);
	expect(ma_heap_map(null, MA_TEXT) == -1 && errno == ENOMEM);
	expect(ma_heap_map(null, MA_JSON) == 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {slots_in_use, free_blocks, failures};

	return unit_run("map", tests, LENGTH(tests));
}
