/* SPDX-License-Identifier: MIT */
/*
 * Sequences of the whole public interface against a plain set of objects, over a source that fails, moves and has
 * strangers in it: contents stay, zero is zero, alignment holds, the audit finds no fault, the walk agrees.
 */
#include "../unit/unit.h"

#include <errno.h>

#include "../unit/scripted_source.h"
#include "base.h"
#include "ma.h"

/* What a sequence is made of. */
struct profile {
	size_t most; /* bytes of an object */
	size_t room; /* objects at a time */
	size_t steps;
	unsigned audit;	    /* every so many steps */
	unsigned strangers; /* one in so many steps moves the break; 0: none */
	unsigned refusals;  /* one in so many steps may fail; 0: none */
};

static struct random chance;
static struct objects objects;

/* A failure is in order only if the source was told to refuse. */
static bool got(const void *p)
{
	if (p != NULL)
		return true;
	expect(errno == ENOMEM && scripted_refusals() > 0);
	return false;
}

static void allocate(size_t size)
{
	size_t align = (size_t)1 << random_below(&chance, random_once_in(&chance, 10) ? 22 : 13);
	void *p = NULL;

	switch (random_below(&chance, 6)) {
	case 0:
		p = ma_calloc(1, size);
		if (got(p))
			expect(pattern_is_zero(p, size));
		break;
	case 1:
		p = ma_aligned_alloc(align, size);
		expect(!got(p) || (uintptr_t)p % align == 0);
		break;
	case 2:
		align |= sizeof(void *);
		if ((align & (align - 1)) != 0)
			align = sizeof(void *);
		expect(ma_posix_memalign(&p, align, size) == (p == NULL ? ENOMEM : 0));
		errno = ENOMEM;
		expect(!got(p) || (uintptr_t)p % align == 0);
		break;
	case 3:
		p = ma_realloc(NULL, size);
		break;
	default:
		p = ma_malloc(size);
	}
	if (got(p))
		objects_add(&objects, p, size);
}

static void release(size_t n)
{
	struct object object = objects_take(&objects, n);

	errno = 4321;
	if (random_once_in(&chance, 4))
		ma_free_sized(object.at, object.size);
	else
		ma_free(object.at);
	expect(errno == 4321);
}

static void resize(size_t n, size_t size)
{
	struct object *object = &objects.object[n];
	void *p;

	size += size == 0;
	if (random_once_in(&chance, 3)) {
		p = ma_expand(object->at, size);
		expect(p == object->at || (p == NULL && errno == ENOMEM));
	} else {
		p = random_once_in(&chance, 2) ? ma_realloc(object->at, size)
					       : ma_reallocarray(object->at, 1, size);
		(void)got(p);
	}
	if (p == NULL)
		return;
	expect(pattern_holds(p, size < object->size ? size : object->size, object->seed));
	object->at = p;
	object->size = size;
	pattern_fill(p, size, object->seed);
}

static void step(const struct profile *profile, bool growing)
{
	size_t size = random_size(&chance, profile->most);

	if (random_below(&chance, 10) < (growing ? 6u : 4u) && objects.count < objects.room)
		allocate(size);
	else if (objects.count > 0 && random_once_in(&chance, 3))
		resize(random_below(&chance, objects.count), size);
	else if (objects.count > 0)
		release(random_below(&chance, objects.count));
	if (random_once_in(&chance, 2000))
		ma_trim(random_size(&chance, 1000000));
}

static void script(const struct profile *profile)
{
	scripted_relent();
	if (profile->refusals != 0 && random_once_in(&chance, profile->refusals))
		scripted_refuse(1 + random_below(&chance, 3), 1 + random_below(&chance, 4));
	if (profile->strangers != 0 && random_once_in(&chance, profile->strangers)) {
		if (random_once_in(&chance, 2))
			scripted_foreign((ptrdiff_t)random_size(&chance, 100000));
		else
			scripted_foreign_before(1, random_size(&chance, 10000));
	}
}

static void run(const struct profile *profile, uint64_t seed)
{
	size_t steps = test_rounds(profile->steps);

	chance.state = seed;
	objects_begin(&objects, profile->room);
	for (size_t i = 0; i < steps; i++) {
		script(profile);
		step(profile, i * 6 / steps % 2 == 0);
		if (i % profile->audit == 0)
			objects_are_the_heap(&objects);
	}
	scripted_relent();
	objects_hold(&objects);
	while (objects.count > 0)
		release(random_below(&chance, objects.count));
	ma_trim(0);
	objects_are_the_heap(&objects);
	expect(scripted_held() < 3 * MA_WINDOW || profile->strangers != 0);
	objects_end(&objects);
}

START_TEST(small_ones)
{
	run(&(struct profile){.most = 500, .room = 3000, .steps = 60000, .audit = 64}, 1);
}
END_TEST

START_TEST(few_and_small)
{
	run(&(struct profile){.most = 2000, .room = 30, .steps = 12000, .audit = 4}, 2);
}
END_TEST

START_TEST(middle_ones)
{
	run(&(struct profile){.most = 200000, .room = 200, .steps = 20000, .audit = 8}, 3);
}
END_TEST

START_TEST(large_ones)
{
	run(&(struct profile){.most = 8000000, .room = 30, .steps = 1500, .audit = 4}, 4);
}
END_TEST

START_TEST(all_sizes)
{
	run(&(struct profile){.most = 3000000, .room = 300, .steps = 6000, .audit = 8}, 5);
}
END_TEST

START_TEST(strangers_on_the_break)
{
	run(&(struct profile){.most = 50000, .room = 300, .steps = 20000, .audit = 16, .strangers = 20}, 6);
}
END_TEST

START_TEST(refusals)
{
	run(&(struct profile){.most = 300000, .room = 200, .steps = 10000, .audit = 8, .refusals = 3}, 7);
}
END_TEST

START_TEST(everything)
{
	run(&(struct profile){.most = 3000000,
			      .room = 100,
			      .steps = 2500,
			      .audit = 2,
			      .strangers = 50,
			      .refusals = 5},
	    8);
}
END_TEST

START_TEST(without_a_break)
{
	scripted_break_safe(false);
	run(&(struct profile){.most = 100000, .room = 300, .steps = 10000, .audit = 16, .refusals = 10}, 9);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		small_ones, few_and_small, middle_ones,	    large_ones, all_sizes, strangers_on_the_break,
		refusals,   everything,	   without_a_break,
	};

	return unit_run("operations", tests, LENGTH(tests));
}
