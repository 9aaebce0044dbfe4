/* SPDX-License-Identifier: MIT */
/*
 * After a burst the memory stays given back: no huge page is asked for of which a part has gone. Else the kernel would fill it
 * up again, some every few seconds, and an idle process would grow to what it was at its peak.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "../emulated.h"
#include "stress.h"

#define BYTES ((size_t)96 * 1024 * 1024)
#define MOST (BYTES / 256)
#define HUGE ((uintptr_t)2 * 1024 * 1024)

static void *object[MOST];

/* Takes objects of up to 2 KiB, and here and there one of 256; returns how many. */
static size_t take(struct random *random)
{
	size_t bytes = 0, count = 0;

	while (bytes < BYTES && count < MOST) {
		size_t size = random_once_in(random, 64) ? 1 + random_below(random, 256 * 1024)
							 : 1 + random_below(random, 2048);
		object[count] = ma_malloc(size);
		expect(object[count] != NULL);
		memset(object[count++], 1, size);
		bytes += size;
	}
	return count;
}

static void give(struct random *random, size_t count)
{
	for (; count > 0; count--) {
		size_t at = random_below(random, count);
		ma_free(object[at]);
		object[at] = object[count - 1];
	}
}

/* Bytes of [start, end) that are missing in huge pages that are there in part. */
static size_t missing(uintptr_t start, uintptr_t end)
{
	static unsigned char in_memory[HUGE / 4096];
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = HUGE / page, sum = 0;

	for (start = (start + HUGE - 1) / HUGE * HUGE; start + HUGE <= end; start += HUGE) {
		size_t there = 0;
		expect(mincore((void *)start, HUGE, in_memory) == 0);
		for (size_t i = 0; i < count; i++)
			there += in_memory[i] & 1;
		sum += there == 0 ? 0 : (count - there) * page;
	}
	return sum;
}

/* The same of all mappings for which huge pages are asked; their own bytes are added to `*asked`. */
static size_t missing_of_all(size_t *asked)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	uintptr_t start = 0, end = 0, low, high;
	size_t sum = 0;
	char line[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &low, &high) == 2) {
			start = low;
			end = high;
		} else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " hg") != NULL) {
			*asked += end - start;
			sum += missing(start, end);
		}
	}
	if (file != NULL)
		fclose(file);
	return sum;
}

int main(void)
{
	struct random random = {7};
	size_t asked = 0, before = 0, after, count = take(&random);

	if (is_emulated()) {
		fputs("skipped: an emulator does not say what is in memory\n", stderr);
		return 77;
	}
	/* They may be dear at a time; see ma_source_take_huge(). */
	for (int attempt = 0; attempt < 3 && (before = missing_of_all(&asked), asked < BYTES / 4);
	     attempt++) {
		give(&random, count);
		usleep(1200 * 1000);
		asked = 0;
		count = take(&random);
	}
	if (asked < BYTES / 4 || before > BYTES / 16) {
		fprintf(stderr, "no huge pages here: %zu bytes asked for, %zu missing\n", asked, before);
		return 77;
	}
	give(&random, count);
	asked = 0;
	after = missing_of_all(&asked);
	if (after > before + HUGE)
		fprintf(stderr, "%zu bytes would come back, %zu before\n", after, before);
	expect(after <= before + HUGE);
	return 0;
}
