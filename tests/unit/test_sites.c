/* SPDX-License-Identifier: MIT */
/* The side table: what was kept of an address comes back, also of large objects, and for any address. */
#include "unit.h"

#include "clock.h"
#include "scripted_source.h"
#include "sites.h"

static char place[1000] __attribute__((aligned(16)));

START_TEST(nothing_known)
{
	struct site site;

	expect(!ma_sites_on());
	ma_sites_start();
	expect(ma_sites_on() && !ma_sites_get(place, 10, &site) && !ma_sites_get(NULL, 10, &site));
	ma_sites_set_freed(place, 1);
	expect(!ma_sites_get(place, 10, &site) && scripted_requests() == 0);
}
END_TEST

START_TEST(comes_back)
{
	struct site site;
	uint64_t before = ma_clock_ms();

	for (uint32_t i = 0; i < 1000 / 16; i++)
		ma_sites_set(place + i * 16, 0xabcdef0 + i, 4194303 - i, i);
	for (uint32_t i = 0; i < 1000 / 16; i++) {
		expect(ma_sites_get(place + i * 16, 1000, &site));
		expect(site.stack == 0xabcdef0 + i && site.thread == 4194303 - i && site.size == i);
		expect(site.alive && site.freed == 0);
		expect(site.time + 64 > before && site.time <= ma_clock_ms());
	}
}
END_TEST

START_TEST(freed_and_used_again)
{
	struct site site;

	ma_sites_set(place, 5, 6, 7);
	ma_sites_set_freed(place, 9);
	expect(ma_sites_get(place, 16, &site) && !site.alive && site.freed == 9 && site.stack == 5);
	ma_sites_set_freed(place, 0);
	expect(ma_sites_get(place, 16, &site) && !site.alive && site.freed == 0 && site.size == 7);
	ma_sites_set(place, 6, 6, 8);
	expect(ma_sites_get(place, 16, &site) && site.alive && site.stack == 6 && site.size == 8);
	ma_sites_set(place, 0, 6, 8); /* no stack, but the rest */
	expect(ma_sites_get(place, 16, &site) && site.alive && site.stack == 0 && site.thread == 6);
}
END_TEST

/* Of a large object's size only the low bits are kept. */
START_TEST(large_sizes)
{
	static const size_t sizes[] = {2000000, 4194303, 4194304, 4194305, 100000000, 1000000001};
	struct site site;

	for (size_t i = 0; i < LENGTH(sizes); i++) {
		ma_sites_set(place, 1, 1, sizes[i]);
		expect(ma_sites_get(place, (sizes[i] + 4095) / 4096 * 4096, &site) && site.size == sizes[i]);
	}
}
END_TEST

/* Time has 34 bits of milliseconds, and comes round. */
START_TEST(ages)
{
	struct site site = {.time = 640};
	uint64_t round = UINT64_C(1) << 34;

	expect(ma_sites_age(&site, 640) == 0 && ma_sites_age(&site, 1000) == 360);
	expect(ma_sites_age(&site, 600) == 0); /* younger than now: another thread's */
	expect(ma_sites_age(&site, round + 1000) == 360 && ma_sites_age(&site, 5 * round + 700) == 60);
	site.time = round - 64;
	expect(ma_sites_age(&site, round + 36) == 100);
}
END_TEST

START_TEST(any_address)
{
	struct site site;

	for (unsigned bit = 4; bit < 8 * sizeof(void *); bit++) {
		const void *p = (const void *)((uintptr_t)1 << bit);
		ma_sites_set(p, bit, bit, bit);
		expect(ma_sites_get(p, 1000, &site) == (bit < 48));
		expect(bit >= 48 || site.stack == bit);
	}
	expect(!ma_sites_get((const void *)UINTPTR_MAX, 1, &site) || sizeof(void *) == 4);
}
END_TEST

START_TEST(no_memory)
{
	struct site site;

	for (uint64_t nth = 1; nth < 3; nth++) {
		scripted_refuse(nth, UINT64_MAX);
		ma_sites_set(place, 1, 1, 1);
		expect(!ma_sites_get(place, 16, &site));
		scripted_relent();
	}
	ma_sites_set(place, 1, 1, 1);
	expect(ma_sites_get(place, 16, &site));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {nothing_known, comes_back, freed_and_used_again, large_sizes, ages,
				      any_address,   no_memory};

	return unit_run("sites", tests, LENGTH(tests));
}
