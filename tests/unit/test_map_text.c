/* SPDX-License-Identifier: MIT */
/* The heap map as text: every chunk in rows, a character for each 4 KiB that says what lies there. */
#include "unit.h"

#include <fcntl.h>

#include "chunk.h"
#include "guard.h"
#include "heap.h"
#include "inspect/residency.h"
#include "ma.h"
#include "sites.h"
#include "stacks.h"

#define CELL 4096u

static char text[1 << 20];

/* Prints the map into `text`. */
static void map(void)
{
	FILE *file = tmpfile();
	ssize_t length;

	expect(file != NULL);
	expect(ma_heap_map(fileno(file), MA_TEXT) == 0);
	length = pread(fileno(file), text, sizeof(text) - 1, 0);
	expect(length > 0 && text[length - 1] == '\n');
	text[length] = '\0';
	fclose(file);
}

static const char *line_of(const char *what)
{
	const char *at = strstr(text, what);

	expect(at != NULL && (at == text || at[-1] == '\n'));
	return at;
}

/* Copies the cells of a chunk, without the rows' beginnings and ends, to `cells`. Returns how many there are. */
static size_t cells_of(const struct chunk *chunk, char *cells)
{
	char head[64];
	const char *at;
	size_t count = 0;

	snprintf(head, sizeof(head), "chunk %p, ", (const void *)chunk);
	at = strchr(line_of(head), '\n') + 1;
	while (strncmp(at, "  ", 2) == 0) {
		size_t row = strcspn(at + 2, "\n");
		expect(row > 0 && row <= 64);
		memcpy(cells + count, at + 2, row);
		count += row;
		at += 2 + row + 1;
	}
	cells[count] = '\0';
	return count;
}

/* How many of the cells are one of `kinds`. */
static unsigned count_of(const char *cells, const char *kinds)
{
	unsigned count = 0;

	for (; *cells != '\0'; cells++)
		count += strchr(kinds, *cells) != NULL;
	return count;
}

START_TEST(empty_heap)
{
	map();
	line_of("libma heap map: one character is 4 KiB.");
	line_of("in use 0 B in 0 objects, held 0 B, large 0 B, largest free block 0 B\n");
	expect(strstr(text, "chunk") == NULL);
}
END_TEST

START_TEST(blocks)
{
	char cells[MA_WINDOW / CELL + 1], *used = ma_malloc(20 * CELL), *gone = ma_malloc(20 * CELL), *last;
	struct chunk *chunk = ma_chunk_of(used);
	size_t base = (size_t)((uintptr_t)chunk / CELL), count;
	size_t first_used = (uintptr_t)used / CELL - base, first_gone = (uintptr_t)gone / CELL - base;

	last = ma_malloc(20 * CELL);
	expect(gone == used + 20 * CELL + 16 && last == gone + 20 * CELL + 16);
	ma_free(hide(gone));
	map();
	count = cells_of(chunk, cells);
	expect(count == ((uintptr_t)ma_chunk_end(chunk) + CELL - 1) / CELL - base);
	expect(strspn(cells, "#:+") == count && cells[0] == '#');
	for (size_t i = first_used + 1; i < first_gone; i++)
		expect(cells[i] == '#');
	for (size_t i = first_gone + 1; i < first_gone + 20; i++)
		expect(cells[i] == ':');
	expect(cells[first_gone] == '+');
}
END_TEST

START_TEST(slabs)
{
	enum { COUNT = 4000 };
	static void *p[COUNT];
	char cells[MA_WINDOW / CELL + 1];
	struct chunk *chunk;

	for (unsigned i = 0; i < COUNT; i++)
		p[i] = ma_malloc(64);
	chunk = ma_chunk_of(p[0]);
	map();
	cells_of(chunk, cells);
	expect(count_of(cells, "9") >= COUNT * 64 / CELL - 3 && count_of(cells, "012345678") <= 2);
	for (unsigned i = 0; i < COUNT; i += 2)
		ma_free(p[i]);
	map();
	cells_of(chunk, cells);
	expect(count_of(cells, "45") >= COUNT * 64 / CELL - 3 &&
	       strspn(cells, "#:+0123456789_") == strlen(cells));
}
END_TEST

START_TEST(large_ones)
{
	char *p = ma_malloc(3 << 20), *q = ma_malloc(5 << 20), line[100];

	ma_free(hide(q));
	map();
	snprintf(line, sizeof(line), "large %p, 3.0 MiB, 3.0 MiB resident\n", (void *)p);
	line_of(line);
	snprintf(line, sizeof(line), "cached %p, 5.0 MiB, 5.0 MiB resident\n", (void *)q);
	line_of(line);
	expect(strstr(line_of("in use 0 B in 0 objects, held "), ", large 3.0 MiB, ") != NULL);
}
END_TEST

/* All chunks, of all heaps, in address order. */
START_TEST(several_heaps)
{
	struct heap *other;
	size_t zero;
	unsigned chunks = 0;
	const char *at = text;

	expect(ma_malloc(100) != NULL);
	other = ma_heaps_take();
	for (int i = 0; i < 10; i++)
		expect(ma_heap_alloc(other, 1 << 20, &zero) != NULL);
	map();
	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		char head[100];
		snprintf(head, sizeof(head), "chunk %p, ", (void *)chunk);
		expect(line_of(head) > at);
		at = line_of(head);
		snprintf(head, sizeof(head), " resident, heap %u\n",
			 ((struct heap *)ma_load_relaxed(&chunk->owner))->number);
		expect(strstr(at, head) == strstr(at, " resident, "));
		chunks++;
	}
	expect(chunks >= 4);
}
END_TEST

