/* SPDX-License-Identifier: MIT */
/* The public functions keep what ma.h promises: sizes, alignment, contents, errno, and what fails and how. */
#include "unit.h"

#include <errno.h>

#include "../hide.h"
#include "base.h"
#include "ma.h"
#include "scripted_source.h"

#define MB ((size_t)1 << 20)

/* Sizes that mean too much; volatile, so that no compiler warns of them. */
static volatile size_t too_large[] = {SIZE_MAX,	      SIZE_MAX - 4096,	  (size_t)PTRDIFF_MAX + 1,
				      PTRDIFF_MAX,    PTRDIFF_MAX - 4096, SCRIPTED_REGION + 100,
				      SCRIPTED_REGION};

START_TEST(version)
{
	char expected[32];

	snprintf(expected, sizeof(expected), "%d.%d.%d", MA_VERSION_MAJOR, MA_VERSION_MINOR,
		 MA_VERSION_PATCH);
	ck_assert_str_eq(ma_version(), expected);
}
END_TEST

START_TEST(zero_bytes)
{
	void *p[] = {ma_malloc(0),
		     ma_malloc(0),
		     ma_calloc(0, 5),
		     ma_calloc(5, 0),
		     ma_aligned_alloc(64, 0),
		     ma_aligned_alloc(2 * MB, 0),
		     ma_memalign(256, 0),
		     ma_realloc(NULL, 0),
		     ma_rezalloc(NULL, 0),
		     ma_reallocarray(NULL, 0, 3)};

	for (size_t i = 0; i < LENGTH(p); i++) {
		expect(p[i] != NULL);
		for (size_t j = 0; j < i; j++)
			expect(p[i] != p[j]);
	}
	for (size_t i = 0; i < LENGTH(p); i++)
		ma_free(p[i]);
	expect(ma_check() == 0);
}
END_TEST

START_TEST(null_pointers)
{
	ma_free(NULL);
	ma_free_sized(NULL, 100);
	ma_free_aligned_sized(NULL, 64, 100);
	expect(ma_usable_size(NULL) == 0);
	errno = 0;
	expect(ma_expand(NULL, 10) == NULL && errno == ENOMEM);
	expect(scripted_requests() == 0);
}
END_TEST

/* --- what can't be had --- */

#define fails(call) (errno = 0, expect((call) == NULL && errno == ENOMEM))

START_TEST(sizes_that_overflow)
{
	void *p = ma_malloc(100), *out = p;

	pattern_fill(p, 100, 1);
	errno = 0;
	for (size_t i = 0; i < LENGTH(too_large); i++) {
		size_t size = too_large[i];
		fails(ma_malloc(size));
		fails(ma_calloc(1, size));
		fails(ma_calloc(size, 1));
		fails(ma_calloc(size, size));
		fails(ma_calloc(size / 2, 3));
		fails(ma_realloc(p, size));
		fails(ma_realloc(NULL, size));
		fails(ma_reallocarray(p, size, 2));
		fails(ma_reallocarray(p, 3, size));
		fails(ma_rezalloc(p, size));
		fails(ma_expand(p, size));
		fails(ma_aligned_alloc(64, size));
		fails(ma_memalign(64, size));
		expect(ma_posix_memalign(&out, 64, size) == ENOMEM && out == p);
		expect(ma_good_size(size) == size || size <= PTRDIFF_MAX);
	}
	expect(pattern_holds(p, 100, 1) && ma_check() == 0);
	ma_free(p);
}
END_TEST

START_TEST(products_that_overflow)
{
	volatile size_t half = (size_t)1 << sizeof(size_t) * 4;
	void *p;

	errno = 0;
	fails(ma_calloc(half, half));
	fails(ma_calloc(half, half + 1));
	fails(ma_reallocarray(NULL, half, half));
	p = ma_calloc(1000, 1000);
	expect(p != NULL && pattern_is_zero(p, 1000000));
	p = ma_reallocarray(p, 2000, 1000);
	expect(p != NULL && ma_usable_size(p) >= 2000000);
	ma_free(p);
}
END_TEST

/* --- alignment --- */

START_TEST(alignments)
{
	struct objects objects;
	void *p = NULL;

	objects_begin(&objects, 2000);
	for (size_t align = 1; align <= SCRIPTED_REGION >> 6; align *= 2)
		for (size_t size = 1; size < 100000; size = size * 7 + 3) {
			p = ma_aligned_alloc(align, size);
			expect((uintptr_t)p % align == 0);
			objects_add(&objects, p, size);
			p = ma_memalign(align, size);
			expect((uintptr_t)p % align == 0);
			objects_add(&objects, p, size);
			if (align < sizeof(void *))
				continue;
			expect(ma_posix_memalign(&p, align, size) == 0 && (uintptr_t)p % align == 0);
			objects_add(&objects, p, size);
		}
	objects_are_the_heap(&objects);
	while (objects.count > 0)
		ma_free(objects_take(&objects, objects.count / 3).at);
	objects_are_the_heap(&objects);
	objects_end(&objects);
}
END_TEST

