/* SPDX-License-Identifier: MIT */
/* Without threads there is one heap, bound at the first call; fork copies it. */
#include "unit.h"

#include "ma.h"
#include "scripted_source.h"
#include "thread.h"

START_TEST(binding)
{
	struct heap *heap;

	expect(ma_thread_heap == &ma_heap_none);
	ma_thread_start();
	heap = ma_thread_bind();
	expect(heap != NULL && ma_thread_heap == heap && ma_thread_bind() == heap && heap->number == 1);
	expect(ma_heaps_first() == heap && heap->next == NULL);
}
END_TEST

START_TEST(one_heap_for_all)
{
	struct objects objects;
	struct random random = {1};

	objects_begin(&objects, 1000);
	for (int i = 0; i < 1000; i++) {
		size_t size = random_size(&random, 50000);
		objects_add(&objects, ma_malloc(size), size);
	}
	expect(ma_heaps_first()->number == 1);
	objects_are_the_heap(&objects);
	objects_end(&objects);
}
END_TEST

static void use(void *arg)
{
	struct objects *objects = arg;

	objects_are_the_heap(objects);
	while (objects->count > 0)
		ma_free(objects_take(objects, 0).at);
	objects_are_the_heap(objects);
}

START_TEST(forking)
{
	struct objects objects;
	char text[1000];

	objects_begin(&objects, 100);
	for (int i = 0; i < 100; i++)
		objects_add(&objects, ma_malloc(500), 500);
	expect(unit_child(use, &objects, text, sizeof(text)) == 0);
	ck_assert_str_eq(text, "");
	use(&objects);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {binding, one_heap_for_all, forking};

	return unit_run("thread_single", tests, LENGTH(tests));
}
