/* SPDX-License-Identifier: MIT */
/* Large objects: the table against a plain list, the cache and its bounds, resizing by moving pages. */
#include "unit.h"

#include "clock.h"
#include "large.h"
#include "scripted_source.h"
#include "source.h"

#define MB ((size_t)1 << 20)

static char *take(size_t size, size_t align)
{
	bool zero;
	char *p = ma_large_alloc(size, align, &zero);

	if (p == NULL)
		return NULL;
	expect(((uintptr_t)p & (align - 1)) == 0 && ((uintptr_t)p & (ma_source_page() - 1)) == 0);
	expect(ma_large_size(p) >= size && ma_large_size(p) % ma_source_page() == 0);
	expect(scripted_gives(p, ma_large_size(p)));
	if (zero)
		expect(pattern_is_zero(p, size));
	return p;
}

static size_t in_use(void)
{
	size_t used, cached, count;

	ma_large_count(&used, &cached, &count);
	return used;
}

START_TEST(sizes_and_alignments)
{
	for (size_t align = 16; align <= 64 * MB; align *= 2)
		for (size_t size = 1; size <= 16 * MB; size = size * 5 + 1) {
			char *p = take(size, align);
			expect(p != NULL);
			p[0] = p[size - 1] = 1;
			expect(ma_large_free(p));
		}
	ma_large_trim();
	expect(scripted_held() == 0 && in_use() == 0);
	expect(ma_large_free(take(2 * MB, 16)) && ma_large_trim() == 2 * MB && ma_large_trim() == 0);
}
END_TEST

START_TEST(sizes_that_cannot_be)
{
	bool zero;

	expect(ma_large_alloc(SIZE_MAX, 16, &zero) == NULL);
	expect(ma_large_alloc(PTRDIFF_MAX, 16, &zero) == NULL);
	expect(ma_large_alloc(SCRIPTED_REGION, 16, &zero) == NULL);
#if SIZE_MAX > UINT32_MAX
	expect(ma_large_alloc(2 * MB, (size_t)1 << 62, &zero) == NULL);
	expect(ma_large_alloc(2 * MB, (size_t)1 << 46, &zero) == NULL);
#endif
	expect(scripted_held() == 0 && in_use() == 0);
}
END_TEST

START_TEST(strangers)
{
	char *p = take(2 * MB, 16);
	static char place[8192];

	expect(!ma_large_free(NULL) && !ma_large_free(place) && !ma_large_free(p + 16));
	expect(!ma_large_free(p + ma_source_page()) && !ma_large_free((void *)-(uintptr_t)ma_source_page()));
	expect(ma_large_size(NULL) == 0 && ma_large_size(place) == 0 &&
	       ma_large_size(p + ma_source_page()) == 0);
	expect(!ma_large_is_cached(p) && !ma_large_is_cached(NULL));
	expect(ma_large_free(p));
	expect(ma_large_is_cached(p) && !ma_large_free(p) && ma_large_size(p) == 0);
	ma_large_trim();
	expect(!ma_large_is_cached(p) && !ma_large_free(p));
}
END_TEST

/* --- the table --- */

/* The walk shows just the model's objects, in address order; and the free mappings of the cache. */
static void table_is(const struct objects *objects)
{
	struct large_place place = {0};
	size_t used, cached, count, sum_used = 0, sum_cached = 0, seen = 0;
	const char *last = NULL;

	ma_large_count(&used, &cached, &count);
	while (ma_large_after(last, &place)) {
		expect(place.start > last);
		last = place.start;
		expect(ma_large_is_cached(place.start) == place.free);
		expect(scripted_gives(place.start, place.size));
		if (place.free) {
			sum_cached += place.size;
			continue;
		}
		seen++;
		sum_used += place.size;
		expect(ma_large_size(place.start) == place.size);
	}
	expect(seen == count && count == objects->count && sum_used == used && sum_cached == cached);
	for (size_t i = 0; i < objects->count; i++)
		expect(ma_large_size(objects->object[i].at) >= objects->object[i].size);
}

static void step(struct objects *objects, struct random *random)
{
	size_t size = 1 + random_size(random, 300000);
	bool zero;
	char *p;

	if (objects->count < objects->room && random_below(random, 9) < 5) {
		p = take(size, (size_t)16 << random_below(random, 12));
		expect(p != NULL || scripted_refusals() > 0);
		if (p != NULL)
			objects_add(objects, p, size);
	} else if (objects->count > 0) {
		size_t n = random_below(random, objects->count);
		struct object *object = &objects->object[n];
		if (random_once_in(random, 3)) {
			zero = random_once_in(random, 2); /* may it move? */
			p = ma_large_resize(object->at, size, zero);
			expect(p == object->at || zero || p == NULL);
			if (p == NULL)
				return;
			expect(pattern_holds(p, size < object->size ? size : object->size, object->seed));
			*object = (struct object){p, size, object->seed};
			pattern_fill(p, size, object->seed);
		} else {
			expect(ma_large_free(objects_take(objects, n).at));
		}
	}
}

