/* SPDX-License-Identifier: MIT */
/*
 * residency.c - which OS pages of the heap are backed by memory now. The system is asked: what a chunk's own bitmap
 * knows is less, as pages that the program touched by itself are not in it.
 */
#include "residency.h"

#include <unistd.h>

static long this_process(void)
{
	return getpid();
}

struct subject ma_inspect_subject = {
	.process = this_process,
	.peak_resident = ma_source_peak_resident,
	.calls = ma_source_calls,
	.resident = ma_source_resident_pages,
};

void ma_residency_read(struct residency *residency, const char *from, const char *to)
{
	size_t page = ma_source_page();

	residency->start = (const char *)ma_round_down((uintptr_t)from, page);
	residency->pages = ma_min(((size_t)(to - residency->start) + page - 1) / page,
				  sizeof(residency->resident));
	residency->told = ma_inspect_subject.resident(residency->start, residency->pages,
						      residency->resident);
}

bool ma_residency_at(const struct residency *residency, const char *at)
{
	size_t page = (size_t)(at - residency->start) / ma_source_page();

	return !residency->told || (page < residency->pages && (residency->resident[page] & 1) != 0);
}

size_t ma_residency_bytes(const struct residency *residency, const char *from, const char *to)
{
	size_t page = ma_source_page(), bytes = 0;

	while (from < to) {
		const char *next = (const char *)ma_round_down((uintptr_t)from, page) + page;
		if (next > to)
			next = to;
		if (ma_residency_at(residency, from))
			bytes += (size_t)(next - from);
		from = next;
	}
	return bytes;
}

size_t ma_residency_sum(const char *from, const char *to)
{
	struct residency residency;
	size_t bytes = 0;

	while (from < to) {
		const char *end;
		ma_residency_read(&residency, from, to);
		end = residency.start + residency.pages * ma_source_page();
		if (end > to)
			end = to;
		bytes += ma_residency_bytes(&residency, from, end);
		from = end;
	}
	return bytes;
}
