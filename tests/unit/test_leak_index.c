/* SPDX-License-Identifier: MIT */
/* The index knows each allocation by any of its bytes, and nothing else. */
#include "leak_unit.h"

static void is_found(const struct leak_scan *scan, const struct object *object)
{
	const char *at = object->at;
	size_t size = ma_usable_size(at), step = size / 7 + 1;

	for (size_t offset = 0; offset < size; offset += step) {
		struct leak_object found = ma_leak_find(&scan->index, (uintptr_t)at + offset);
		expect(found.start == at && found.size == size);
	}
	expect(ma_leak_find(&scan->index, (uintptr_t)at + size - 1).start == at);
	expect(ma_leak_find(&scan->index, (uintptr_t)at + size).start != at);
}

struct seen {
	const struct leak_scan *scan;
	size_t count, bytes;
};

static void see(const struct leak_object *object, void *arg)
{
	struct seen *seen = arg;

	seen->count++;
	seen->bytes += object->size;
	expect(ma_leak_find(&seen->scan->index, (uintptr_t)object->start).start == object->start);
}

START_TEST(any_history)
{
	struct random random = {1};
	struct objects objects;
	uintptr_t freed[1000] = {0};
	struct leak_scan scan;

	objects_begin(&objects, 2000);
	for (size_t step = 0; step < test_rounds(10000); step++) {
		if (objects.count < objects.room && random_below(&random, 10) < 6) {
			size_t size = random_size(&random, random_once_in(&random, 50) ? 5000000 : 50000);
			objects_add(&objects, ma_malloc(size), size);
		} else if (objects.count > 0) {
			struct object taken = objects_take(&objects, random_below(&random, objects.count));
			freed[step % LENGTH(freed)] = (uintptr_t)taken.at;
			ma_free(taken.at);
		}
	}
	leak_unit_begin(&scan, 1);
	struct seen seen = {.scan = &scan};
	ma_leak_each(&scan.index, see, &seen);
	expect(seen.count == objects.count && !scan.index.torn);
	for (size_t i = 0; i < objects.count; i++) {
		is_found(&scan, &objects.object[i]);
		seen.bytes -= ma_usable_size(objects.object[i].at);
	}
	expect(seen.bytes == 0);
	for (size_t i = 0; i < LENGTH(freed); i++) {
		struct leak_object object = ma_leak_find(&scan.index, freed[i]);
		bool live = false;
		for (size_t n = 0; n < objects.count; n++)
			live = live || objects.object[n].at == object.start;
		expect(object.start == NULL || live);
	}
	leak_unit_end(&scan);
	objects_end(&objects);
}
END_TEST

START_TEST(strange_addresses)
{
	char *small = ma_malloc(40), *block = ma_malloc(100000);
	struct leak_scan scan;
	int local;

	leak_unit_begin(&scan, 1);
	expect(ma_leak_find(&scan.index, 0).start == NULL);
	expect(ma_leak_find(&scan.index, UINTPTR_MAX).start == NULL);
	expect(ma_leak_find(&scan.index, (uintptr_t)&local).start == NULL);
	expect(ma_leak_find(&scan.index, (uintptr_t)small - 1).start == NULL);
	expect(ma_leak_find(&scan.index, (uintptr_t)block - 1).start == NULL); /* its header */
	expect(ma_leak_find(&scan.index, (uintptr_t)block + ma_usable_size(block)).start == NULL);
	leak_unit_end(&scan);
	ma_free(block);
	ma_free(small);
}
END_TEST

START_TEST(kinds)
{
	void *object[] = {ma_malloc(1), ma_malloc(20), ma_malloc(50000), ma_malloc(3 << 20)};
	struct leak_scan scan;

	leak_unit_begin(&scan, 1);
	for (size_t i = 0; i < LENGTH(object); i++)
		for (int kind = 0; kind < LEAK_KINDS; kind++) {
			struct leak_object found = ma_leak_find(&scan.index, (uintptr_t)object[i]);
			expect(kind != 0 || ma_leak_kind(&found) == LEAK_DEFINITE);
			ma_leak_set_kind(&found, (enum leak_kind)kind);
			expect(ma_leak_kind(&found) == (enum leak_kind)kind);
			ma_leak_set_pending(&found, kind % 2 == 0);
			expect(ma_leak_pending(&found) == (kind % 2 == 0));
			expect(ma_leak_kind(&found) == (enum leak_kind)kind);
		}
	for (size_t i = 0; i < LENGTH(object); i++) {
		expect(leak_unit_kind(&scan, object[i]) == LEAK_KINDS - 1);
		ma_free(object[i]);
	}
	leak_unit_end(&scan);
}
END_TEST

/* A header that a thread is about to write, or that was overwritten: what lies beyond is not known. */
START_TEST(torn)
{
	char *first = ma_malloc(20000), *second = hide(ma_malloc(20000)), *third = ma_malloc(20000);
	struct leak_scan scan;
	uint32_t *header = (uint32_t *)(void *)(second - 16), saved = header[3];

	header[3] ^= 1;
	leak_unit_begin(&scan, 1);
	expect(scan.index.torn && scan.index.chunks == 1 && scan.index.chunk[0].torn == second - 16);
	expect(ma_leak_find(&scan.index, (uintptr_t)first).start == first);
	expect(ma_leak_find(&scan.index, (uintptr_t)second).start == NULL);
	expect(ma_leak_find(&scan.index, (uintptr_t)third).start == NULL);
	leak_unit_end(&scan);
	header[3] = saved;
	ma_free(first);
	ma_free(second);
	ma_free(third);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {any_history, strange_addresses, kinds, torn};

	return unit_run("leak_index", tests, LENGTH(tests));
}
