/* SPDX-License-Identifier: MIT */
/*
 * report.c - a file and a distance in it name a frame for addr2line(1) and its like; functions are named from what
 * the dynamic linker knows, which are those that a file exports.
 */
#include "report.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "sites.h"
#include "stacks.h"

/* The last size that the site of an object in a chunk can have. */
#define CHUNK_MOST (MA_WINDOW - 1)

/* The main program's name is as it was called, which is no file's name as a rule. */
static const char *file_name(const Dl_info *info)
{
	static char main_program[PATH_MAX];

	if (info->dli_fname[0] == '/' || strcmp(info->dli_fname, program_invocation_name) != 0)
		return info->dli_fname;
	if (main_program[0] == '\0' &&
	    readlink("/proc/self/exe", main_program, sizeof(main_program) - 1) <= 0)
		return info->dli_fname;
	return main_program;
}

static struct report_place find_loaded(uintptr_t at)
{
	struct report_place place = {0};
	Dl_info info;

	if (dladdr((const void *)at, &info) != 0 && info.dli_fname != NULL) {
		place.file = file_name(&info);
		place.start = (uintptr_t)info.dli_fbase;
		place.function = info.dli_sname;
	}
	return place;
}

struct report_place (*ma_report_find)(uintptr_t at) = find_loaded;

static void report_frame(struct text *text, uintptr_t frame)
{
	/* The byte before: a return address can be the next function's first. */
	struct report_place place = ma_report_find(frame - 1);

	ma_text_string(text, "libma:     ");
	ma_text_address(text, (const void *)frame);
	if (place.file != NULL) {
		ma_text_char(text, ' ');
		ma_text_visible(text, place.file);
		ma_text_char(text, '+');
		ma_text_hex(text, frame - place.start);
		if (place.function != NULL) {
			ma_text_string(text, " (");
			ma_text_visible(text, place.function);
			ma_text_char(text, ')');
		}
	}
	ma_text_char(text, '\n');
}

void ma_report_stack(struct text *text, uint32_t stack)
{
	const uintptr_t *frames = NULL;
	unsigned depth = ma_stacks_frames(stack, &frames);

	if (depth == 0)
		ma_text_string(text, "libma:     (not known)\n");
	for (unsigned i = 0; i < depth; i++)
		report_frame(text, frames[i]);
}

void ma_report_site(const void *p)
{
	struct site site;
	struct text text;

	if (!ma_sites_get(p, CHUNK_MOST, &site))
		return;
	ma_text_begin(&text, STDERR_FILENO);
	ma_text_string(&text, "libma: allocated as ");
	ma_text_decimal(&text, site.size);
	ma_text_string(&text, " bytes by thread ");
	ma_text_decimal(&text, site.thread);
	ma_text_string(&text, ":\n");
	ma_report_stack(&text, site.stack);
	if (!site.alive) {
		ma_text_string(&text, "libma: freed:\n");
		ma_report_stack(&text, site.freed);
	}
	ma_text_flush(&text);
}

_Noreturn void ma_report_written(const char *fault, const void *at, const void *object, size_t size)
{
	size_t offset = (size_t)((const char *)at - (const char *)object);
	struct text text;

	ma_fatal_begin(&text, fault, at);
	ma_text_string(&text, " lies ");
	ma_text_decimal(&text, offset < size ? offset : offset - size);
	ma_text_string(&text, offset < size ? " bytes into an object of " : " bytes behind an object of ");
	ma_text_decimal(&text, size);
	ma_text_string(&text, " bytes at ");
	ma_text_address(&text, object);
	ma_text_char(&text, '\n');
	ma_text_flush(&text);
	ma_report_site(object);
	ma_fatal_end();
}