static void history(bool refusing)
{
	struct random random = {40};
	struct objects objects;

	objects_begin(&objects, 300);
	for (size_t i = 0; i < test_rounds(6000); i++) {
		if (refusing) {
			scripted_relent();
			if (random_once_in(&random, 3))
				scripted_refuse(1 + random_below(&random, 2), 2);
		}
		step(&objects, &random);
		if (i % 16 == 0)
			table_is(&objects);
	}
	scripted_relent();
	while (objects.count > 0)
		expect(ma_large_free(objects_take(&objects, random_below(&random, objects.count)).at));
	table_is(&objects);
	ma_large_trim();
	expect(scripted_mappings() <= 1); /* the table's own */
	objects_end(&objects);
}

START_TEST(histories)
{
	history(false);
}
END_TEST

START_TEST(histories_with_refusals)
{
	history(true);
}
END_TEST

START_TEST(many)
{
	enum { COUNT = 3000 };
	static char *p[COUNT];

	for (int i = 0; i < COUNT; i++)
		expect((p[i] = take(4096, 16)) != NULL);
	for (int i = 0; i < COUNT; i++)
		expect(ma_large_size(p[i]) == ma_source_page());
	for (int i = 0; i < COUNT; i += 2)
		expect(ma_large_free(p[i]));
	for (int i = 0; i < COUNT; i++)
		expect((ma_large_size(p[i]) != 0) == (i % 2 == 1));
	for (int i = 1; i < COUNT; i += 2)
		expect(ma_large_free(p[i]));
	expect(in_use() == 0);
}
END_TEST

/* Without memory for a larger table the one there is fills up, and then refuses; nothing is lost. */
START_TEST(table_that_can_not_grow)
{
	enum { COUNT = 200 };
	char *p[COUNT];
	int count = 0;
	struct objects none = {0};

	for (; count < 32; count++)
		expect((p[count] = take(4096, 16)) != NULL);
	for (int refused = 0; count < COUNT && refused < 50; refused++) {
		size_t held = scripted_held();
		scripted_refuse(2, 1); /* the mapping comes, the table doesn't */
		p[count] = take(4096, 16);
		expect(p[count] != NULL || scripted_held() == held);
		count += p[count] != NULL;
	}
	scripted_relent();
	expect(count > 32 && count < COUNT);
	for (int i = 0; i < count; i++)
		expect(ma_large_size(p[i]) != 0);
	while (count > 0)
		expect(ma_large_free(p[--count]));
	table_is(&none);
}
END_TEST

/* --- the cache --- */

START_TEST(reuse)
{
	char *p = take(3 * MB, 16), *q, *r;
	struct large_place whole;
	uint64_t requests;
	bool zero;

	memset(p, 1, 3 * MB);
	ma_large_free(p);
	requests = scripted_requests();
	q = ma_large_alloc(3 * MB - 5000, 16, &zero);
	expect(q == p && !zero && scripted_requests() == requests);
	ma_large_free(q);
	q = take(2 * MB, 16); /* a part of it */
	expect(q == p && ma_large_size(q) == 2 * MB && ma_large_is_cached(p + 2 * MB));
	r = take(1 * MB, 16); /* the rest */
	expect(r == p + 2 * MB && !ma_large_is_cached(p) && !ma_large_is_cached(r));
	ma_large_free(r);
	ma_large_free(q); /* is whole again, and both are known to be free */
	expect(ma_large_after(NULL, &whole) && whole.start == p && whole.size >= 3 * MB && whole.free);
	expect(ma_large_is_cached(p) && ma_large_is_cached(r) && !ma_large_is_cached(r + 16));
	requests = ma_source_calls().remap;
	q = ma_large_alloc(3 * MB + 1, 16, &zero); /* grows */
	expect(!zero && ma_large_size(q) > 3 * MB && ma_source_calls().remap > requests);
	ma_large_free(q);
	q = take(7 * MB, 16); /* too much to grow by */
	expect(pattern_is_zero(q, 7 * MB));
}
END_TEST

