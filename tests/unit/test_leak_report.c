/* SPDX-License-Identifier: MIT */
/* The sums, the groups and their order, and the report's lines. */
#include "leak_unit.h"

static struct leak_scan scan;

static void print(void *arg)
{
	(void)arg;
	ma_leak_print(&scan, STDERR_FILENO);
}

static void set_kind(const void *p, enum leak_kind kind)
{
	struct leak_object object = ma_leak_find(&scan.index, (uintptr_t)p);

	ma_leak_set_kind(&object, kind);
}

/* The report without its first line, which has the process's number. */
static const char *report(char *text, size_t room)
{
	unsigned pid;

	expect(unit_child(print, NULL, text, room) == 0);
	expect(sscanf(text, "libma: leak check of process %u\n", &pid) == 1 && pid != 0);
	return strchr(text, '\n') + 1;
}

static bool has(const char *text, const char *line, const void *at)
{
	char expected[400];

	snprintf(expected, sizeof(expected), "%s%p", line, at);
	return strstr(text, expected) != NULL;
}

START_TEST(no_leaks)
{
	char text[4096];

	leak_unit_begin(&scan, 10);
	ma_leak_sum(&scan);
	expect(strcmp(report(text, sizeof(text)),
		      "libma:   definitely lost  0 bytes in 0 allocations\n"
		      "libma:   indirectly lost  0 bytes in 0 allocations\n"
		      "libma:   possibly lost  0 bytes in 0 allocations\n"
		      "libma:   still reachable  0 bytes in 0 allocations\n") == 0);
	leak_unit_end(&scan);
}
END_TEST

START_TEST(groups)
{
	void **small[3], *large = ma_calloc(1, 100000), *possible = ma_calloc(1, 500), *kept = ma_malloc(64);
	void **parent = ma_calloc(1, 1000), *child = ma_calloc(1, 2000);
	char text[4096];
	const char *at;

	for (size_t i = 0; i < 3; i++)
		small[i] = ma_calloc(1, 32);
	parent[3] = child;
	leak_unit_begin(&scan, 10);
	set_kind(possible, LEAK_POSSIBLE);
	set_kind(kept, LEAK_REACHABLE);
	set_kind(child, LEAK_INDIRECT);
	ma_leak_sum(&scan);
	expect(scan.groups == 6);
	expect(scan.total[LEAK_DEFINITE].objects == 5);
	expect(scan.total[LEAK_DEFINITE].bytes == 3 * 32 + ma_usable_size(large) + ma_usable_size(parent));
	expect(scan.total[LEAK_INDIRECT].objects == 1 && scan.total[LEAK_POSSIBLE].objects == 1);
	expect(scan.total[LEAK_REACHABLE].objects == 1 && scan.total[LEAK_REACHABLE].bytes == 64);
	at = report(text, sizeof(text));
	expect(strstr(at, "libma:   still reachable  64 bytes in 1 allocation\n") != NULL);
	/* The largest first, what is behind them included; those of one size together. */
	at = strstr(at, "libma: definitely lost: ");
	expect(has(
		at,
		"libma: definitely lost: 100000 bytes in 1 allocation of up to 100000 bytes, the first at ",
		large));
	at = strchr(at, '\n') + 1;
	expect(has(at,
		   "libma: definitely lost: 1008 bytes in 1 allocation of up to 1008 bytes, the first at ",
		   parent));
	expect(strstr(at, ", and with them 2000 bytes in 1 allocation that only they lead to\n") != NULL);
	at = strchr(at, '\n') + 1;
	expect(has(at, "libma: definitely lost: 96 bytes in 3 allocations of up to 32 bytes, the first at ",
		   small[0]));
	at = strchr(at, '\n') + 1;
	expect(has(at, "libma: possibly lost: 512 bytes in 1 allocation of up to 512 bytes, the first at ",
		   possible));
	expect(strchr(at, '\n')[1] == '\0');
	leak_unit_end(&scan);
}
END_TEST

START_TEST(notes)
{
	char text[4096];

	leak_unit_begin(&scan, 10);
	scan.threads_missed = 1;
	expect(strstr(report(text, sizeof(text)), "libma:   note: 1 thread could not be stopped; ") != NULL);
	scan.threads_missed = 2;
	expect(strstr(report(text, sizeof(text)), "libma:   note: 2 threads could not be stopped; ") != NULL);
	expect(strstr(text, "was being changed") == NULL);
	scan.index.torn = true;
	expect(strstr(report(text, sizeof(text)), "libma:   note: a part of the heap was being changed") !=
	       NULL);
	leak_unit_end(&scan);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {no_leaks, groups, notes};

	return unit_run("leak_report", tests, LENGTH(tests));
}
