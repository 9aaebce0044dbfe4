/* SPDX-License-Identifier: MIT */
/*
 * readers.c - a fuzzer of all that reads what people and files say: MA_OPTIONS, and what `ma` is given. The first byte
 * of the input tells which, the rest is the text:
 *
 *   o   MA_OPTIONS
 *   s   suppressions, which are then applied to a report
 *   l   a leak report of libma's, which is then written as text and as JSON
 *   m   a heap map, which is then drawn in all forms
 *   t   a heap map as text, whose code is then named
 *
 * A reader that refuses its text ends ma with a message: here it comes back with a jump. What it has allocated until
 * then is freed here, so the allocating functions are wrapped.
 */
#include "fuzz.h"

#include <config.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../expect.h"
#include "draw.h"
#include "leaks.h"
#include "map_text.h"
#include "message.h"
#include "options.h"

/* Replaced by the linker's --wrap. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
FILE *__real_fopen(const char *path, const char *mode);
int __real_fclose(FILE *file);
int __real_vasprintf(char **text, const char *format, va_list args);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_fclose(FILE *file);
int __wrap_vasprintf(char **text, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
_Noreturn void __wrap_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __wrap_ma_warn(const char *what, const char *which);

#define MOST_ALIVE 65536u

static jmp_buf refused;
static bool recording;
static void *alive[MOST_ALIVE]; /* what the reader has allocated and not freed */
static size_t alive_count;
static FILE *open_file;
static FILE *nowhere;
static uint64_t inputs;
static int text_file = -1;

static void *note(void *p)
{
	if (recording && p != NULL && alive_count < MOST_ALIVE)
		alive[alive_count++] = p;
	return p;
}

static void forget(const void *p)
{
	for (size_t i = alive_count; recording && p != NULL && i-- > 0;)
		if (alive[i] == p) {
			alive[i] = alive[--alive_count];
			return;
		}
}

void *__wrap_malloc(size_t size)
{
	return note(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return note(__real_calloc(count, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	forget(p);
	return note(__real_realloc(p, size));
}

void __wrap_free(void *p)
{
	forget(p);
	__real_free(p);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	return open_file = __real_fopen(path, mode);
}

int __wrap_fclose(FILE *file)
{
	if (file == open_file)
		open_file = NULL;
	return __real_fclose(file);
}

int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	int length = __real_vasprintf(text, format, args);

	if (length >= 0)
		note(*text);
	return length;
}

_Noreturn void __wrap_fail(int status, const char *format, ...)
{
	char message[4096];
	va_list args;

	expect(status != 0);
	va_start(args, format);
	expect(vsnprintf(message, sizeof(message), format, args) > 0);
	va_end(args);
	longjmp(refused, 1);
}

void __wrap_ma_warn(const char *what, const char *which)
{
	expect(strlen(what) > 0 && (which == NULL || strlen(which) < 4096));
}

/* --- the readers --- */

static void read_options(const char *text)
{
	if (!ma_options_read(text))
		return; /* nothing was touched, be it the first or not */
	expect(ma_options.sites_depth >= 1 && ma_options.sites_depth <= 64);
	expect(strlen(ma_options.stats) < OPTION_PATH_MAX && strlen(ma_options.map) < OPTION_PATH_MAX);
	expect(strlen(ma_options.leaks) < OPTION_PATH_MAX);
}

/* The text as a file, by a name that it can be opened with. */
static const char *as_file(const char *text, size_t length)
{
	static char path[64];

	if (text_file < 0)
		text_file = memfd_create("text", MFD_CLOEXEC);
	expect(text_file >= 0 && ftruncate(text_file, 0) == 0);
	expect(pwrite(text_file, text, length, 0) == (ssize_t)length);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", text_file);
	return path;
}

static const char sample_report[] =
	"libma: leak check of process 4711 (program)\n"
	"libma:   definitely lost  100 bytes in 2 allocations\n"
	"libma:   indirectly lost  0 bytes in 0 allocations\n"
	"libma:   possibly lost    0 bytes in 0 allocations\n"
	"libma:   still reachable  0 bytes in 0 allocations\n"
	"libma: definitely lost: 100 bytes in 2 allocations of up to 50 bytes, the first at 0x7f0000001000\n"
	"libma:     0x55d0c0de1139 /usr/bin/program+0x1139 (main)\n"
	"libma:     0x7f00c0de1139 /lib/libfoo.so+0x2139 (get_name)\n"
	"libma:     0x7f00c0de2139\n";

static void read_report(struct leak_report *report, const char *text, size_t length)
{
	FILE *file;

	if (length == 0)
		return;
	file = fmemopen((char *)(uintptr_t)text, length, "r");
	expect(file != NULL);
	(void)leaks_read(report, file);
	fclose(file);
}

static void read_suppressions(const char *text, size_t length)
{
	struct leak_suppressions *suppressions = NULL;
	struct leak_report report = {0};

	leaks_read_suppressions(&suppressions, as_file(text, length));
	read_report(&report, sample_report, sizeof(sample_report) - 1);
	leaks_suppress(&report, suppressions);
	leaks_write_text(&report, nowhere);
}

static void read_leaks(const char *text, size_t length)
{
	struct leak_report report = {0};

	read_report(&report, text, length);
	leaks_write_text(&report, nowhere);
	leaks_write_json(&report, nowhere);
	(void)leaks_count(&report);
}

static void read_map(const char *text, size_t length)
{
	const char *path = as_file(text, length);

	draw_file(path, DRAW_HTML, false, nowhere);
	draw_file(path, DRAW_SVG, false, nowhere);
	draw_file(path, DRAW_TERMINAL, true, nowhere);
	draw_file(path, DRAW_JSON, false, nowhere);
}

static void read_map_text(const char *text, size_t length)
{
	FILE *file = length == 0 ? NULL : fmemopen((char *)(uintptr_t)text, length, "r");

	if (file == NULL)
		return;
	map_text_write(file, nowhere);
	fclose(file);
}

static void read_text(char reader, const char *text, size_t length)
{
	switch (reader) {
	case 'o':
		read_options(text);
		break;
	case 's':
		read_suppressions(text, length);
		break;
	case 'l':
		read_leaks(text, length);
		break;
	case 'm':
		read_map(text, length);
		break;
	case 't':
		read_map_text(text, length);
		break;
	default:
		break;
	}
}

static void tell(void)
{
	fprintf(stderr, "%" PRIu64 " operations in %" PRIu64 " inputs\n", inputs, inputs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (inputs++ == 0) {
		atexit(tell);
		nowhere = __real_fopen("/dev/null", "w");
		expect(nowhere != NULL);
	}
	if (size == 0)
		return 0;
	/* Just as long as it is, so that a look behind its end is seen. */
	text = __real_malloc(size);
	expect(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	recording = true;
	if (setjmp(refused) == 0)
		read_text((char)data[0], text, size - 1);
	recording = false;
	while (alive_count > 0)
		__real_free(alive[--alive_count]);
	if (open_file != NULL)
		__real_fclose(open_file);
	open_file = NULL;
	__real_free(text);
	return 0;
}
