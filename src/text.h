/* SPDX-License-Identifier: MIT */
/*
 * text.h - text for people and programs, made without malloc and stdio: a buffer that is written to a descriptor,
 * or handed to a function, when it is full or flushed. Used by the fatal report, the warnings and inspect/.
 */
#ifndef MA_TEXT_H
#define MA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes what a text was made for to be put elsewhere than in a descriptor. Returns 0 or an errno. */
typedef int text_sink(void *arg, const char *bytes, size_t size);

struct text {
	int fd;	   /* -1: the sink takes it */
	int error; /* the first errno that a write met, 0 if none; what follows is dropped */
	text_sink *sink;
	void *sink_arg;
	size_t used; /* bytes of buffer[] that are not yet written */
	char buffer[1024];
};

void ma_text_begin(struct text *text, int fd);
void ma_text_begin_sink(struct text *text, text_sink *sink, void *arg);
void ma_text_char(struct text *text, char c);
void ma_text_string(struct text *text, const char *string);
void ma_text_decimal(struct text *text, uint64_t n);
void ma_text_hex(struct text *text, uint64_t n);
void ma_text_address(struct text *text, const void *p);
/* A number right-aligned in `width` columns. */
void ma_text_column(struct text *text, uint64_t n, unsigned width);
/* The same between two strings. */
void ma_text_number(struct text *text, const char *before, uint64_t n, const char *after);
/* Bytes as people read them: "512 B", "1.5 KiB", "3.0 GiB". */
void ma_text_size(struct text *text, uint64_t bytes);
/* The same between two strings. */
void ma_text_bytes(struct text *text, const char *before, uint64_t bytes, const char *after);
/* A quotient as decimal number with three digits behind the point; 0 if the divisor is. */
void ma_text_ratio(struct text *text, uint64_t dividend, uint64_t divisor);
/* How many bytes of a character begin there, as UTF-8 has it; 0: none does. */
size_t ma_text_utf8(const char *at);
/* How many bytes of a character that can be shown begin there. 0: none does, or one that a terminal obeys. */
size_t ma_text_shown(const char *at);
/* The text as it is, with "\x1b" for each byte of what can't be shown. */
void ma_text_visible(struct text *text, const char *string);
/* What stands between the double quotes of a string, as JSON has it. Bytes that are no UTF-8, as names of files may have,
 * are told one by one. */
void ma_text_escaped(struct text *text, const char *string);
/* And the quotes around it. */
void ma_text_quoted(struct text *text, const char *string);
/* What an errno means to who meets it in opening or writing a file. */
void ma_text_error(struct text *text, int error);
/* Writes what is left. Returns whether all was written since the beginning. */
bool ma_text_flush(struct text *text);
/* The same, as public functions tell it: 0, or -1 with errno set. */
int ma_text_end(struct text *text);

#endif /* MA_TEXT_H */