START_TEST(cleared)
{
	char *p = take(40 * MB, 16);

	memset(p, 1, 40 * MB);
	ma_large_clear(p, 3 * MB);
	expect(pattern_is_zero(p, 3 * MB) && p[3 * MB] == 1 && scripted_purged() == 3 * MB);
	memset(p, 1, 3 * MB);
	ma_large_clear(p, 40 * MB - 100);
	expect(pattern_is_zero(p, 40 * MB - 100) && p[40 * MB - 100] == 1);
	expect(scripted_purged() == 43 * MB - ma_source_page());
}
END_TEST

START_TEST(wiped)
{
	size_t page = ma_source_page();
	char *p = take(40 * MB, 16);

	memset(p, 1, 40 * MB);
	ma_large_wipe(p, 3 * MB + 1);
	expect(pattern_is_zero(p, 3 * MB + 1) && p[3 * MB + 1] == 1 && scripted_purged() == 0);
	memset(p, 1, 40 * MB);
	scripted_absent(p + 5 * MB + page, 20 * MB);
	ma_large_wipe(p, 40 * MB - 100);
	expect(pattern_is_zero(p, 40 * MB - 100) && p[40 * MB - 100] == 1);
	expect(scripted_purged() == 20 * MB);
	scripted_absent(p + 39 * MB, MB); /* the last page is cleared in part only */
	ma_large_wipe(p, 40 * MB - 100);
	expect(scripted_purged() == 21 * MB - page && p[40 * MB - 100] == 1);
}
END_TEST

START_TEST(cache_is_bounded)
{
	enum { COUNT = 64 };
	char *p[COUNT];

	for (int i = 0; i < COUNT; i++)
		p[i] = take(2 * MB, 16);
	for (int i = 0; i < COUNT; i++) {
		size_t used, cached, count;
		ma_large_free(p[i]);
		ma_large_count(&used, &cached, &count);
		expect(cached <= used || cached <= 8 * MB);
		expect(scripted_held() < used + cached + MB);
	}
	expect(scripted_held() <= 9 * MB);
	ma_large_trim();
	p[0] = take(20 * MB, 16);
	ma_large_free(p[0]); /* more than the cache may hold, but alone */
	expect(scripted_held() > 20 * MB && scripted_held() < 21 * MB);
	usleep(200 * 1000); /* so that nothing is regretted */
	p[0] = take(100 * MB, 16);
	ma_large_free(p[0]); /* too much even so */
	expect(scripted_held() <= 21 * MB);
}
END_TEST

START_TEST(cache_ages)
{
	char *old = take(2 * MB, 16), *new = take(2 * MB, 16);

	ma_large_free(old);
	usleep(700 * 1000);
	ma_large_free(new);
	expect(!ma_large_is_cached(old) && ma_large_is_cached(new));
	expect(ma_large_waits);
	ma_large_age(ma_clock_ms());
	ma_large_age(ma_clock_ms() - 20); /* another thread has looked at the clock before */
	expect(ma_large_is_cached(new));
	ma_large_age(ma_clock_ms() + 700);
	expect(!ma_large_is_cached(new));
	expect(!ma_large_waits);
}
END_TEST

/* Who wants again what was just let go may keep more. */
START_TEST(regret_makes_room)
{
	enum { COUNT = 8, ROUNDS = 20 };
	char *p[COUNT];
	size_t mapped = 0;

	for (int round = 0; round < ROUNDS; round++) {
		size_t used, cached, count;
		for (int i = 0; i < COUNT; i++)
			p[i] = take(4 * MB, 16);
		mapped = scripted_requests() - mapped;
		expect(round < 10 || mapped == 0); /* it has settled */
		mapped = scripted_requests();
		for (int i = 0; i < COUNT; i++)
			ma_large_free(p[i]);
		ma_large_count(&used, &cached, &count);
		expect(used == 0 && cached <= (8 + 32) * MB);
	}
}
END_TEST

/* However large it is: who has but one object, by turns, soon gets the same mapping. */
START_TEST(one_object_is_kept)
{
	bool zero = true;

	for (unsigned round = 0; round < 5; round++) {
		expect(ma_large_free(ma_large_alloc(100 * MB, 16, &zero)));
		expect(round > 0 || scripted_held() < MB);
	}
	expect(!zero);
}
END_TEST

