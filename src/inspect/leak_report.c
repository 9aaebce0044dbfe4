/* SPDX-License-Identifier: MIT */
/*
 * leak_report.c - sums up what the scan has found, in groups, and writes it: the largest loss first.
 *
 * The report is for people, and for the command `ma`, which adds what only debugging information tells. So its lines
 * keep their form:
 *
 *   libma: leak check of process NUMBER (PROGRAM)
 *   libma:   KIND  BYTES bytes in NUMBER allocations                                              for each kind
 *   libma:   note: TEXT
 *   libma: KIND: BYTES bytes in NUMBER allocations of up to BYTES bytes, the first at ADDRESS
 *   libma: KIND: … and with them BYTES bytes in NUMBER allocations that only they lead to
 *   libma:     ADDRESS FILE+DISTANCE (FUNCTION)          for each frame of the stack that allocated them, if it is known
 */
#include "leak.h"

#include <errno.h>
#include <unistd.h>

#include "report.h"
#include "sites.h"
#include "text.h"

static const char *const kind_name[LEAK_KINDS] = {
	[LEAK_DEFINITE] = "definitely lost",
	[LEAK_POSSIBLE] = "possibly lost",
	[LEAK_REACHABLE] = "still reachable",
	[LEAK_INDIRECT] = "indirectly lost",
};

/* --- groups --- */

/* Sizes that are grouped together: eight groups to a doubling. */
static size_t size_group(size_t size)
{
	unsigned log = 63 - (unsigned)__builtin_clzll(size | 8);

	return ma_round_up(size, (size_t)1 << (log - 3));
}

static bool is_of(const struct leak_group *group, enum leak_kind kind, uint32_t stack, size_t size)
{
	return group->kind == kind && group->stack == stack &&
	       (stack != 0 || size_group(group->most) == size_group(size));
}

/* The group, made if there is none; NULL: there is no room left. */
static struct leak_group *group_of(struct leak_scan *scan, enum leak_kind kind, uint32_t stack, size_t size)
{
	uint64_t key = (stack != 0 ? (uint64_t)stack << 32 : size_group(size)) * LEAK_KINDS + kind;
	size_t at = (size_t)(key * MA_HASH >> 40) & (scan->group_room - 1);

	while (scan->group[at].count.objects != 0) {
		if (is_of(&scan->group[at], kind, stack, size))
			return &scan->group[at];
		at = (at + 1) & (scan->group_room - 1);
	}
	if (scan->groups == scan->group_room - 1)
		return NULL;
	scan->groups++;
	scan->group[at].kind = kind;
	scan->group[at].stack = stack;
	return &scan->group[at];
}

static void add(const struct leak_object *object, void *arg)
{
	struct leak_scan *scan = arg;
	enum leak_kind kind = ma_leak_kind(object);
	size_t size = ma_leak_size(object);
	struct leak_group *group;
	struct site site = {0};

	if (ma_sites_on() && !ma_sites_get(object->start, object->size, &site))
		site.stack = 0;
	if (site.stack == 0 && object->large != NULL)
		site.stack = object->large->stack;
	group = group_of(scan, kind, site.stack, size);
	scan->total[kind].bytes += size;
	scan->total[kind].objects++;
	if (group == NULL)
		return;
	group->count.bytes += size;
	group->count.objects++;
	group->most = ma_max(group->most, size);
	if (group->first == NULL || object->start < group->first)
		group->first = object->start;
	if (kind == LEAK_DEFINITE) {
		struct leak_count behind = ma_leak_behind(scan, object);
		group->behind.bytes += behind.bytes;
		group->behind.objects += behind.objects;
	}
}

static bool comes_before(const struct leak_group *a, const struct leak_group *b)
{
	size_t left = a->count.bytes + a->behind.bytes, right = b->count.bytes + b->behind.bytes;

	if (left != right)
		return left > right;
	return a->first < b->first;
}

