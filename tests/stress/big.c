/* SPDX-License-Identifier: MIT */
/*
 * big.c - heaps that are larger than most: much address space, huge objects, a hundred million small ones.
 *
 * usage: big space BYTES      blocks of 1 to 2 MiB, BYTES in all; of each, two pages are kept
 *        big single BYTES     one object of BYTES at a time, of which few places are touched
 *        big many COUNT       COUNT objects of 8 to 16 bytes, freed in random order
 *        big forgetful COUNT  the same, but one is not freed, which it must notice
 *
 * Says what it took, and aborts at the first thing that is not as it should be. tests/stress/big.sh runs it.
 */
#include "../expect.h"
#include "../random.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "ma.h"

#define PAGE ((size_t)4096)
#define MIB ((size_t)1 << 20)
#define SAMPLES 200 /* of a huge object; each may make a huge page resident */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Resident bytes of the process. */
static size_t resident(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[200];
	size_t kib = 0;

	expect(file != NULL);
	while (kib == 0 && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Rss: %zu kB", &kib);
	fclose(file);
	expect(kib > 0);
	return kib * 1024;
}

static double in_mib(size_t bytes)
{
	return (double)bytes / (double)MIB;
}

static struct ma_stats stats(void)
{
	struct ma_stats stats = {.struct_size = sizeof(stats)};

	expect(ma_stats(&stats) == 0);
	return stats;
}

/* Memory of the test itself, which libma does not see. */
static void *map(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			0);

	expect(at != MAP_FAILED);
	return at;
}

static void shuffle(void **object, size_t count)
{
	struct random random = {count};

	for (size_t i = count; i > 1; i--) {
		size_t other = random_below(&random, i);
		void *kept = object[i - 1];
		object[i - 1] = object[other];
		object[other] = kept;
	}
}

/* All is freed: the heap is sound, nothing is in use, and what the process has resident is what it was. */
static void expect_empty(size_t resident_before)
{
	struct ma_stats after;

	ma_trim(0);
	after = stats();
	expect(after.used_bytes == 0 && after.used_blocks == 0 && after.used_slots == 0 &&
	       after.large_objects == 0);
	expect(after.break_bytes + after.mapped_bytes <= 16 * MIB);
	expect(resident() <= resident_before + 16 * MIB);
	expect(ma_check() == 0);
}

/* Gives back the pages of an object but the first and the last, as a program may that uses none of it. */
static void empty(char *object, size_t size)
{
	uintptr_t first = ((uintptr_t)object + 2 * PAGE) & -PAGE,
		  last = ((uintptr_t)object + size - PAGE) & -PAGE;

	expect(madvise((void *)first, last - first, MADV_DONTNEED) == 0);
}

static void space(size_t bytes)
{
	size_t count = 0, room = bytes / MIB + 1, sum = 0, before = resident();
	void **object = map(room * sizeof(*object));
	struct random random = {1};
	struct ma_stats full;
	double start = now(), filled;

	for (; sum < bytes; count++) {
		size_t size = MIB + random_below(&random, MIB - PAGE);
		char *at = object[count] = ma_malloc(size);
		expect(at != NULL && count < room);
		empty(at, size);
		memcpy(at, &size, sizeof(size));
		memcpy(at + size - sizeof(size), &size, sizeof(size));
		sum += size;
	}
	filled = now();
	full = stats();
	expect(full.used_blocks == count && full.used_block_bytes >= bytes && full.large_objects == 0);
	expect(full.break_bytes + full.mapped_bytes >= bytes && ma_check() == 0);
	printf("space: %zu blocks of %.0f MiB in %zu chunks of %.0f MiB; %.0f MiB resident; %.1f s\n", count,
	       in_mib(sum), full.chunks, in_mib(full.break_bytes + full.mapped_bytes), in_mib(resident()),
	       filled - start);
	shuffle(object, count);
	for (size_t i = 0; i < count; i++) {
		size_t first, last;
		memcpy(&first, object[i], sizeof(first));
		expect(first <= ma_usable_size(object[i]));
		memcpy(&last, (char *)object[i] + first - sizeof(last), sizeof(last));
		expect(first == last);
		ma_free(object[i]);
	}
	munmap(object, room * sizeof(*object));
	printf("space: freed in random order in %.1f s\n", now() - filled);
	expect_empty(before);
}

/* A place of an object, the n-th that is sampled: both ends are. */
static size_t *sample(char *object, size_t size, size_t n)
{
	size_t at = n == SAMPLES - 1 ? size - sizeof(size_t) : size / (SAMPLES - 1) * n;

	return (size_t *)(object + (at & ~(sizeof(size_t) - 1)));
}

