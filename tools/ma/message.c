/* SPDX-License-Identifier: MIT */
/*
 * message.c - what `ma` says on standard error, and the text that it is made of.
 *
 * A message is one line, of which a terminal obeys nothing: what was wrong, and what would be right. Usage errors alone
 * read "ma COMMAND: ..."; see argument.c.
 */
#include <config.h>

#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "text.h"

__attribute__((format(printf, 1, 0))) static char *text_format_with(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		fail(EXIT_OWN_FAILURE, "out of memory");
	return text;
}

char *text_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_format_with(format, args);
	va_end(args);
	return text;
}

char *text_append(char *text, const char *format, ...)
{
	va_list args;
	char *more, *joined;

	va_start(args, format);
	more = text_format_with(format, args);
	va_end(args);
	joined = text_format("%s%s", text, more);
	free(text);
	free(more);
	return joined;
}

void write_visible(const char *text, FILE *file)
{
	while (*text != '\0') {
		size_t length = ma_text_shown(text);
		if (length == 0)
			fprintf(file, "\\x%02x", (unsigned char)*text);
		else
			fwrite(text, 1, length, file);
		text += length == 0 ? 1 : length;
	}
}

bool is_terminal(FILE *file)
{
	const char *kind = getenv("TERM");

	return isatty(fileno(file)) && kind != NULL && *kind != '\0' && strcmp(kind, "dumb") != 0;
}

bool has_colours(FILE *file)
{
	const char *none = getenv("NO_COLOR");

	return is_terminal(file) && (none == NULL || *none == '\0');
}

bool is_visible(const char *text)
{
	size_t length = 1;

	while (*text != '\0' && length != 0) {
		length = ma_text_shown(text);
		text += length;
	}
	return length != 0;
}

void complain_as(const char *name, const char *format, va_list args)
{
	char *text = NULL;

	/* What was printed before must come first, also when both streams are one file. */
	fflush(stdout);
	fprintf(stderr, "%s: ", name);
	if (vasprintf(&text, format, args) >= 0)
		write_visible(text, stderr);
	else
		fputs(format, stderr); /* there is no memory left, and that is what it says */
	putc('\n', stderr);
	free(text);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_as("ma", format, args);
	va_end(args);
}

void fail(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_as("ma", format, args);
	va_end(args);
	exit(status);
}

void write_json_string(const char *text, FILE *file)
{
	putc('"', file);
	while (*text != '\0') {
		unsigned char c = (unsigned char)*text;
		size_t length = ma_text_utf8(text);
		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c < 0x20 || c == 0x7f || length == 0) /* any byte: a file's name need not be UTF-8 */
			fprintf(file, "\\u%04x", c);
		else
			fwrite(text, 1, length, file);
		text += length == 0 ? 1 : length;
	}
	putc('"', file);
}

void check_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	fprintf(stderr, "ma: can't write to standard output: %s\n", strerror(errno));
	_exit(EXIT_OWN_FAILURE);
}
