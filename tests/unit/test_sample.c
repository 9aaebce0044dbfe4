/* SPDX-License-Identifier: MIT */
/* Samples: as many as are asked for, whatever comes through the fast path; no class stays hidden. */
#include "unit.h"

#include "ma.h"
#include "mode.h"
#include "options.h"
#include "sample.h"
#include "sites.h"
#include "slab_side.h"

static struct samples samples;

static void begin_samples(size_t objects, size_t bytes)
{
	begin();
	samples.random = 5;
	samples.sampler[SAMPLE_GUARD].every = objects;
	samples.sampler[SAMPLE_SITES].every = bytes;
	samples.sampler[SAMPLE_SITES].bytes = true;
}

/* An allocation as the front makes it; tells for whom it was taken. */
static void *take_sampled(size_t size, unsigned *due)
{
	void *p = size <= SLAB_MAX ? ma_slab_pop(ma_slab_direct(&mine.slabs, size)) : NULL;

	*due = 0;
	if (p != NULL)
		return p;
	*due = ma_samples_due(&samples, &mine.slabs, size, MA_UNIT);
	p = take(&mine, size);
	ma_samples_lend(&samples, &mine.slabs, size, MA_UNIT);
	return p;
}

START_TEST(all)
{
	unsigned due;

	begin_samples(1, 1);
	for (size_t i = 0; i < 3000; i++) {
		take_sampled(i, &due);
		expect(due == 3);
	}
}
END_TEST

START_TEST(none)
{
	unsigned due;

	begin_samples(0, 0);
	for (size_t i = 0; i < 3000; i++) {
		take_sampled(i, &due);
		expect(due == 0 && !mine.slabs.hidden[ma_slab_class(i)]);
	}
}
END_TEST

/* What is kept is counted exactly, fast path or not: objects for the one, bytes for the other. */
START_TEST(one_in_so_many)
{
	size_t made = 0, bytes = 0, objects_due = 0, bytes_due = 0;
	struct random random = {3};

	begin_samples(200, 20000);
	for (size_t i = 0; i < test_rounds(400000); i++) {
		size_t size = random_once_in(&random, 100) ? random_below(&random, SLAB_MAX)
							   : 16 * random_below(&random, 20) + 1;
		unsigned due;
		take_sampled(size, &due);
		made++;
		bytes += size <= SLAB_MAX ? ma_slab_class_size(ma_slab_class(size)) : size;
		objects_due += due & 1;
		bytes_due += due >> 1 & 1;
	}
	expect(objects_due > made / 220 && objects_due < made / 180);
	expect(bytes_due > bytes / 22500 && bytes_due < bytes / 18000);
}
END_TEST

/* A large object's chance is its size. */
START_TEST(bytes_find_what_is_large)
{
	unsigned due;

	begin_samples(0, 4000);
	for (size_t i = 0; i < 1000; i++) {
		ma_samples_due(&samples, &mine.slabs, 16, 4096);
		due = ma_samples_due(&samples, &mine.slabs, 6001, MA_UNIT);
		expect(due == 1u << SAMPLE_SITES);
	}
}
END_TEST

/* Once the one is taken, the fast path has the class again. */
START_TEST(nothing_stays_hidden)
{
	size_t slow = 0, taken = 0;
	unsigned due;

	begin_samples(5000, 0);
	for (size_t i = 0; i < 100000; i++) {
		slow += ma_slab_direct(&mine.slabs, 48) == &mine.slabs.none;
		take_sampled(48, &due);
		taken += due;
	}
	expect(taken >= 15 && taken <= 25);
	expect(slow < 20000);
}
END_TEST

/* --- through the mode --- */

static size_t with_site(void *const *p, size_t count)
{
	size_t found = 0;
	struct site site;

	for (size_t i = 0; i < count; i++)
		found += ma_sites_get(p[i], ma_usable_size(p[i]), &site) && site.alive;
	return found;
}

#define KEPT 20000
static void *kept[KEPT];

START_TEST(sampled_sites)
{
	size_t found;
	struct site site;

	ma_options_read("sites=10000");
	ma_mode_start(NULL, 0);
	for (size_t i = 0; i < KEPT; i++)
		kept[i] = ma_malloc(100);
	found = with_site(kept, KEPT);
	expect(found > KEPT * 112 / 13000 && found < KEPT * 112 / 8000);
	for (size_t i = 0; i < KEPT; i++)
		if (ma_sites_get(kept[i], ma_usable_size(kept[i]), &site)) {
			expect(site.size == 100);
			kept[i] = ma_realloc(kept[i], 110); /* in place or not, a site is of what it says */
			expect(!ma_sites_get(kept[i], ma_usable_size(kept[i]), &site) || site.size == 110);
		}
	/* What is freed leaves no site behind for what comes after it. */
	for (size_t i = 0; i < KEPT; i++) {
		const void *freed = hide(kept[i]);
		ma_free(kept[i]);
		expect(!ma_sites_get(freed, 110, &site));
	}
	for (size_t i = 0; i < KEPT; i++) {
		kept[i] = ma_malloc(16 + i % 5000);
		if (ma_sites_get(kept[i], ma_usable_size(kept[i]), &site))
			expect(site.alive && site.size == 16 + i % 5000);
	}
	expect(ma_check() == 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		all, none, one_in_so_many, bytes_find_what_is_large, nothing_stays_hidden, sampled_sites,
	};

	return unit_run("sample", tests, LENGTH(tests));
}