static void mark(char *object, size_t size)
{
	for (size_t n = 0; n < SAMPLES; n++)
		*sample(object, size, n) = n * 77 + 1;
}

static void expect_marked(char *object, size_t size)
{
	for (size_t n = 0; n < SAMPLES; n++)
		expect(*sample(object, size, n) == n * 77 + 1);
}

static void expect_zero(char *object, size_t size)
{
	for (size_t n = 0; n < SAMPLES; n++)
		expect(*sample(object, size, n) == 0);
}

static void single(size_t bytes)
{
	size_t before = resident(), most = before, more = bytes + bytes / 8;
	unsigned long long remaps;
	double start = now();
	char *object = ma_malloc(bytes);

	expect(object != NULL && ma_usable_size(object) >= bytes && ma_good_size(bytes) >= bytes);
	mark(object, bytes);
	expect_marked(object, bytes);
	expect(stats().large_objects == 1 && stats().large_bytes >= bytes);
	/* Its pages move, if it moves, and are not copied. */
	remaps = stats().mremap_calls;
	object = ma_realloc(object, more);
	expect(object != NULL && ma_usable_size(object) >= more && stats().mremap_calls > remaps);
	expect_marked(object, bytes);
	most = resident();
	expect(most <= before + SAMPLES * 4 * MIB);
	object = ma_realloc(object, bytes / 2);
	expect(object != NULL && ma_usable_size(object) < bytes);
	for (size_t n = 0; n < SAMPLES / 2; n++)
		expect(*sample(object, bytes, n) == n * 77 + 1);
	ma_free(object);
	expect_empty(before);

	object = ma_calloc(bytes / 64, 64);
	expect(object != NULL);
	expect_zero(object, bytes);
	mark(object, bytes);
	ma_free(object);
	/* What it takes again was written to. */
	object = ma_calloc(1, bytes);
	expect(object != NULL);
	expect_zero(object, bytes);
	ma_free(object);

	object = ma_aligned_alloc((size_t)1 << 30, bytes);
	expect(object != NULL && (uintptr_t)object % ((size_t)1 << 30) == 0);
	mark(object, bytes);
	expect_marked(object, bytes);
	ma_free(object);
	printf("single: malloc, realloc, calloc, aligned_alloc of %.0f MiB; %.0f MiB resident; %.1f s\n",
	       in_mib(bytes), in_mib(most), now() - start);
	expect_empty(before);
}

static void many(size_t count, size_t forgotten)
{
	size_t before, room = count * sizeof(void *), asked = 0, held;
	void **object = map(room);
	struct random random = {2};
	double start, filled, checked, shuffled;

	memset(object, 1, room);
	before = resident();
	start = now();
	for (size_t i = 0; i < count; i++) {
		size_t size = 8 + random_below(&random, 9);
		object[i] = ma_malloc(size);
		expect(object[i] != NULL);
		*(size_t *)object[i] = (uintptr_t)object[i] ^ size;
		asked += size;
	}
	filled = now();
	held = resident() - before;
	printf("many: %zu objects of 8 to 16 bytes, %.1f on average: %.1f s, %.1f ns each; %.2f bytes resident each\n",
	       count, (double)asked / (double)count, filled - start, (filled - start) * 1e9 / (double)count,
	       (double)held / (double)count);
	expect(held <= 17 * count + 16 * MIB);
	expect(stats().used_bytes >= 16 * count && ma_check() == 0);
	checked = now();
	shuffle(object, count);
	shuffled = now();
	for (size_t i = 0; i < count - forgotten; i++) {
		size_t size = *(size_t *)object[i] ^ (uintptr_t)object[i];
		expect(size >= 8 && size <= 16);
		ma_free(object[i]);
	}
	printf("many: ma_check() took %.1f s; freed in random order in %.1f s, %.1f ns each\n",
	       checked - filled, now() - shuffled, (now() - shuffled) * 1e9 / (double)count);
	expect_empty(before);
	munmap(object, room);
}

int main(int argc, char **argv)
{
	size_t amount = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (amount > 0 && strcmp(argv[1], "space") == 0)
		space(amount);
	else if (amount > 0 && strcmp(argv[1], "single") == 0)
		single(amount);
	else if (amount > 0 && strcmp(argv[1], "many") == 0)
		many(amount, 0);
	else if (amount > 0 && strcmp(argv[1], "forgetful") == 0)
		many(amount, 1);
	else {
		fprintf(stderr, "usage: big space BYTES | single BYTES | many COUNT | forgetful COUNT\n");
		return 2;
	}
	return 0;
}