START_TEST(alignments_that_are_none)
{
	static const size_t none[] = {0, 3, 6, 24, 100, 4097, SIZE_MAX, SIZE_MAX - 15};
	void *p = &p;

	for (size_t i = 0; i < LENGTH(none); i++) {
		volatile size_t align = none[i];
		errno = 0;
		expect(ma_aligned_alloc(align, 100) == NULL && errno == EINVAL);
		errno = 0;
		expect(ma_posix_memalign(&p, align, 100) == EINVAL && p == &p && errno == 0);
	}
	expect(ma_posix_memalign(&p, 1, 100) == EINVAL &&
	       ma_posix_memalign(&p, sizeof(void *) / 2, 1) == EINVAL);
	errno = 0;
	expect(ma_aligned_alloc(hide_size(SIZE_MAX / 2 + 1), 100) == NULL && errno == ENOMEM);
	expect(ma_posix_memalign(&p, SIZE_MAX / 2 + 1, 100) == ENOMEM && p == &p);
	expect(scripted_held() == 0);
}
END_TEST

START_TEST(memalign_rounds_up)
{
	static const size_t odd[][2] = {{0, 16},    {1, 16},	  {17, 32},	   {24, 32},
					{100, 128}, {4097, 8192}, {3 * MB, 4 * MB}};
	volatile size_t most = SIZE_MAX;

	for (size_t i = 0; i < LENGTH(odd); i++) {
		void *p = ma_memalign(odd[i][0], 50);
		expect(p != NULL && (uintptr_t)p % odd[i][1] == 0);
		ma_free(p);
	}
	errno = 0;
	expect(ma_memalign(most, 50) == NULL && errno == EINVAL);
}
END_TEST

/* Aligning wastes nothing: what lies in front goes back to the heap. */
START_TEST(alignment_wastes_nothing)
{
	void *p[200];
	size_t held;

	ma_free(ma_malloc(1));
	held = scripted_held();
	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_aligned_alloc(32768, 1000);
	for (size_t i = 0; i < LENGTH(p); i++) /* all of these fit in between */
		expect(ma_malloc(25000) != NULL);
	expect(scripted_held() - held < LENGTH(p) * 32768 * 5 / 4 + MA_WINDOW);
	expect(ma_check() == 0);
}
END_TEST

/* --- sizes --- */

START_TEST(usable_and_good_sizes)
{
	for (size_t size = 0; size < 20 * MB; size += 1 + size / 50) {
		void *p = ma_malloc(size);
		size_t usable = ma_usable_size(p);
		expect(usable >= size && usable <= ma_good_size(size) + 16);
		expect(ma_good_size(size) >= size);
		expect(ma_good_size(ma_good_size(size)) == ma_good_size(size));
		memset(p, 0xa5, usable);
		ma_free(p);
	}
	for (size_t less = 0; less < 9000; less += 500) /* never more than what can be asked for */
		expect(ma_good_size((size_t)PTRDIFF_MAX - less) <= PTRDIFF_MAX);
	expect(ma_check() == 0);
}
END_TEST

START_TEST(sized_frees)
{
	for (size_t size = 0; size < 5 * MB; size = size * 3 + 1) {
		ma_free_sized(ma_malloc(size), size);
		ma_free_sized(ma_calloc(1, size), size);
		ma_free_aligned_sized(ma_aligned_alloc(64, size), 64, size);
		ma_free_aligned_sized(ma_aligned_alloc(1, size), 1, size);
	}
	expect(ma_check() == 0);
}
END_TEST

/* --- realloc and its kin --- */

START_TEST(realloc_contents)
{
	struct random random = {1};
	size_t size = 1;
	char *p = ma_malloc(1);

	pattern_fill(p, size, 1);
	for (uint64_t step = 2; step < test_rounds(4000); step++) {
		size_t next = 1 + random_size(&random, step % 20 == 0 ? 8 * MB : 50000);
		p = ma_realloc(p, next);
		expect(p != NULL && ma_usable_size(p) >= next);
		expect(pattern_holds(p, size < next ? size : next, step - 1));
		pattern_fill(p, next, step);
		size = next;
		if (step % 16 == 0)
			expect(ma_check() == 0);
	}
	expect(ma_realloc(p, 0) == NULL && ma_check() == 0);
}
END_TEST

START_TEST(realloc_to_zero_frees)
{
	struct objects none = {0};

	for (size_t size = 1; size < 5 * MB; size *= 3) {
		errno = 99;
		expect(ma_realloc(ma_malloc(size), 0) == NULL && errno == 99);
		expect(ma_reallocarray(ma_malloc(size), 0, 5) == NULL && errno == 99);
	}
	objects_are_the_heap(&none);
}
END_TEST

START_TEST(growing_step_by_step_is_not_quadratic)
{
	size_t size = 16, moves = 0;
	char *p = ma_malloc(size), *wall = NULL;

	while (size < 30 * MB) {
		char *q;
		uintptr_t was = (uintptr_t)p;
		size += 16 + size / 1000;
		q = ma_realloc(p, size);
		expect(q != NULL);
		moves += (uintptr_t)q != was;
		p = q;
		ma_free(wall);
		wall = ma_malloc(100 + size % 5000);
	}
	expect(moves < 400 && ma_check() == 0); /* of some 8,000 steps */
}
END_TEST

