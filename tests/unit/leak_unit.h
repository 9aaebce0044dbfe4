/* SPDX-License-Identifier: MIT */
/* leak_unit.h - a leak scan in parts, for the unit tests of its files. */
#ifndef LEAK_UNIT_H
#define LEAK_UNIT_H

#include "inspect/leak.h"
#include "ma.h"
#include "source.h"
#include "unit.h"

/* Where a test keeps addresses that a scan must not see: turned over, and only on the stack while it needs them. */
static inline uintptr_t turned(const void *p)
{
	return ~(uintptr_t)p;
}

/* A scan with an index of the heap as it is, and room for `depth` objects that wait. */
static inline void leak_unit_begin(struct leak_scan *scan, size_t depth)
{
	memset(scan, 0, sizeof(*scan));
	scan->memory.size = ma_round_up(ma_leak_index_bytes() + (4 << 20), ma_source_page());
	scan->memory.start = ma_source_map(scan->memory.size, MA_UNIT);
	expect(scan->memory.start != NULL);
	scan->pagemap = -1;
	scan->most_depth = depth;
	scan->stack = ma_leak_take(&scan->memory, depth * sizeof(*scan->stack));
	scan->group_room = 1024;
	scan->group = ma_leak_take(&scan->memory, scan->group_room * sizeof(*scan->group));
	scan->buffer = ma_leak_take(&scan->memory, LEAK_BUFFER);
	scan->copy = ma_leak_take(&scan->memory, LEAK_BUFFER);
	scan->pages = ma_leak_take(&scan->memory, LEAK_PAGES * sizeof(*scan->pages));
	scan->holes.room = 1024;
	scan->holes.hole = ma_leak_take(&scan->memory, scan->holes.room * sizeof(*scan->holes.hole));
	expect(scan->holes.hole != NULL);
	expect(ma_leak_index_make(&scan->index, &scan->memory));
}

static inline void leak_unit_end(struct leak_scan *scan)
{
	ma_source_unmap(scan->memory.start, scan->memory.size);
}

static inline enum leak_kind leak_unit_kind(const struct leak_scan *scan, const void *p)
{
	struct leak_object object = ma_leak_find(&scan->index, (uintptr_t)p);

	expect(object.start == p);
	return ma_leak_kind(&object);
}

#endif /* LEAK_UNIT_H */
