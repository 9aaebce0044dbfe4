/* SPDX-License-Identifier: MIT */
/* The heap map as JSON says what the heap is. A parser that is not ours reads it in tests/tools/draw.sh. */
#include "unit.h"

#include <gnu/libc-version.h>

#include "guard.h"
#include "heap.h"
#include "ma.h"
#include "sites.h"
#include "stacks.h"

static char text[1 << 20];

static void map(void)
{
	FILE *file = tmpfile();
	ssize_t length;

	expect(file != NULL && ma_heap_map(fileno(file), MA_JSON) == 0);
	length = pread(fileno(file), text, sizeof(text) - 1, 0);
	expect(length > 0 && (size_t)length < sizeof(text) - 1);
	text[length] = '\0';
	fclose(file);
}

/* The blocks of a chunk tile it: their bytes add up to its end. */
static void tiles(const struct chunk *chunk)
{
	char head[100];
	const char *at;
	size_t size, header, bytes = 0;

	snprintf(head, sizeof(head), "{\"address\":\"%p\",\"size\":", (const void *)chunk);
	expect((at = strstr(text, head)) != NULL);
	expect(sscanf(at + strlen(head), "%zu,\"header\":%zu,", &size, &header) == 2);
	expect((at = strstr(at, "\"blocks\":[")) != NULL);
	for (at += strlen("\"blocks\":"); *at != ']' || at[1] == ','; at++) {
		size_t block;
		if (at[0] == '[' && at[1] == '"') {
			expect(sscanf(strchr(at, ','), ",%zu", &block) == 1);
			bytes += block;
		}
	}
	expect(size == (size_t)(ma_chunk_end(chunk) - (const char *)chunk) && header + bytes == size);
}

START_TEST(any_heap)
{
	struct random random = {1};
	struct objects objects;

	objects_begin(&objects, 1000);
	for (size_t step = 0; step < test_rounds(2000); step++) {
		if (objects.count < objects.room && random_below(&random, 10) < 6) {
			size_t size = random_size(&random, 50000);
			objects_add(&objects, ma_malloc(size), size);
		} else if (objects.count > 0) {
			ma_free(objects_take(&objects, random_below(&random, objects.count)).at);
		}
		if (step % 100 != 0)
			continue;
		map();
		expect(strncmp(text, "{\"libma_map\":1,", 15) == 0 &&
		       strcmp(text + strlen(text) - 2, "}\n") == 0);
		for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk))
			tiles(chunk);
	}
	objects_end(&objects);
}
END_TEST

/* Of 100 slots the even ones are in use: the bits, lowest first, are 0x55…, in base64 VVVV…. */
START_TEST(slots)
{
	static void *p[1000];

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(64);
	map();
	expect(strstr(text, ",64,255,255,255,64]") != NULL); /* a full slab has no bits */
	for (size_t i = 0; i < LENGTH(p); i++) {
		struct slab *slab = ma_slab_in_chunk(ma_chunk_of(p[i]), p[i]);
		if (slab != NULL && ((size_t)((char *)p[i] - slab->start) / 64) % 2 == 1)
			ma_free(p[i]);
	}
	map();
	expect(strstr(text, ",64,255,255,128,64,\"VVVVVVVV") != NULL);
}
END_TEST

START_TEST(large_ones)
{
	char *p = ma_malloc(3 << 20), *q = ma_malloc(5 << 20), expected[200];

	ma_free(hide(q));
	map();
	snprintf(expected, sizeof(expected),
		 "{\"address\":\"%p\",\"size\":3145728,\"resident\":3145728,\"free\":false}", (void *)p);
	expect(strstr(text, expected) != NULL);
	snprintf(expected, sizeof(expected), "{\"address\":\"%p\",\"size\":5242880,", (void *)q);
	expect(strstr(text, expected) != NULL);
}
END_TEST