/* Packs the table, and sorts it by heap sort: nothing here may allocate, as qsort() may. */
static void sort_groups(struct leak_scan *scan)
{
	struct leak_group *group = scan->group;
	size_t count = 0;

	for (size_t i = 0; i < scan->group_room; i++)
		if (group[i].count.objects != 0)
			group[count++] = group[i];
	for (size_t end = count, root = count / 2; end > 1;) {
		struct leak_group moved;
		size_t at = 0, child;
		if (root > 0) {
			moved = group[--root];
			at = root;
		} else {
			moved = group[--end];
			group[end] = group[0];
		}
		while ((child = 2 * at + 1) < end) {
			if (child + 1 < end && comes_before(&group[child], &group[child + 1]))
				child++;
			if (!comes_before(&moved, &group[child]))
				break;
			group[at] = group[child];
			at = child;
		}
		group[at] = moved;
	}
}

void ma_leak_sum(struct leak_scan *scan)
{
	ma_leak_each(&scan->index, add, scan);
	sort_groups(scan);
}

/* --- text --- */

static void print_count(struct text *text, struct leak_count count)
{
	ma_text_decimal(text, count.bytes);
	ma_text_string(text, count.bytes == 1 ? " byte in " : " bytes in ");
	ma_text_decimal(text, count.objects);
	ma_text_string(text, count.objects == 1 ? " allocation" : " allocations");
}

static void print_totals(struct text *text, const struct leak_scan *scan)
{
	static const enum leak_kind order[] = {LEAK_DEFINITE, LEAK_INDIRECT, LEAK_POSSIBLE, LEAK_REACHABLE};

	ma_text_string(text, "libma: leak check of process ");
	ma_text_decimal(text, (uint64_t)(scan->other == NULL ? getpid() : scan->other->number));
	ma_text_string(text, " (");
	ma_text_visible(text, scan->other == NULL ? program_invocation_short_name : scan->other->program);
	ma_text_char(text, ')');
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		ma_text_string(text, "\nlibma:   ");
		ma_text_string(text, kind_name[order[i]]);
		ma_text_string(text, "  ");
		print_count(text, scan->total[order[i]]);
	}
	ma_text_char(text, '\n');
}

static void print_notes(struct text *text, const struct leak_scan *scan)
{
	if (scan->threads_missed != 0) {
		ma_text_string(text, "libma:   note: ");
		ma_text_decimal(text, scan->threads_missed);
		ma_text_string(text, scan->threads_missed == 1 ? " thread" : " threads");
		ma_text_string(text,
			       " could not be stopped; what only their registers point to counts as lost\n");
	}
	if (scan->index.torn)
		ma_text_string(text,
			       "libma:   note: a part of the heap was being changed, and is left out\n");
}

static void print_group(struct text *text, const struct leak_group *group)
{
	ma_text_string(text, "libma: ");
	ma_text_string(text, kind_name[group->kind]);
	ma_text_string(text, ": ");
	print_count(text, group->count);
	ma_text_string(text, " of up to ");
	ma_text_decimal(text, group->most);
	ma_text_string(text, " bytes, the first at ");
	ma_text_address(text, group->first);
	if (group->behind.objects != 0) {
		ma_text_string(text, ", and with them ");
		print_count(text, group->behind);
		ma_text_string(text, " that only they lead to");
	}
	ma_text_char(text, '\n');
	if (group->stack != 0)
		ma_report_stack(text, group->stack);
}

int ma_leak_print(const struct leak_scan *scan, int fd)
{
	static const enum leak_kind shown[] = {LEAK_DEFINITE, LEAK_POSSIBLE};
	struct text text;

	ma_text_begin(&text, fd);
	print_totals(&text, scan);
	print_notes(&text, scan);
	for (size_t kind = 0; kind < sizeof(shown) / sizeof(shown[0]); kind++)
		for (size_t i = 0; i < scan->groups; i++)
			if (scan->group[i].kind == shown[kind])
				print_group(&text, &scan->group[i]);
	ma_text_flush(&text);
	return text.error;
}
