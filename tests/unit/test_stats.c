/* SPDX-License-Identifier: MIT */
/* The numbers are those of the live objects and of the memory that the source has given. */
#include "unit.h"

#include <errno.h>

#include "heap.h"
#include "large.h"
#include "ma.h"
#include "scripted_source.h"
#include "thread.h"

/* Bytes that are usable in all the objects of which `large` says whether they are large. */
static size_t usable(const struct objects *objects, bool large, size_t *count)
{
	size_t bytes = 0;

	*count = 0;
	for (size_t i = 0; i < objects->count; i++) {
		const void *at = objects->object[i].at;
		if ((ma_large_size(at) != 0) != large)
			continue;
		bytes += ma_usable_size(at);
		++*count;
	}
	return bytes;
}

static void stats_agree(const struct objects *objects)
{
	struct ma_stats sum = {.struct_size = sizeof(sum)};
	size_t count, mapped = 0;

	ma_stats(&sum);
	expect(sum.used_block_bytes + sum.used_slot_bytes == usable(objects, false, &count) &&
	       sum.used_blocks + sum.used_slots == count);
	expect(sum.large_bytes == usable(objects, true, &count) && sum.large_objects == count);
	for (const struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		mapped += (size_t)(ma_chunk_end(chunk) - (const char *)chunk);
		count++;
	}
	expect(sum.break_bytes + sum.mapped_bytes == mapped && sum.peak_chunk_bytes >= mapped);
	expect(sum.free_bytes + sum.used_block_bytes + sum.used_slot_bytes + sum.free_slot_bytes +
		       sum.uncarved_bytes + sum.overhead_bytes ==
	       mapped);
	expect(sum.used_bytes == sum.used_block_bytes + sum.used_slot_bytes + sum.large_bytes);
	expect(sum.resident_bytes == mapped + sum.large_bytes + sum.cached_bytes);
	expect(sum.free_resident_bytes == sum.free_bytes);
	expect(sum.largest_free <= sum.free_bytes && sum.top_bytes <= sum.free_bytes);
	expect(mapped + sum.large_bytes + sum.cached_bytes <= scripted_held());
}

START_TEST(agrees_with_any_history)
{
	struct random random = {1};
	struct objects objects;
	struct ma_stats sum = {.struct_size = sizeof(sum)};

	ma_stats(&sum);
	expect(sum.heaps == 0 && sum.chunks == 0 && sum.used_bytes == 0);
	objects_begin(&objects, 500);
	for (size_t step = 0; step < test_rounds(10000); step++) {
		if (objects.count < objects.room && random_below(&random, 10) < 6) {
			size_t size = random_size(&random, random_once_in(&random, 50) ? 4000000 : 50000);
			objects_add(&objects, ma_malloc(size), size);
		} else if (objects.count > 0) {
			ma_free(objects_take(&objects, random_below(&random, objects.count)).at);
		}
		if (step % 50 == 0)
			stats_agree(&objects);
	}
	objects_end(&objects);
}
END_TEST

START_TEST(top_of_the_break)
{
	struct ma_stats sum = {.struct_size = sizeof(sum)};
	void *p = ma_malloc(100000), *q = ma_malloc(100000);

	ma_free(q);
	ma_stats(&sum);
	expect(sum.heaps == 1 && sum.chunks == 1 && sum.used_blocks == 1 && sum.used_slots == 0);
	expect(sum.free_blocks == 1 && sum.top_bytes == sum.free_bytes && sum.top_bytes == sum.largest_free);
	expect(sum.break_bytes == scripted_break_held() || sum.break_bytes + 64 > scripted_break_held());
	ma_free(p);
}
END_TEST

