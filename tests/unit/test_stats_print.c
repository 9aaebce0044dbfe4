/* SPDX-License-Identifier: MIT */
/* The statistics in each format: what they must say of a heap that is known. Parsers that are not ours read them in
 * tests/tools/stats.sh. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base.h"
#include "ma.h"

static char text[1 << 16];

static const char *print(enum ma_format format)
{
	FILE *file = tmpfile();
	ssize_t length;

	expect(file != NULL && ma_stats_print(fileno(file), format) == 0);
	length = pread(fileno(file), text, sizeof(text) - 1, 0);
	expect(length > 0 && text[length - 1] == '\n');
	text[length] = '\0';
	fclose(file);
	return text;
}

static void says(const char *what)
{
	if (strstr(text, what) == NULL)
		ck_abort_msg("'%s' is not in: %s", what, text);
}

static void a_heap(void)
{
	void *p = ma_malloc(100000), *q = ma_malloc(3 << 20), *r = ma_malloc(4 << 20);

	expect(p != NULL && q != NULL);
	for (int i = 0; i < 100; i++)
		expect(ma_malloc(64) != NULL);
	ma_free(r);
}

START_TEST(as_text)
{
	unsigned pid;

	a_heap();
	expect(sscanf(print(MA_TEXT), "libma: summary of process %u\n", &pid) == 1 && pid != 0);
	says("\nlibma:   held         ");
	says(" in 1 chunk\n");
	says(" in 101 objects\n");
	says("libma:   large        3.0 MiB in 1 object; 4.0 MiB in the cache of freed ones\n");
	says("libma:   heaps        1, idle 0, slabs 1, mappings 3\n");
	says("libma:   slots of 64 B: 16.0 KiB in 1 slab, ");
	says(" brk, 2 mmap, 0 munmap, 0 mremap, ");
	expect((strstr(text, "libma:   calls        103 allocations of 7.1 MiB in all, 1 frees, 0 of them "
			     "remote\n") != NULL) == MA_STATS);
}
END_TEST

START_TEST(as_json)
{
	a_heap();
	expect(print(MA_JSON)[0] == '{');
	says("\"large_bytes\": 3145728,\n");
	says("\"cached_bytes\": 4194304,\n");
	says("\"used_blocks\": ");
	says("{\"slot_size\": 64, \"slabs\": 1, \"slab_bytes\": 16384, ");
	says("\"heaps_by_number\": [\n    {\"number\": 1, \"thread\": ");
	expect((strstr(text, "\"allocations\": 103,\n") != NULL) == MA_STATS);
	expect(strcmp(text + strlen(text) - 7, "\n  ]\n}\n") == 0);
}
END_TEST

START_TEST(as_openmetrics)
{
	a_heap();
	print(MA_OPENMETRICS);
	says("# TYPE libma_held_bytes gauge\n# UNIT libma_held_bytes bytes\n# HELP libma_held_bytes ");
	says("libma_held_bytes{source=\"large\"} 3145728\n");
	says("# TYPE libma_system_calls counter\n");
	says("libma_system_calls_total{call=\"mmap\"} 2\n");
	says("libma_class_slab_bytes{slot_size=\"64\"} 16384\n");
	expect(strcmp(text + strlen(text) - 6, "# EOF\n") == 0);
}
END_TEST

START_TEST(as_xml)
{
	a_heap();
	expect(print(MA_XML) == strstr(text, "<malloc version=\"1\">\n<heap nr=\"1\">\n<sizes>\n"));
	says("<total type=\"mmap\" count=\"1\" size=\"3145728\"/>\n<system type=\"current\" size=\"");
	says("<size from=\"49\" to=\"64\" total=\"");
	expect(strcmp(text + strlen(text) - 10, "</malloc>\n") == 0);
}
END_TEST

START_TEST(failures)
{
	int full = open("/dev/full", O_WRONLY);

	errno = 0;
	expect(ma_stats_print(1, (enum ma_format)99) == -1 && errno == EINVAL);
	expect(ma_stats_print(-1, MA_JSON) == -1 && errno == EBADF);
	if (full >= 0)
		expect(ma_stats_print(full, MA_JSON) == -1 && errno == ENOSPC);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {as_text, as_json, as_openmetrics, as_xml, failures};

	return unit_run("stats_print", tests, LENGTH(tests));
}