/* Objects side by side that have one site and one age are one run; those of which nothing is known are one, too. */
START_TEST(runs)
{
	char *p[6], expected[64];

	ma_sites_start();
	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(100000);
	for (size_t i = 0; i < LENGTH(p); i++)
		if (i >= 1 && i <= 4) {
			ma_sites_set(p[i], 0, i == 4 ? 6 : 5, 100000);
			expect(ma_sites_get(p[i], 100000, &(struct site){0}));
		}
	map();
	expect(strstr(text, ",\"sites\":\"-;0*3") != NULL && strstr(text, ";1;\"}]") != NULL);
	expect(strstr(text, ",\n\"sites\":{\"list\":[[-1,5,100000,3,300000,") != NULL);
	snprintf(expected, sizeof(expected), "{\"block\":\"%p\",\"size\":100000}", (void *)p[5]);
	expect(strstr(text, expected) != NULL); /* pins the break, and nothing is known of it */
	ma_free(p[5]);
	map();
	snprintf(expected, sizeof(expected),
		 "{\"block\":\"%p\",\"size\":100000,\"site\":1,\"age_ms\":", (void *)p[4]);
	expect(strstr(text, expected) != NULL);
}
END_TEST

START_TEST(site_of_a_large_one)
{
	char *p = ma_malloc(3 << 20);

	map();
	expect(strstr(text, "\"free\":false}") != NULL && strstr(text, "\"sites\"") == NULL);
	ma_sites_start();
	ma_sites_set(p, 0, 5, 3000000);
	map();
	expect(strstr(text, "\"free\":false,\"site\":0,\"age_ms\":") != NULL);
	expect(strstr(text, "\"sites\":{\"list\":[[-1,5,3000000,1,3000000,") != NULL);
}
END_TEST

START_TEST(guarded_ones)
{
	const struct guard_caller by = {0, 77};
	char expected[200], *p, *q;

	map();
	expect(strstr(text, ",\n\"guarded\":[]") != NULL);
	expect(ma_guard_start(true, false));
	p = ma_guard_alloc(100, 16, by);
	q = ma_guard_alloc(5000, 16, by);
	ma_guard_free(ma_guard_alloc(100, 16, by), by);
	map();
	snprintf(expected, sizeof(expected),
		 "\"guarded\":[\n{\"address\":\"%p\",\"size\":100,\"held\":4096,\"resident\":", (void *)p);
	expect(strstr(text, expected) != NULL);
	snprintf(expected, sizeof(expected),
		 "},\n{\"address\":\"%p\",\"size\":5000,\"held\":8192,\"resident\":", (void *)q);
	expect(strstr(text, expected) != NULL);
	expect(strstr(text, "\"sites\":{\"list\":[[-1,77,100,1,100,") != NULL);
}
END_TEST

START_TEST(damage)
{
	char expected[64], *p = ma_malloc(100000), *q = ma_malloc(100000);

	memset((char *)hide(p) + 100000, 0x33, 8);
	map();
	snprintf(expected, sizeof(expected), "],\"damaged\":\"%p\"}", (void *)ma_block_of(q));
	expect(strstr(text, expected) != NULL);
}
END_TEST

/* A chunk that was full is kept by one block, or by slots of one slab. Where it was allocated stands with it. */
static void pin_and_map(char **p, size_t count, size_t each, size_t kept, uint32_t stack)
{
	for (size_t i = 0; i < count; i++)
		p[i] = ma_malloc(each);
	ma_sites_set(p[kept], stack, 77, each - 1);
	for (size_t i = 0; i < count; i++)
		if (i != kept)
			ma_free(p[i]);
	map();
}

START_TEST(what_pins)
{
	uintptr_t frames[] = {(uintptr_t)&gnu_get_libc_version + 1, (uintptr_t)&pin_and_map + 1, 0x10};
	static char *p[60], *q[100000];
	char expected[200];

	ma_sites_start();
	pin_and_map(p, LENGTH(p), 100000, 20, ma_stacks_number(frames, 3));
	snprintf(expected, sizeof(expected), "{\"block\":\"%p\",\"size\":100000,\"site\":", (void *)p[20]);
	expect(strstr(text, expected) != NULL);
	/* Exported by its file; not exported; in no file. */
	expect(strstr(text, "\"function\":\"gnu_get_libc_version\"") != NULL);
	expect(strstr(text, "test_map_json\",\"offset\":") != NULL &&
	       strstr(text, "{\"address\":\"0x10\"}") != NULL);
	pin_and_map(q, LENGTH(q), 64, 50000, 0);
	snprintf(expected, sizeof(expected),
		 ",\"slot_size\":64,\"slots\":[\"%p\"],\"site\":", (void *)q[50000]);
	expect(strstr(text, expected) != NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {any_heap,	    slots,  large_ones, runs, site_of_a_large_one,
				      guarded_ones, damage, what_pins};

	return unit_run("map_json", tests, LENGTH(tests));
}