/* Objects that come and go by turns are made of those before them; what waits does not add to what was in use at a time. */
START_TEST(peak_bounds_what_waits)
{
	enum { LIVE = 6, SETTLING = 100, COUNT = 400 };
	char *p[LIVE] = {0};
	size_t peak = 0;
	int mapped = 0;
	struct random random = {1};

	for (int i = 0; i < COUNT; i++) {
		size_t used, cached, count, size = (4 + random_below(&random, 60)) * MB;
		char **at = &p[random_below(&random, LIVE)];
		bool zero;
		ma_large_free(*at);
		*at = ma_large_alloc(size, 16, &zero);
		mapped += i >= SETTLING && zero;
		ma_large_count(&used, &cached, &count);
		peak = ma_max(peak, used);
		expect(used + cached <= peak + ma_max(used / 4, 8 * MB) &&
		       scripted_held() < used + cached + MB);
	}
	expect(mapped < (COUNT - SETTLING) / 10);
	for (int i = 0; i < LIVE; i++)
		ma_large_free(p[i]);
	expect(in_use() == 0 && scripted_held() < 41 * MB);
}
END_TEST

/* --- resizing --- */

START_TEST(resizing)
{
	char *p = take(2 * MB, 16), *wall, *moved;
	uint64_t calls;

	pattern_fill(p, 2 * MB, 5);
	expect(ma_large_resize(p, 2 * MB - 100, false) == p && ma_large_size(p) == 2 * MB);
	expect(ma_large_resize(p, 5 * MB, false) == p && ma_large_size(p) == 5 * MB);
	expect(pattern_is_zero(p + 2 * MB, 3 * MB));
	wall = take(2 * MB, 16);
	expect(wall == p + 5 * MB);
	expect(ma_large_resize(p, 6 * MB, false) == NULL && ma_large_size(p) == 5 * MB);
	calls = ma_source_calls().remap;
	moved = ma_large_resize(p, 6 * MB, true);
	expect(moved != NULL && moved != p && ma_source_calls().remap > calls);
	expect(ma_large_size(moved) == 6 * MB && ma_large_size(p) == 0);
	expect(pattern_holds(moved, 2 * MB, 5) && pattern_is_zero(moved + 2 * MB, 4 * MB));
	expect(!scripted_gives(p, 1));
	expect(ma_large_resize(moved, MB, true) == moved && ma_large_size(moved) == MB);
	expect(!scripted_gives(moved + MB, 1) && pattern_holds(moved, MB, 5));
	expect(ma_large_resize(moved, SIZE_MAX, true) == NULL &&
	       ma_large_resize(moved, PTRDIFF_MAX, true) == NULL);
	expect(ma_large_size(moved) == MB && in_use() == 3 * MB);
	ma_large_free(moved);
	ma_large_free(wall);
}
END_TEST

static void resize(void *p)
{
	ma_large_resize(p, 4 * MB, true);
}

START_TEST(resizing_what_is_not_there)
{
	char *p = take(2 * MB, 16);

	ma_large_free(p);
	unit_dies(resize, p, "libma: double free of a large object: %p", (void *)p);
	expect(in_use() == 0);
}
END_TEST

START_TEST(resizing_refused)
{
	char *p = take(2 * MB, 16), *wall = take(2 * MB, 16);
	struct objects none = {0};

	pattern_fill(p, 2 * MB, 6);
	for (uint64_t n = 1; n < 4; n++) {
		size_t held = scripted_held();
		uint64_t refusals = scripted_refusals();
		char *moved;
		scripted_refuse(n, 1);
		moved = ma_large_resize(p, 4 * MB, true);
		scripted_relent();
		if (moved == NULL) {
			expect(scripted_refusals() > refusals && scripted_held() == held);
			expect(ma_large_size(p) == 2 * MB && pattern_holds(p, 2 * MB, 6));
			continue;
		}
		expect(pattern_holds(moved, 2 * MB, 6));
		expect((p = ma_large_resize(moved, 2 * MB, true)) == moved);
	}
	expect(ma_large_free(p) && ma_large_free(wall));
	table_is(&none);
}
END_TEST

START_TEST(less_if_not_huge)
{
	char *held = take(40 * MB, 16), *p; /* from now on objects are aligned for huge pages */

	expect(held != NULL);
	ma_large_trim();
	scripted_refuse(1, 1);
	p = take(3 * MB, 16);
	expect(p != NULL && scripted_refusals() == 1);
	expect(ma_large_free(p) && ma_large_free(held));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		sizes_and_alignments,
		sizes_that_cannot_be,
		strangers,
		histories,
		histories_with_refusals,
		many,
		table_that_can_not_grow,
		reuse,
		cleared,
		wiped,
		cache_is_bounded,
		cache_ages,
		regret_makes_room,
		one_object_is_kept,
		peak_bounds_what_waits,
		resizing,
		resizing_what_is_not_there,
		resizing_refused,
		less_if_not_huge,
	};

	return unit_run("large", tests, LENGTH(tests));
}
