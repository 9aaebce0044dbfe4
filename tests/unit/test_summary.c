/* SPDX-License-Identifier: MIT */
/* The summary's numbers are those of the live objects and of the memory that the source has given. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "heap.h"
#include "inspect/inspect.h"
#include "large.h"
#include "ma.h"
#include "options.h"
#include "scripted_source.h"
#include "thread.h"

/* Bytes that are usable in all the objects of which `large` says whether they are large. */
static size_t usable(const struct objects *objects, bool large, size_t *count)
{
	size_t bytes = 0;

	*count = 0;
	for (size_t i = 0; i < objects->count; i++) {
		const void *at = objects->object[i].at;
		if ((ma_large_size(at) != 0) != large)
			continue;
		bytes += ma_usable_size(at);
		++*count;
	}
	return bytes;
}

static void summary_agrees(const struct objects *objects)
{
	struct heap_summary sum;
	size_t count, mapped = 0;

	ma_inspect_summary(&sum);
	expect(sum.used_bytes == usable(objects, false, &count) && sum.used_blocks + sum.used_slots == count);
	expect(sum.large_bytes == usable(objects, true, &count) && sum.large_objects == count);
	for (const struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		mapped += (size_t)(ma_chunk_end(chunk) - (const char *)chunk);
		count++;
	}
	expect(sum.chunk_bytes == mapped && sum.peak_bytes >= sum.chunk_bytes);
	expect(sum.free_bytes + sum.used_bytes + sum.free_slot_bytes <= sum.chunk_bytes);
	expect(sum.largest_free <= sum.free_bytes && sum.top_bytes <= sum.free_bytes);
	expect(mapped + sum.large_bytes + sum.cached_bytes <= scripted_held());
}

START_TEST(agrees_with_any_history)
{
	struct random random = {1};
	struct objects objects;
	struct heap_summary sum;

	ma_inspect_summary(&sum);
	expect(sum.heaps == 0 && sum.chunks == 0 && sum.used_bytes == 0);
	objects_begin(&objects, 500);
	for (size_t step = 0; step < test_rounds(10000); step++) {
		if (objects.count < objects.room && random_below(&random, 10) < 6) {
			size_t size = random_size(&random, random_once_in(&random, 50) ? 4000000 : 50000);
			objects_add(&objects, ma_malloc(size), size);
		} else if (objects.count > 0) {
			ma_free(objects_take(&objects, random_below(&random, objects.count)).at);
		}
		if (step % 50 == 0)
			summary_agrees(&objects);
	}
	objects_end(&objects);
}
END_TEST

START_TEST(top_of_the_break)
{
	struct heap_summary sum;
	void *p = ma_malloc(100000), *q = ma_malloc(100000);

	ma_free(q);
	ma_inspect_summary(&sum);
	expect(sum.heaps == 1 && sum.chunks == 1 && sum.used_blocks == 1 && sum.used_slots == 0);
	expect(sum.free_blocks == 1 && sum.top_bytes == sum.free_bytes && sum.top_bytes == sum.largest_free);
	expect(sum.chunk_bytes == scripted_break_held() || sum.chunk_bytes + 64 > scripted_break_held());
	ma_free(p);
}
END_TEST

static void print(void *arg)
{
	(void)arg;
	ma_inspect_print_summary(STDERR_FILENO);
}

START_TEST(printed)
{
	char text[4096];
	void *p = ma_malloc(100000), *q = ma_malloc(3 << 20);
	unsigned pid, heaps, slabs, lines = 0;
	const char *at;

	expect(p != NULL && q != NULL);
	expect(unit_child(print, NULL, text, sizeof(text)) == 0);
	expect(sscanf(text, "libma: summary of process %u\n", &pid) == 1 && pid != 0);
	expect((at = strstr(text, "libma:   heaps ")) != NULL);
	expect(sscanf(at, "libma:   heaps %u, slabs %u\n", &heaps, &slabs) == 2 && heaps == 1 && slabs == 0);
	expect(strstr(text, "\nlibma:   held ") != NULL && strstr(text, " in 1 chunk\n") != NULL);
	expect(strstr(text, "libma:   in use       97.6 KiB in 1 object\n") != NULL);
	expect(strstr(text, "libma:   free slots   0 B in 0 slots\n") != NULL);
	expect(strstr(text, "libma:   large        3.0 MiB in 1 object\n") != NULL);
	expect(strstr(text, "libma:   system calls 1 brk, 1 mmap, 0 munmap, 0 mremap, ") != NULL);
	expect((strstr(text,
		       "libma:   calls        2 allocations of 3.0 MiB in all, 0 frees, 0 of them remote\n") !=
		NULL) == MA_STATS);
	for (at = text; *at != '\0'; at++)
		lines += *at == '\n';
	expect(lines == 8 + MA_STATS);
}
END_TEST

/* --- at exit --- */

static char map_path[] = "/tmp/libma-summary-XXXXXX";

static void at_exit(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	ma_inspect_at_exit();
}

/* A program that closes its standard error before we are called, and one that opens a file in its place. */
static void at_exit_after_close(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	close(STDERR_FILENO);
	expect(open(map_path, O_RDWR) == STDERR_FILENO);
	ma_inspect_at_exit();
}

START_TEST(nothing_was_asked_for)
{
	unit_says(at_exit, NULL, "");
	unit_says(at_exit, (char[]){"stats=0"}, "");
}
END_TEST

START_TEST(asked_for)
{
	char text[10000], option[64];
	struct stat status;
	int fd = mkstemp(map_path);

	expect(fd >= 0 && ma_malloc(100) != NULL);
	expect(unit_child(at_exit, (char[]){"stats=1"}, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma: summary of process ", 26) == 0);
	expect(unit_child(at_exit, (char[]){"map=-"}, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma heap map: ", 16) == 0);
	expect(unit_child(at_exit_after_close, (char[]){"stats=1,map=-"}, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma: summary of process ", 26) == 0 &&
	       strstr(text, "libma heap map: ") != NULL);
	expect(fstat(fd, &status) == 0 && status.st_size == 0);
	snprintf(option, sizeof(option), "map=%s", map_path);
	unit_says(at_exit, option, "");
	expect(pread(fd, text, 16, 0) == 16 && strncmp(text, "libma heap map: ", 16) == 0);
	unlink(map_path);
	unit_says(at_exit, (char[]){"map=/nonexistent/map"},
		  "libma: can't write the heap map to '/nonexistent/map'\n");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {agrees_with_any_history, top_of_the_break, printed,
				      nothing_was_asked_for, asked_for};

	return unit_run("summary", tests, LENGTH(tests));
}
