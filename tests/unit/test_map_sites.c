/* SPDX-License-Identifier: MIT */
/* The tables of a map's sites: each is in them once, with the sum of its objects, and they grow as far as they may. */
#include "unit.h"

#include <string.h>

#include "clock.h"
#include "guard.h"
#include "inspect/map_sites.h"
#include "scripted_source.h"
#include "sites.h"
#include "stacks.h"

static char place[4096] __attribute__((aligned(16)));
static char text[1 << 16];

static uint32_t stack_of(uintptr_t first, uintptr_t second)
{
	const uintptr_t frames[] = {first, second};

	return ma_stacks_number(frames, 2);
}

static int take(void *arg, const char *bytes, size_t size)
{
	size_t *used = arg;

	expect(*used + size < sizeof(text));
	memcpy(text + *used, bytes, size);
	text[ *used += size] = '\0';
	return 0;
}

static void write_json(struct map_sites *sites)
{
	size_t used = 0;
	struct text to;

	ma_text_begin_sink(&to, take, &used);
	ma_map_sites_json(sites, &to);
	expect(ma_text_flush(&to));
}

static void write_text(struct map_sites *sites)
{
	size_t used = 0;
	struct text to;

	text[0] = '\0';
	ma_text_begin_sink(&to, take, &used);
	ma_map_sites_text(sites, &to);
	expect(ma_text_flush(&to));
}

START_TEST(each_once)
{
	uint32_t a = stack_of(0x1111, 0x3333), b = stack_of(0x2222, 0x3333);
	struct map_sites sites;
	struct map_site first;

	ma_sites_start();
	ma_map_sites_begin(&sites);
	expect(ma_map_sites_of(&sites, place, 16, true).site == MAP_NO_SITE);
	ma_sites_set(place, a, 7, 10);
	ma_sites_set(place + 16, a, 7, 10);
	ma_sites_set(place + 32, a, 7, 11);
	ma_sites_set(place + 48, b, 8, 10);
	ma_sites_set(place + 64, 0, 8, 5);
	first = ma_map_sites_of(&sites, place, 16, true);
	expect(first.site == 0 && first.age < 1000);
	expect(ma_map_sites_of(&sites, place + 16, 16, true).site == 0);
	expect(ma_map_sites_of(&sites, place + 32, 16, true).site == 1);
	expect(ma_map_sites_of(&sites, place + 48, 16, true).site == 2);
	expect(ma_map_sites_of(&sites, place + 64, 16, true).site == 3);
	expect(ma_map_sites_of(&sites, place, 16, false).site == 0); /* not summed up again */
	ma_sites_set_freed(place + 16, 0);
	expect(ma_map_sites_of(&sites, place + 16, 16, true).site == MAP_NO_SITE);
	expect(sites.stacks.count == 2 && sites.stacks.entry[0].sum.objects == 3 &&
	       sites.stacks.entry[0].sum.bytes == 31 && sites.stacks.entry[1].sum.bytes == 10);
	write_json(&sites);
	expect(strncmp(text, "{\"list\":[[0,7,10,2,20,", 22) == 0);
	expect(strstr(text, ",[0,7,11,1,11,") != NULL && strstr(text, ",[1,8,10,1,10,") != NULL);
	expect(strstr(text, ",[-1,8,5,1,5,") != NULL); /* of no stack */
	expect(strstr(text, "],\n\"stacks\":[[0,1],[2,1]],\n\"frames\":[\n{\"address\":\"0x1111\"},\n"
			    "{\"address\":\"0x3333\"},\n{\"address\":\"0x2222\"}]}") != NULL);
	ma_map_sites_end(&sites);
	expect(sites.sites.count == 0 && sites.sites.entry == NULL);
}
END_TEST

START_TEST(guarded_ones)
{
	struct map_sites sites;
	struct guarded guarded = {place, 100, 4096, stack_of(0x1111, 0x2222), 9, 0};

	ma_map_sites_begin(&sites);
	guarded.time = sites.now - 5000;
	expect(ma_map_sites_of_guarded(&sites, &guarded, true).age == 5000);
	guarded.time = sites.now - 9000;
	expect(ma_map_sites_of_guarded(&sites, &guarded, true).site == 0);
	write_json(&sites);
	expect(strncmp(text, "{\"list\":[[0,9,100,2,200,5000,9000]]", 35) == 0);
	ma_map_sites_end(&sites);
}
END_TEST

/* With more sites than are told apart by size, the rest of a stack is one. */
START_TEST(very_many)
{
	enum { MOST = 1 << 16 };
	uint32_t a = stack_of(1, 2), b = stack_of(3, 4);
	struct map_sites sites;

	ma_sites_start();
	ma_map_sites_begin(&sites);
	for (size_t i = 0; i < MOST; i++) {
		ma_sites_set(place, a, 1, i + 1);
		expect(ma_map_sites_of(&sites, place, MOST * 2, true).site == i);
	}
	ma_sites_set(place, a, 1, 17);
	expect(ma_map_sites_of(&sites, place, MOST * 2, true).site == 16);
	for (size_t i = 0; i < 10; i++) {
		ma_sites_set(place, a, 1, MOST + 1 + i);
		expect(ma_map_sites_of(&sites, place, MOST * 2, true).site == MOST);
		ma_sites_set(place, b, 1, i);
		expect(ma_map_sites_of(&sites, place, MOST * 2, true).site == MOST + 1);
	}
	expect(sites.stacks.entry[0].sum.objects == MOST + 11 && sites.stacks.entry[1].sum.objects == 10);
	ma_map_sites_end(&sites);
}
END_TEST

START_TEST(largest_first)
{
	struct map_sites sites;

	ma_sites_start();
	ma_map_sites_begin(&sites);
	write_text(&sites);
	expect(text[0] == '\0');
	for (uintptr_t i = 0; i < 10; i++) {
		ma_sites_set(place + i * 16, stack_of(0x1000 + i, 0x5000), 1, 1000 * ((i * 7) % 10) + 5);
		ma_map_sites_of(&sites, place + i * 16, 100000, true);
	}
	write_text(&sites);
	expect(strncmp(text, "who holds memory:\n  8.7 KiB in 1 object, 0.", 43) == 0);
	/* i * 7 % 10 is 9, 8, 7, … for i = 7, 4, 1, … */
	expect(strstr(text,
		      " s old, allocated in\nlibma:     0x1007\nlibma:     0x5000\n  7.8 KiB in 1 object, ") !=
	       NULL);
	expect(strstr(text, "0x1004\n") < strstr(text, "0x1001\n") &&
	       strstr(text, "0x1001\n") < strstr(text, "0x1008\n"));
	expect(strstr(text, "0x1000\n") == NULL && strstr(text, "  and 2 more\n") != NULL);
	ma_map_sites_end(&sites);
}
END_TEST

START_TEST(no_memory)
{
	struct map_sites sites;

	ma_sites_start();
	ma_sites_set(place, stack_of(1, 2), 1, 1);
	ma_map_sites_begin(&sites);
	scripted_refuse_map(true);
	expect(ma_map_sites_of(&sites, place, 16, true).site == MAP_NO_SITE);
	write_json(&sites);
	expect(strcmp(text, "{\"list\":[],\n\"stacks\":[],\n\"frames\":[]}") == 0);
	scripted_refuse_map(false);
	expect(ma_map_sites_of(&sites, place, 16, true).site == 0);
	ma_map_sites_end(&sites);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {each_once, guarded_ones, very_many, largest_first, no_memory};

	return unit_run("map_sites", tests, LENGTH(tests));
}
