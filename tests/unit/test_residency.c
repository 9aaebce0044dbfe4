/* SPDX-License-Identifier: MIT */
/* Resident bytes are those of the pages that the system says are; without its word all are. */
#include "unit.h"

#include "inspect/residency.h"

static char *base;
static unsigned asked;

/* Every third page is resident. */
static bool thirds(const char *start, size_t pages, unsigned char *resident)
{
	asked++;
	for (size_t i = 0; i < pages; i++)
		resident[i] = (size_t)(start + i * ma_source_page() - base) / ma_source_page() % 3 == 0;
	return true;
}

static bool nothing(const char *start, size_t pages, unsigned char *resident)
{
	(void)start;
	memset(resident, 0, pages);
	return false;
}

static size_t slowly(const char *from, const char *to)
{
	size_t bytes = 0;

	for (; from < to; from++)
		bytes += (size_t)(from - base) / ma_source_page() % 3 == 0;
	return bytes;
}

START_TEST(any_range)
{
	struct random random = {1};
	struct residency residency;
	size_t page = ma_source_page();

	base = (char *)(page * 1000);
	ma_inspect_subject.resident = thirds;
	ma_residency_read(&residency, base, base + 100 * page);
	expect(residency.told && residency.pages == 100 && residency.start == base);
	for (int i = 0; i < 300; i++) {
		char *from = base + random_below(&random, 50 * page),
		     *to = from + random_below(&random, 50 * page);
		expect(ma_residency_bytes(&residency, from, to) == slowly(from, to));
		expect(ma_residency_sum(from, to) == slowly(from, to));
		expect(ma_residency_at(&residency, from) == (slowly(from, from + 1) == 1));
	}
}
END_TEST

/* More than there is room for is read piece by piece. */
START_TEST(long_ranges)
{
	size_t page = ma_source_page(), pages = MA_WINDOW / 4096;

	base = (char *)(page * 999);
	ma_inspect_subject.resident = thirds;
	expect(ma_residency_sum(base + 7, base + 3 * pages * page) == pages * page - 7);
	expect(asked == 3);
}
END_TEST

START_TEST(not_told)
{
	size_t page = ma_source_page();

	base = (char *)(page * 1000);
	ma_inspect_subject.resident = nothing;
	expect(ma_residency_sum(base + 5, base + 10 * page) == 10 * page - 5);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {any_range, long_ranges, not_told};

	return unit_run("residency", tests, LENGTH(tests));
}
