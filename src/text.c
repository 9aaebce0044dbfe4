/* SPDX-License-Identifier: MIT */
/* text.c - owns nothing but the caller's buffer; a descriptor that can't be written to loses the text. */
#include "text.h"

#include <errno.h>
#include <unistd.h>

void ma_text_begin(struct text *text, int fd)
{
	text->fd = fd;
	text->used = 0;
}

void ma_text_flush(struct text *text)
{
	int saved = errno;
	size_t done = 0;

	while (done < text->used) {
		ssize_t n = write(text->fd, text->buffer + done, text->used - done);
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	text->used = 0;
	errno = saved;
}

void ma_text_char(struct text *text, char c)
{
	if (text->used == sizeof(text->buffer))
		ma_text_flush(text);
	text->buffer[text->used++] = c;
}

void ma_text_string(struct text *text, const char *string)
{
	while (*string != '\0')
		ma_text_char(text, *string++);
}

static void text_digits(struct text *text, uint64_t n, unsigned base, unsigned width)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n != 0);
	while (width > count) {
		ma_text_char(text, ' ');
		width--;
	}
	while (count > 0)
		ma_text_char(text, digits[--count]);
}

void ma_text_decimal(struct text *text, uint64_t n)
{
	text_digits(text, n, 10, 0);
}

void ma_text_column(struct text *text, uint64_t n, unsigned width)
{
	text_digits(text, n, 10, width);
}

void ma_text_hex(struct text *text, uint64_t n)
{
	ma_text_string(text, "0x");
	text_digits(text, n, 16, 0);
}

void ma_text_address(struct text *text, const void *p)
{
	ma_text_hex(text, (uintptr_t)p);
}

void ma_text_size(struct text *text, uint64_t bytes)
{
	static const char unit[][5] = {" B", " KiB", " MiB", " GiB", " TiB", " PiB"};
	unsigned power = 0;
	uint64_t tenths = bytes * 10;

	if (bytes < 1024) {
		ma_text_decimal(text, bytes);
	} else {
		tenths = bytes;
		while (tenths >= 1024 * 1024 && power < 4) {
			tenths /= 1024;
			power++;
		}
		power++;
		tenths = tenths * 10 / 1024;
		ma_text_decimal(text, tenths / 10);
		ma_text_char(text, '.');
		ma_text_char(text, (char)('0' + tenths % 10));
	}
	ma_text_string(text, unit[power]);
}