START_TEST(classes_and_heaps)
{
	struct ma_heap_stats of_heap[2];
	struct ma_stats stats = {.struct_size = sizeof(stats), .heap = of_heap, .heap_room = 2};
	enum { COUNT = 1000 };
	static void *p[COUNT];
	size_t zero, slabs = 0, used = 0;
	const struct ma_class_stats *class = NULL;
	struct heap *other;

	for (size_t i = 0; i < COUNT; i++)
		p[i] = ma_malloc(48);
	for (size_t i = 0; i < COUNT; i += 2)
		ma_free(p[i]);
	other = ma_heaps_take();
	expect(ma_heap_alloc(other, 100000, &zero) != NULL);
	expect(ma_stats(&stats) == 0);
	for (size_t i = 0; i < stats.classes; i++) {
		slabs += stats.by_class[i].slabs;
		used += stats.by_class[i].used_slots;
		if (stats.by_class[i].slot_size == 48)
			class = &stats.by_class[i];
	}
	expect(slabs == stats.slabs && used == stats.used_slots);
	/* But for the first few, which are blocks. */
	expect(class != NULL && class->used_slots >= COUNT / 2 - 16 && class->used_slots <= COUNT / 2);
	expect(class->free_slots >= COUNT / 2 - 16);
	expect(class->slab_bytes >= (class->used_slots + class->free_slots) * 48 + class->uncarved_bytes);
	expect(stats.heaps == 2 && of_heap[0].number == 1 && of_heap[1].number == 2);
	expect(of_heap[1].used_bytes >= 100000 && of_heap[1].chunks == 1 && of_heap[0].thread != 0);
	expect(of_heap[0].held_bytes + of_heap[1].held_bytes == stats.break_bytes + stats.mapped_bytes);
	expect(of_heap[0].free_bytes + of_heap[1].free_bytes == stats.free_bytes);
	stats.heap_room = 1;
	of_heap[1].number = 77;
	expect(ma_stats(&stats) == 0 && of_heap[1].number == 77);
}
END_TEST

/* What another thread's heap freed here counts as free, before its owner takes it in. */
START_TEST(remote_frees)
{
	struct ma_stats stats = {.struct_size = sizeof(stats)};
	struct heap *other = ma_heaps_take();
	size_t zero;
	void *block = ma_heap_alloc(other, 100000, &zero), *slot[1000];

	for (size_t i = 0; i < LENGTH(slot); i++)
		slot[i] = ma_heap_alloc(other, 64, &zero);
	ma_free(block);
	for (size_t i = 0; i < LENGTH(slot); i++)
		ma_free(slot[i]);
	expect(ma_stats(&stats) == 0);
	expect(stats.used_bytes == 0 && stats.used_slots == 0 && stats.used_blocks == 0);
	expect(!MA_THREADS || stats.remote_frees == (MA_STATS ? 1001 : 0));
}
END_TEST

START_TEST(counted)
{
	struct ma_stats stats = {.struct_size = sizeof(stats)};
	void *p = ma_malloc(200000), *q = ma_malloc(3 << 20);

	ma_free(p);
	ma_free(q);
	p = ma_malloc(100);
	q = ma_malloc(100); /* behind it, so that it has to move */
	p = ma_realloc(p, 100000);
	expect(ma_stats(&stats) == 0 && stats.counted == MA_STATS);
	expect(stats.brk_calls == 1 && stats.mmap_calls == 1);
	if (MA_STATS) {
		expect(stats.allocations == 5 && stats.frees == 3 && stats.remote_frees == 0);
		expect(stats.allocated_bytes == 200000 + (3 << 20) + 200 + 100000);
		expect(stats.peak_used_bytes >= 200000 + (3 << 20) &&
		       stats.peak_used_bytes <= 200000 + (3 << 20) + 4096);
	} else {
		expect(stats.allocations == 0 && stats.frees == 0 && stats.peak_used_bytes == 0);
	}
	ma_free(p);
}
END_TEST

static unsigned long long asked_for(void)
{
	struct ma_stats stats = {.struct_size = sizeof(stats)};

	expect(ma_stats(&stats) == 0);
	return stats.allocated_bytes;
}

/* A slot that is as large as its alignment is more than was asked for. */
START_TEST(aligned_slots)
{
	void *p[300];
	unsigned long long before;

	for (unsigned i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(4096);
	for (unsigned i = 0; i < LENGTH(p); i++)
		ma_free(p[i]);
	before = asked_for();
	for (unsigned i = 0; i < LENGTH(p); i++)
		p[i] = ma_aligned_alloc(4096, 16);
	expect(asked_for() - before == (MA_STATS ? LENGTH(p) * 16 : 0));
	for (unsigned i = 0; i < LENGTH(p); i++)
		ma_free(p[i]);
}
END_TEST

START_TEST(another_size)
{
	struct ma_stats stats = {0};

	errno = 0;
	expect(ma_stats(&stats) == -1 && errno == EINVAL && stats.chunks == 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		agrees_with_any_history, top_of_the_break, classes_and_heaps, remote_frees, counted,
		aligned_slots,		 another_size};

	return unit_run("stats", tests, LENGTH(tests));
}
