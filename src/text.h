/* SPDX-License-Identifier: MIT */
/*
 * text.h - text for people, made without malloc and stdio: a line buffer that is written to a descriptor
 * when it is full or flushed. Used by the fatal report, the warnings and inspect/.
 */
#ifndef MA_TEXT_H
#define MA_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	int fd;
	size_t used; /* bytes of buffer[] that are not yet written */
	char buffer[1024];
};

void ma_text_begin(struct text *text, int fd);
void ma_text_char(struct text *text, char c);
void ma_text_string(struct text *text, const char *string);
void ma_text_decimal(struct text *text, uint64_t n);
void ma_text_hex(struct text *text, uint64_t n);
void ma_text_address(struct text *text, const void *p);
/* A number right-aligned in `width` columns. */
void ma_text_column(struct text *text, uint64_t n, unsigned width);
/* Bytes as people read them: "512 B", "1.5 KiB", "3.0 GiB". */
void ma_text_size(struct text *text, uint64_t bytes);
void ma_text_flush(struct text *text);

#endif /* MA_TEXT_H */
