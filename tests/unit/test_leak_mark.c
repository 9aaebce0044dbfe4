/* SPDX-License-Identifier: MIT */
/* Which kind an allocation is of, by the words that lead to it: from roots that the test lays out itself. */
#include "leak_unit.h"

#include <fcntl.h>

static void **new_object(size_t words)
{
	return ma_calloc(words, sizeof(void *));
}

static void scan_root(struct leak_scan *scan, void *const *root, size_t words)
{
	ma_leak_scan_root(scan, (uintptr_t)root, (uintptr_t)(root + words), false);
	ma_leak_drain(scan);
}

START_TEST(from_a_root)
{
	void **start = new_object(10), **middle = new_object(10), **lost = new_object(10);
	void **behind_start = new_object(10), **behind_middle = new_object(10), **both = new_object(10);
	void *root[] = {NULL, start, (char *)middle + 9, (void *)1, (void *)-1};
	struct leak_scan scan;

	start[0] = behind_start;
	start[9] = both + 3;
	middle[1] = behind_middle;
	middle[2] = both;
	behind_start[5] = start; /* back */
	leak_unit_begin(&scan, 100);
	scan_root(&scan, root, LENGTH(root));
	expect(leak_unit_kind(&scan, start) == LEAK_REACHABLE);
	expect(leak_unit_kind(&scan, behind_start) == LEAK_REACHABLE);
	expect(leak_unit_kind(&scan, middle) == LEAK_POSSIBLE);
	expect(leak_unit_kind(&scan, behind_middle) == LEAK_POSSIBLE);
	expect(leak_unit_kind(&scan, both) == LEAK_POSSIBLE);
	expect(leak_unit_kind(&scan, lost) == LEAK_DEFINITE);
	/* A better pointer, found later, counts for all that it leads to. */
	root[0] = middle;
	scan_root(&scan, root, LENGTH(root));
	expect(leak_unit_kind(&scan, middle) == LEAK_REACHABLE);
	expect(leak_unit_kind(&scan, behind_middle) == LEAK_REACHABLE);
	expect(leak_unit_kind(&scan, both) == LEAK_REACHABLE);
	leak_unit_end(&scan);
}
END_TEST

START_TEST(not_aligned)
{
	void **object = new_object(10);
	_Alignas(void *) char root[3 * sizeof(void *)] = {0};
	struct leak_scan scan;

	memcpy(root + 1, &object, sizeof(object));
	leak_unit_begin(&scan, 100);
	ma_leak_scan_root(&scan, (uintptr_t)root, (uintptr_t)(root + sizeof(root)), false);
	memcpy(root + sizeof(object), &object, sizeof(object));
	ma_leak_scan_root(&scan, (uintptr_t)root + 1, (uintptr_t)root + sizeof(object), false);
	ma_leak_scan_root(&scan, (uintptr_t)root, (uintptr_t)root + 2 * sizeof(object) - 1, false);
	ma_leak_drain(&scan);
	expect(leak_unit_kind(&scan, object) == LEAK_DEFINITE);
	ma_leak_scan_root(&scan, (uintptr_t)root + 1, (uintptr_t)root + 2 * sizeof(object), false);
	ma_leak_drain(&scan);
	expect(leak_unit_kind(&scan, object) == LEAK_REACHABLE);
	leak_unit_end(&scan);
}
END_TEST

/* What C++'s new[] returns for elements with a destructor. */
START_TEST(arrays)
{
	size_t *array = ma_malloc(10 * sizeof(size_t)), *none = ma_calloc(10, sizeof(size_t));
	void *root[] = {array + 1, none + 1};
	struct leak_scan scan;

	array[0] = 3;
	leak_unit_begin(&scan, 100);
	scan_root(&scan, root, LENGTH(root));
	expect(leak_unit_kind(&scan, array) == LEAK_REACHABLE);
	expect(leak_unit_kind(&scan, none) == LEAK_POSSIBLE);
	leak_unit_end(&scan);
}
END_TEST

