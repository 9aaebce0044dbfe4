/* SPDX-License-Identifier: MIT */
/*
 * text.c - owns nothing but the caller's buffer; what can't be written is lost, and the error kept: no signal ends a
 * program because libma's words found a broken pipe, or a file that may not grow.
 */
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

void ma_text_begin(struct text *text, int fd)
{
	text->fd = fd;
	text->error = 0;
	text->sink = NULL;
	text->used = 0;
}

void ma_text_begin_sink(struct text *text, text_sink *sink, void *arg)
{
	ma_text_begin(text, -1);
	text->sink = sink;
	text->sink_arg = arg;
}

/* Milliseconds in which who reads from a full pipe that does not block takes something. */
#define PATIENCE 2000

/* Is it to be tried again? */
static bool may_retry(int fd, int error)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	int told;

	if (error == EINTR)
		return true;
	if (error != EAGAIN)
		return false;
	do
		told = poll(&poll_fd, 1, PATIENCE);
	while (told < 0 && errno == EINTR);
	return told > 0;
}

static int write_all(const struct text *text)
{
	size_t done = 0;

	while (done < text->used) {
		ssize_t n = write(text->fd, text->buffer + done, text->used - done);
		int error = errno;
		if (n < 0 && !may_retry(text->fd, error))
			return error;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* The two signals come to the thread that writes: it takes them back, but for one that the program had pending itself. */
static int text_write(const struct text *text)
{
	const struct timespec now = {0};
	sigset_t ours, had, pending;
	int error;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &ours, &had); /* on Linux this thread's alone */
	sigpending(&pending);
	error = write_all(text);
	if (sigismember(&pending, SIGPIPE) == 1)
		sigdelset(&ours, SIGPIPE);
	if (sigismember(&pending, SIGXFSZ) == 1)
		sigdelset(&ours, SIGXFSZ);
	if (error == EPIPE || error == EFBIG)
		sigtimedwait(&ours, NULL, &now);
	sigprocmask(SIG_SETMASK, &had, NULL);
	return error;
}

bool ma_text_flush(struct text *text)
{
	int saved = errno;

	if (text->error == 0 && text->used > 0)
		text->error = text->sink != NULL ? text->sink(text->sink_arg, text->buffer, text->used)
						 : text_write(text);
	text->used = 0;
	errno = saved;
	return text->error == 0;
}

int ma_text_end(struct text *text)
{
	if (ma_text_flush(text))
		return 0;
	errno = text->error;
	return -1;
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

	if (bytes < 1024) {
		ma_text_decimal(text, bytes);
	} else {
		uint64_t tenths;
		for (power = 1; bytes >= 1024 * 1024 && power < 5; power++)
			bytes /= 1024;
		tenths = bytes * 10 / 1024;
		ma_text_decimal(text, tenths / 10);
		ma_text_char(text, '.');
		ma_text_char(text, (char)('0' + tenths % 10));
	}
	ma_text_string(text, unit[power]);
}

void ma_text_number(struct text *text, const char *before, uint64_t n, const char *after)
{
	ma_text_string(text, before);
	ma_text_decimal(text, n);
	ma_text_string(text, after);
}

void ma_text_bytes(struct text *text, const char *before, uint64_t bytes, const char *after)
{
	ma_text_string(text, before);
	ma_text_size(text, bytes);
	ma_text_string(text, after);
}

void ma_text_ratio(struct text *text, uint64_t dividend, uint64_t divisor)
{
	/* Rounded; a dividend so large that it would overflow is cut, with the divisor, to fit. */
	while (dividend > UINT64_MAX / 2000) {
		dividend /= 2;
		divisor /= 2;
	}
	dividend = divisor == 0 ? 0 : (dividend * 1000 + divisor / 2) / divisor;
	ma_text_decimal(text, dividend / 1000);
	ma_text_char(text, '.');
	for (unsigned place = 100; place > 0; place /= 10)
		ma_text_char(text, (char)('0' + dividend / place % 10));
}

size_t ma_text_utf8(const char *at)
{
	const unsigned char *c = (const unsigned char *)at;
	size_t length = c[0] < 0x80		      ? 1
			: c[0] >= 0xc2 && c[0] < 0xe0 ? 2
			: c[0] >= 0xe0 && c[0] < 0xf0 ? 3
			: c[0] >= 0xf0 && c[0] < 0xf5 ? 4
						      : 0;

	for (size_t i = 1; i < length; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than it need be, half of a pair, or beyond the last character. */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] >= 0xa0) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] >= 0x90))
		return 0;
	return length;
}

size_t ma_text_shown(const char *at)
{
	const unsigned char *c = (const unsigned char *)at;
	bool control = c[0] < ' ' || c[0] == 0x7f ||
		       (c[0] == 0xc2 && c[1] < 0xa0); /* a second set has two bytes */

	return control ? 0 : ma_text_utf8(at);
}

static void text_byte(struct text *text, unsigned char c)
{
	ma_text_char(text, "0123456789abcdef"[c / 16]);
	ma_text_char(text, "0123456789abcdef"[c % 16]);
}

void ma_text_visible(struct text *text, const char *string)
{
	while (*string != '\0') {
		size_t length = ma_text_shown(string);
		if (length == 0) {
			ma_text_string(text, "\\x");
			text_byte(text, (unsigned char)*string++);
		}
		for (; length > 0; length--)
			ma_text_char(text, *string++);
	}
}

void ma_text_escaped(struct text *text, const char *string)
{
	while (*string != '\0') {
		unsigned char c = (unsigned char)*string;
		size_t length = ma_text_utf8(string);
		if (c < ' ' || length == 0) {
			ma_text_string(text, "\\u00");
			text_byte(text, c);
			string++;
			continue;
		}
		if (c == '"' || c == '\\')
			ma_text_char(text, '\\');
		for (; length > 0; length--)
			ma_text_char(text, *string++);
	}
}

void ma_text_quoted(struct text *text, const char *string)
{
	ma_text_char(text, '"');
	ma_text_escaped(text, string);
	ma_text_char(text, '"');
}

void ma_text_error(struct text *text, int error)
{
	static const struct {
		int error;
		char means[32];
	} known[] = {
		{EACCES, "that is not allowed"},
		{EPERM, "that is not allowed"},
		{ENOENT, "no such file or folder"},
		{ENOTDIR, "a part of its name is no folder"},
		{EISDIR, "it is a folder"},
		{ELOOP, "too many links"},
		{ENAMETOOLONG, "its name is too long"},
		{EROFS, "the file system is read-only"},
		{ENOSPC, "no space left on the device"},
		{EDQUOT, "no space left to this user"},
		{EFBIG, "the file may not grow so large"},
		{EPIPE, "nobody reads it"},
		{EAGAIN, "it takes no more for now"},
		{EBADF, "it is not open"},
		{EBUSY, "the heap is in use"}, /* of a leak check, in a handler */
		{EMFILE, "too many open files"},
		{ENFILE, "too many open files"},
		{ENXIO, "no such device"},
		{ETXTBSY, "it is being run"},
		{EIO, "an error of the device"},
		{ENOMEM, "out of memory"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].error == error) {
			ma_text_string(text, known[i].means);
			return;
		}
	ma_text_number(text, "error ", (uint64_t)error, "");
}