/* One object's life: what lies beyond the most that was ever asked for is zero when it is first asked for. */
static void rezalloc_life(struct random *random)
{
	size_t size = random_size(random, 50000), most = size;
	char *p = ma_calloc(1, size);

	expect(p != NULL && pattern_is_zero(p, size));
	for (int step = 0; step < 20; step++) {
		size_t next = 1 + random_size(random, random_once_in(random, 20) ? 5 * MB : 100000);
		void *dirt;
		pattern_fill(p, size, 7);
		p = ma_rezalloc(p, next);
		expect(p != NULL && pattern_holds(p, size < next ? size : next, 7));
		if (next > most) {
			expect(pattern_is_zero(p + most, next - most));
			most = next;
		}
		dirt = ma_malloc(next); /* for the next one to find */
		memset(dirt, 0xff, next);
		ma_free(dirt);
		size = next;
	}
	expect(ma_rezalloc(p, 0) == NULL);
}

START_TEST(rezalloc_zeroes_what_is_new)
{
	struct random random = {2};
	char *p;

	for (size_t life = 0; life < test_rounds(300); life++)
		rezalloc_life(&random);
	p = ma_rezalloc(NULL, 5000);
	expect(pattern_is_zero(p, 5000));
	ma_free(p);
	expect(ma_check() == 0);
}
END_TEST

START_TEST(expand_never_moves)
{
	struct random random = {3};
	struct objects objects;

	objects_begin(&objects, 50);
	for (size_t step = 0; step < test_rounds(20000); step++) {
		size_t size = 1 + random_size(&random, random_once_in(&random, 20) ? 4 * MB : 60000);
		size_t n = random_below(&random, objects.room);
		if (n >= objects.count) {
			objects_add(&objects, ma_malloc(size), size);
		} else if (random_once_in(&random, 4)) {
			ma_free(objects_take(&objects, n).at);
		} else {
			struct object *object = &objects.object[n];
			size_t usable = ma_usable_size(object->at);
			void *at;
			errno = 99;
			at = ma_expand(object->at, size);
			expect(at == object->at || (at == NULL && errno == ENOMEM && size > usable));
			if (at == NULL) {
				expect(ma_usable_size(object->at) == usable);
				continue;
			}
			expect(errno == 99 && ma_usable_size(at) >= size);
			expect(pattern_holds(at, size < object->size ? size : object->size, object->seed));
			object->size = size;
			pattern_fill(at, size, object->seed);
		}
		if (step % 16 == 0)
			objects_are_the_heap(&objects);
	}
	objects_end(&objects);
}
END_TEST

/* --- errno --- */

START_TEST(errno_is_kept)
{
	void *p[8];

	for (size_t size = 1; size < 5 * MB; size *= 5) {
		errno = 77;
		p[0] = ma_malloc(size);
		p[1] = ma_calloc(3, size);
		p[2] = ma_realloc(ma_malloc(10), size);
		p[3] = ma_aligned_alloc(128, size);
		p[4] = ma_memalign(100, size);
		p[5] = ma_rezalloc(ma_calloc(1, 100), size);
		p[6] = ma_reallocarray(NULL, 2, size);
		expect(ma_posix_memalign(&p[7], 256, size) == 0);
		for (size_t i = 0; i < LENGTH(p); i++) {
			expect(p[i] != NULL && ma_usable_size(p[i]) != 0);
			ma_free(p[i]);
		}
		expect(ma_check() == 0);
		expect(errno == 77);
	}
	ma_trim(0);
	expect(errno == 77);
}
END_TEST

/* --- trim --- */

START_TEST(trimming)
{
	struct objects none = {0};
	void *p[300];
	size_t held;

	expect(ma_trim(0) == 0);
	for (size_t i = 0; i < LENGTH(p); i++)
		memset(p[i] = ma_malloc(10000 + i * 1000), 1, 10000 + i * 1000);
	memset(hide(ma_malloc(10 * MB)), 1, 10 * MB);
	for (size_t i = 0; i < LENGTH(p); i++)
		ma_free(p[i]);
	held = scripted_held();
	expect(ma_trim(0) == 1 && scripted_held() < held);
	expect(ma_trim(0) == 0);
	expect(ma_check() == 0);
	(void)none;
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		version,
		zero_bytes,
		null_pointers,
		sizes_that_overflow,
		products_that_overflow,
		alignments,
		alignments_that_are_none,
		memalign_rounds_up,
		alignment_wastes_nothing,
		usable_and_good_sizes,
		sized_frees,
		realloc_contents,
		realloc_to_zero_frees,
		growing_step_by_step_is_not_quadratic,
		rezalloc_zeroes_what_is_new,
		expand_never_moves,
		errno_is_kept,
		trimming,
	};

	return unit_run("api", tests, LENGTH(tests));
}
