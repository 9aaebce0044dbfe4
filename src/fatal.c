/* SPDX-License-Identifier: MIT */
/* fatal.c - the one place where libma gives up. Nothing here allocates or takes a lock. */
#include "fatal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base.h"
#include "text.h"

MA_NEAR void (*ma_fatal_around)(struct text *line, const char *kind, const void *at);
void (*ma_fatal_tell)(const void *start);

void ma_fatal_begin(struct text *line, const char *fault, const void *at)
{
	ma_text_begin(line, STDERR_FILENO);
	ma_text_string(line, "libma: ");
	ma_text_string(line, fault);
	if (at != NULL) {
		ma_text_string(line, ": ");
		ma_text_address(line, at);
	}
}

static _Noreturn void fatal_end(struct text *line, const char *kind, const void *start)
{
	void (*around)(struct text * line, const char *kind, const void *at) = ma_fatal_around;
	void (*tell)(const void *start) = ma_fatal_tell;

	ma_fatal_around = NULL; /* a fault in there shall not lead there again */
	if (around != NULL && start != NULL)
		around(line, kind, start);
	ma_text_char(line, '\n');
	ma_text_flush(line);
	ma_fatal_tell = NULL;
	if (tell != NULL && start != NULL)
		tell(start);
	abort();
}

__attribute__((cold)) _Noreturn void ma_fatal(const char *fault, const void *at)
{
	struct text line;

	ma_fatal_begin(&line, fault, at);
	fatal_end(&line, NULL, at);
}

__attribute__((cold)) _Noreturn void ma_fatal_place(const char *fault, const void *at, const char *kind,
						    const void *start, size_t size)
{
	struct text line;

	ma_fatal_begin(&line, fault, at);
	ma_text_string(&line, at == start ? " is " : " lies in ");
	ma_text_string(&line, kind[0] == 'a' ? "an " : "a ");
	ma_text_string(&line, kind);
	ma_text_string(&line, " of ");
	ma_text_decimal(&line, size);
	ma_text_string(&line, " bytes");
	if (at != start) {
		ma_text_string(&line, " at ");
		ma_text_address(&line, start);
	}
	fatal_end(&line, kind, start);
}

void ma_warn_error(const char *text, const char *detail, int error)
{
	struct text line;

	ma_text_begin(&line, STDERR_FILENO);
	ma_text_string(&line, "libma: ");
	ma_text_string(&line, text);
	if (detail != NULL) {
		ma_text_string(&line, " '");
		ma_text_visible(&line, detail);
		ma_text_char(&line, '\'');
	}
	if (error != 0) {
		ma_text_string(&line, ": ");
		ma_text_error(&line, error);
	}
	ma_text_char(&line, '\n');
	ma_text_flush(&line);
}

void ma_warn(const char *text, const char *detail)
{
	ma_warn_error(text, detail, 0);
}

_Noreturn void ma_fatal_end(void)
{
	abort();
}