static bool not_resident(const char *start, size_t pages, unsigned char *resident)
{
	(void)start;
	memset(resident, 0, pages);
	return true;
}

START_TEST(given_back)
{
	char cells[MA_WINDOW / CELL + 1], *p = ma_malloc(20 * CELL), *q = ma_malloc(20 * CELL);

	ma_free(hide(p));
	ma_inspect_subject.resident = not_resident;
	map();
	cells_of(ma_chunk_of(q), cells);
	expect(count_of(cells, ".") >= 19 && count_of(cells, ":") == 0);
}
END_TEST

/* One small block is left in a chunk that was full, and one at the top of the break. */
START_TEST(what_pins)
{
	char line[200], *p[60];

	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(100000);
	for (size_t i = 0; i < LENGTH(p); i++)
		if (i != 20 && i != LENGTH(p) - 1)
			ma_free(p[i]);
	map();
	expect(line_of("what pins memory:\n") != NULL);
	snprintf(line, sizeof(line), " free below it, then block of 97.6 KiB at %p\n",
		 (void *)p[LENGTH(p) - 1]);
	expect(strstr(line_of("  break at "), line) != NULL);
	snprintf(line, sizeof(line), "    block of 97.6 KiB at %p\n", (void *)p[20]);
	line_of(line);
	line_of("  in nearly empty chunks, resident and not in use: ");
}
END_TEST

START_TEST(guarded_ones)
{
	char line[100], *p = NULL;

	expect(ma_guard_start(true, false));
	for (int i = 0; i < 70; i++)
		p = ma_guard_alloc(100, 16, (struct guard_caller){0, 1});
	map();
	snprintf(line, sizeof(line), "guarded %p, 100 B on 4.0 KiB of its own, 0.0 s old\n", (void *)p);
	expect(strstr(text, line) == NULL); /* the last one */
	line_of("and 6 more guarded objects\n");
	line_of("guarded in all 6.8 KiB in 70 objects, on 280.0 KiB of their own\n");
	ma_guard_free(p, (struct guard_caller){0, 1});
	map();
	line_of("and 5 more guarded objects\n");
}
END_TEST

/* Large, and pinning the break: when and where. */
START_TEST(sites)
{
	const uintptr_t frames[] = {0x1111, 0x2222};
	char *p = ma_malloc(100000), *large = ma_malloc(3 << 20), line[100];

	ma_sites_start();
	ma_sites_set(p, ma_stacks_number(frames, 2), 7, 99999);
	ma_sites_set(large, ma_stacks_number(frames, 2), 7, 3 << 20);
	map();
	snprintf(line, sizeof(line), "large %p, 3.0 MiB, 3.0 MiB resident, 0.", (void *)large);
	expect(strstr(line_of(line), " s old\n") != NULL);
	expect(strstr(text, " at it are held by what thread 7 allocated 0.") != NULL);
	expect(strstr(line_of("who holds memory:\n  3.0 MiB in 2 objects, 0."), " s to 0.") != NULL);
	line_of("libma:     0x1111\nlibma:     0x2222\n");
}
END_TEST

/* The same where sites are kept; several chunks, of which not all are shown. */
START_TEST(sites_of_what_pins)
{
	static char *p[4000];
	uintptr_t frame = 0x10;
	uint32_t stack;

	ma_sites_start();
	stack = ma_stacks_number(&frame, 1);
	for (size_t i = 0; i < LENGTH(p); i++)
		p[i] = ma_malloc(100000);
	for (size_t i = 0; i < LENGTH(p); i++)
		if (i % 40 == 20)
			ma_sites_set(p[i], stack, 77, 99999);
		else
			ma_free(p[i]);
	map();
	expect(strstr(line_of("      97.6 KiB at it are held by what thread 77 allocated 0."), "0x10\n") !=
	       NULL);
	expect(strstr(text, " more chunks that are nearly empty\n") != NULL);
}
END_TEST

/* Many pins in each chunk; and slots of a slab, of which a few in use are not the first. */
START_TEST(many_pins)
{
	enum { COUNT = 4000, SLOTS = 40000 };
	static char *p[COUNT], *q[SLOTS];
	char line[100];
	const char *at;

	for (size_t i = 0; i < COUNT; i++)
		p[i] = ma_malloc(10000);
	for (size_t i = 0; i < COUNT; i++)
		if (i % 16 != 5)
			ma_free(p[i]);
	map();
	at = strstr(text, "    and ");
	expect(at != NULL && strtoul(at + 8, NULL, 10) > 5 && strstr(at, " more\n") != NULL);
	for (size_t i = 5; i < COUNT; i += 16)
		ma_free(p[i]);
	for (size_t i = 0; i < SLOTS; i++)
		q[i] = ma_malloc(200);
	for (size_t i = 0; i < SLOTS; i++)
		if (i != SLOTS / 2)
			ma_free(q[i]);
	map();
	snprintf(line, sizeof(line), "%p", (void *)q[SLOTS / 2]);
	expect(strstr(line_of("what pins memory:\n"), line) != NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {empty_heap, blocks,    slabs,	   large_ones, several_heaps,
				      given_back, what_pins, guarded_ones, sites,      sites_of_what_pins,
				      many_pins};

	return unit_run("map_text", tests, LENGTH(tests));
}
