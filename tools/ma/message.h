/* SPDX-License-Identifier: MIT */
/* message.h - what `ma` says on standard error, and the text that it is made of; see message.c. */
#ifndef MA_MESSAGE_H
#define MA_MESSAGE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* Returns the formatted text in memory of its own. Exits with EXIT_OWN_FAILURE if there is none. */
__attribute__((format(printf, 1, 2), malloc, returns_nonnull)) char *text_format(const char *format, ...);

/* Returns `text` with the formatted text behind it, and frees `text`. */
__attribute__((format(printf, 2, 3), returns_nonnull)) char *text_append(char *text, const char *format, ...);

/* Writes the line "ma: TEXT" on standard error. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/* Writes the line "ma: TEXT" on standard error and exits with `status`. */
__attribute__((format(printf, 2, 3), noreturn)) void fail(int status, const char *format, ...);

/* Writes the line "NAME: TEXT" on standard error. */
__attribute__((format(printf, 2, 0))) void complain_as(const char *name, const char *format, va_list args);

/* Is it a terminal that can be told where to write? */
bool is_terminal(FILE *file);

/* Is it one that may have colours, too? */
bool has_colours(FILE *file);

/* Is there nothing in the text that is no text, or that a terminal would obey? */
bool is_visible(const char *text);

/* Writes the text, with "\x1b" for each byte of what is no text, or what a terminal would obey. */
void write_visible(const char *text, FILE *file);

/* Writes a string of JSON, with its quotes. */
void write_json_string(const char *text, FILE *file);

/* An exit handler: makes a failure to write standard output (a full disk) a failure of ma. */
void check_output(void);

#endif /* MA_MESSAGE_H */