START_TEST(lost_ones)
{
	void **tree = new_object(4), **left = new_object(4), **right = new_object(4), **leaf = new_object(4);
	void **ring = new_object(4), **next = new_object(4), **reachable = new_object(4);
	void *root[] = {reachable};
	struct leak_object object;
	struct leak_count behind;
	struct leak_scan scan;

	/* The leaf comes first by its address. */
	left[0] = tree;
	tree[1] = right;
	tree[2] = reachable;
	right[3] = (char *)leaf + 5; /* the middle is as good */
	ring[0] = next;
	next[0] = ring;
	leak_unit_begin(&scan, 100);
	scan_root(&scan, root, LENGTH(root));
	ma_leak_sort_lost(&scan);
	expect(leak_unit_kind(&scan, left) == LEAK_DEFINITE);
	expect(leak_unit_kind(&scan, tree) == LEAK_INDIRECT);
	expect(leak_unit_kind(&scan, right) == LEAK_INDIRECT);
	expect(leak_unit_kind(&scan, leaf) == LEAK_INDIRECT);
	expect(leak_unit_kind(&scan, reachable) == LEAK_REACHABLE);
	expect((leak_unit_kind(&scan, ring) == LEAK_DEFINITE) +
		       (leak_unit_kind(&scan, next) == LEAK_DEFINITE) ==
	       1);
	expect((leak_unit_kind(&scan, ring) == LEAK_INDIRECT) +
		       (leak_unit_kind(&scan, next) == LEAK_INDIRECT) ==
	       1);
	object = ma_leak_find(&scan.index, (uintptr_t)left);
	behind = ma_leak_behind(&scan, &object);
	expect(behind.objects == 3 && behind.bytes == 3 * ma_usable_size(tree));
	behind = ma_leak_behind(&scan, &object);
	expect(behind.objects == 0 && behind.bytes == 0);
	leak_unit_end(&scan);
}
END_TEST

/* Many wait at once, and there is room for few. */
START_TEST(no_room)
{
	enum { WIDTH = 50, DEPTH = 40 };
	void **table = new_object(WIDTH), *root[] = {table};
	struct leak_scan scan;
	size_t count = 0;

	for (size_t i = 0; i < WIDTH; i++) {
		void **at = table[i] = new_object(WIDTH);
		for (size_t n = 0; n < DEPTH; n++, at = at[i])
			at[i] = new_object(WIDTH);
	}
	leak_unit_begin(&scan, 3);
	scan_root(&scan, root, 1);
	for (size_t i = 0; i < WIDTH; i++)
		for (void **at = table[i]; at != NULL; at = at[i], count++)
			expect(leak_unit_kind(&scan, at) == LEAK_REACHABLE);
	expect(count == WIDTH * (DEPTH + 1));
	leak_unit_end(&scan);
	leak_unit_begin(&scan, 3);
	ma_leak_drain(&scan);
	ma_leak_sort_lost(&scan);
	for (size_t i = 0; i < WIDTH; i++)
		for (void **at = table[i]; at != NULL; at = at[i])
			expect(leak_unit_kind(&scan, at) == LEAK_INDIRECT);
	expect(leak_unit_kind(&scan, table) == LEAK_DEFINITE);
	leak_unit_end(&scan);
}
END_TEST

/* A root may have holes in it, and may never have been touched. */
START_TEST(unreadable_root)
{
	size_t page = ma_source_page(), size = 4096 * page;
	void **object = new_object(4), **other = new_object(4);
	char *root = ma_source_map(size, page);
	struct leak_scan scan;

	if (is_emulated())
		return; /* there is no process_vm_readv() to read holes with */
	*(void **)(void *)root = object;
	*(void **)(void *)(root + size - sizeof(other)) = other;
	ma_source_unmap(root + page, page);
	leak_unit_begin(&scan, 100);
	ma_leak_scan_root(&scan, (uintptr_t)root, (uintptr_t)root + size, false);
	ma_leak_drain(&scan);
	expect(leak_unit_kind(&scan, object) == LEAK_REACHABLE &&
	       leak_unit_kind(&scan, other) == LEAK_REACHABLE);
	leak_unit_end(&scan);
	leak_unit_begin(&scan, 100);
	scan.pagemap = open("/proc/self/pagemap", O_RDONLY);
	ma_leak_scan_root(&scan, (uintptr_t)root, (uintptr_t)root + size, true);
	ma_leak_drain(&scan);
	expect(leak_unit_kind(&scan, object) == LEAK_REACHABLE &&
	       leak_unit_kind(&scan, other) == LEAK_REACHABLE);
	leak_unit_end(&scan);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {from_a_root, not_aligned, arrays, lost_ones, no_room, unreadable_root};

	return unit_run("leak_mark", tests, LENGTH(tests));
}
