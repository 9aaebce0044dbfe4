/* SPDX-License-Identifier: MIT */
/* Text is written whole and in order, whatever its length, and a descriptor that takes none does no harm. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "text.h"

/* Begins a text that goes to a file of its own. */
static int text_to_file(struct text *text)
{
	FILE *file = tmpfile();

	expect(file != NULL);
	ma_text_begin(text, fileno(file));
	return fileno(file);
}

/* Flushes; the file holds just `expected`. */
static void file_holds(struct text *text, const char *expected)
{
	char found[256];
	ssize_t length;

	ma_text_flush(text);
	length = pread(text->fd, found, sizeof(found) - 1, 0);
	expect(length >= 0);
	found[length] = '\0';
	ck_assert_str_eq(found, expected);
}

static void size_reads(uint64_t bytes, const char *expected)
{
	struct text text;

	text_to_file(&text);
	ma_text_size(&text, bytes);
	file_holds(&text, expected);
	close(text.fd);
}

START_TEST(numbers)
{
	struct text text;

	text_to_file(&text);
	ma_text_decimal(&text, 0);
	ma_text_char(&text, ' ');
	ma_text_decimal(&text, UINT64_MAX);
	ma_text_char(&text, ' ');
	ma_text_hex(&text, 0);
	ma_text_char(&text, ' ');
	ma_text_hex(&text, UINT64_MAX);
	ma_text_char(&text, ' ');
	ma_text_address(&text, (void *)0xabc0);
	ma_text_char(&text, '|');
	ma_text_column(&text, 42, 5);
	ma_text_column(&text, 123456, 3);
	ma_text_char(&text, '|');
	file_holds(&text, "0 18446744073709551615 0x0 0xffffffffffffffff 0xabc0|   42123456|");
}
END_TEST

START_TEST(sizes)
{
	size_reads(0, "0 B");
	size_reads(1, "1 B");
	size_reads(1023, "1023 B");
	size_reads(1024, "1.0 KiB");
	size_reads(1536, "1.5 KiB");
	size_reads(1024 * 1024 - 1, "1023.9 KiB");
	size_reads(1024 * 1024, "1.0 MiB");
	size_reads(UINT64_C(3) << 30, "3.0 GiB");
	size_reads(UINT64_C(5) << 40, "5.0 TiB");
	size_reads(UINT64_C(7) << 50, "7.0 PiB");
	size_reads(UINT64_MAX, "16383.9 PiB");
}
END_TEST

START_TEST(longer_than_the_buffer)
{
	enum { LINES = 1000 };
	struct text text;
	char found[16];
	int fd = text_to_file(&text);

	for (unsigned i = 0; i < LINES; i++) {
		ma_text_string(&text, "line ");
		ma_text_column(&text, i, 4);
		ma_text_char(&text, '\n');
	}
	ma_text_flush(&text);
	ma_text_flush(&text);
	for (int i = 0; i < LINES; i++) {
		char line[16];
		snprintf(line, sizeof(line), "line %4d\n", i);
		expect(pread(fd, found, 10, i * 10) == 10);
		expect(memcmp(found, line, 10) == 0);
	}
	expect(lseek(fd, 0, SEEK_END) == 10 * LINES);
}
END_TEST

static void ignore(int signal)
{
	(void)signal;
}

/* A child writes 20,000 bytes into a pipe of 4 KiB, from which nobody reads for a while; all come. */
static void through_a_full_pipe(int flags)
{
	struct text text;
	char found[4096];
	int ends[2];
	size_t total = 0;
	ssize_t got;

	expect(pipe2(ends, flags) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
	if (fork() == 0) {
		alarm(1);
		ma_text_begin(&text, ends[1]);
		for (int i = 0; i < 2000; i++)
			ma_text_string(&text, "0123456789");
		_exit(ma_text_flush(&text) ? 0 : 1);
	}
	close(ends[1]);
	usleep(1300 * 1000);
	expect(fcntl(ends[0], F_SETFL, 0) == 0);
	while ((got = read(ends[0], found, sizeof(found))) > 0) {
		for (ssize_t i = 0; i < got; i++)
			expect(found[i] == (char)('0' + (total + (size_t)i) % 10));
		total += (size_t)got;
	}
	expect(total == 20000);
}

/* A pipe that is full takes the text in parts, between interruptions. */
START_TEST(interrupted_writes)
{
	struct sigaction action = {.sa_handler = ignore};

	sigaction(SIGALRM, &action, NULL);
	through_a_full_pipe(0);
}
END_TEST

/* And one that does not block, as some programs make their standard error, is waited for. */
START_TEST(writes_that_do_not_block)
{
	struct sigaction action = {.sa_handler = ignore};

	sigaction(SIGALRM, &action, NULL);
	through_a_full_pipe(O_NONBLOCK);
}
END_TEST

/* But not for good. */
START_TEST(full_for_good)
{
	struct text text;
	int ends[2];

	expect(pipe2(ends, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
	ma_text_begin(&text, ends[1]);
	for (int i = 0; i < 5000; i++)
		ma_text_char(&text, 'x');
	expect(!ma_text_flush(&text) && text.error == EAGAIN);
}
END_TEST

START_TEST(lost_text_and_errno)
{
	struct text text;

	ma_text_begin(&text, -1);
	errno = 1234;
	for (int i = 0; i < 1000; i++)
		ma_text_string(&text, "to nowhere");
	ma_text_flush(&text);
	expect(errno == 1234);
}
END_TEST

/* Writes a line to `fd`, which takes none. */
static void line_fails(int fd, int error)
{
	struct text text;

	ma_text_begin(&text, fd);
	ma_text_string(&text, "to nowhere\n");
	errno = 1234;
	expect(!ma_text_flush(&text) && text.error == error && errno == 1234);
}

/* The signals of a broken pipe and of a file that may not grow end nobody who did not write himself. */
START_TEST(no_signals)
{
	struct rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY}, had;
	sigset_t blocked, now;
	int ends[2];
	FILE *file = tmpfile();

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	expect(file != NULL && pipe(ends) == 0 && close(ends[0]) == 0);
	line_fails(ends[1], EPIPE);
	expect(getrlimit(RLIMIT_FSIZE, &had) == 0 && setrlimit(RLIMIT_FSIZE, &none) == 0);
	line_fails(fileno(file), EFBIG);
	expect(setrlimit(RLIMIT_FSIZE, &had) == 0);
	expect(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
	expect(!sigismember(&now, SIGPIPE) && !sigismember(&now, SIGXFSZ));

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGPIPE);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	line_fails(ends[1], EPIPE);
	expect(sigpending(&now) == 0 && !sigismember(&now, SIGPIPE));
	raise(SIGPIPE); /* the program's own stays */
	line_fails(ends[1], EPIPE);
	expect(sigpending(&now) == 0 && sigismember(&now, SIGPIPE));
	signal(SIGPIPE, SIG_IGN);
}
END_TEST

START_TEST(ratios)
{
	struct text text;

	text_to_file(&text);
	ma_text_ratio(&text, 0, 0);
	ma_text_char(&text, ' ');
	ma_text_ratio(&text, 1, 3);
	ma_text_char(&text, ' ');
	ma_text_ratio(&text, 2, 3);
	ma_text_char(&text, ' ');
	ma_text_ratio(&text, 5, 2);
	ma_text_char(&text, ' ');
	ma_text_ratio(&text, UINT64_MAX, UINT64_MAX);
	file_holds(&text, "0.000 0.333 0.667 2.500 1.000");
	close(text.fd);
}
END_TEST

START_TEST(quoted_ones)
{
	struct text text;

	text_to_file(&text);
	ma_text_quoted(&text, "a \"b\" \\ \n\x1f ü");
	file_holds(&text, "\"a \\\"b\\\" \\\\ \\u000a\\u001f ü\"");
	close(text.fd);
	/* What is no UTF-8: alone, cut off, longer than needed, half of a pair, beyond the last. */
	text_to_file(&text);
	ma_text_quoted(&text, "€𝄞\xff\xc3|\xc0\xaf\xe2\x82");
	ma_text_quoted(&text, "\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80");
	file_holds(&text, "\"€𝄞\\u00ff\\u00c3|\\u00c0\\u00af\\u00e2\\u0082\""
			  "\"\\u00e0\\u0080\\u0080\\u00ed\\u00a0\\u0080\\u00f4\\u0090\\u0080\\u0080\"");
	close(text.fd);
}
END_TEST

static char taken[4096];
static size_t taken_size;

static int take(void *arg, const char *bytes, size_t size)
{
	if (taken_size + size > *(size_t *)arg)
		return ENOSPC;
	memcpy(taken + taken_size, bytes, size);
	taken_size += size;
	return 0;
}

/* A sink gets all, up to its first error, which stays. */
static void error_reads(int error, const char *expected)
{
	struct text text;

	text_to_file(&text);
	ma_text_error(&text, error);
	file_holds(&text, expected);
}

START_TEST(errors)
{
	error_reads(ENOENT, "no such file or folder");
	error_reads(ENOSPC, "no space left on the device");
	error_reads(EFBIG, "the file may not grow so large");
	error_reads(987, "error 987");
}
END_TEST

START_TEST(sinks)
{
	size_t room = 3000;
	struct text text;

	ma_text_begin_sink(&text, take, &room);
	for (int i = 0; i < 250; i++)
		ma_text_string(&text, "0123456789");
	expect(ma_text_flush(&text) && text.error == 0 && taken_size == 2500);
	for (size_t i = 0; i < taken_size; i++)
		expect(taken[i] == (char)('0' + i % 10));
	for (int i = 0; i < 100; i++)
		ma_text_string(&text, "0123456789");
	expect(!ma_text_flush(&text) && text.error == ENOSPC);
	room = sizeof(taken);
	ma_text_string(&text, "lost");
	expect(!ma_text_flush(&text) && taken_size <= 3000);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {numbers,
				      sizes,
				      longer_than_the_buffer,
				      interrupted_writes,
				      writes_that_do_not_block,
				      full_for_good,
				      lost_text_and_errno,
				      no_signals,
				      ratios,
				      quoted_ones,
				      errors,
				      sinks};

	return unit_run("text", tests, LENGTH(tests));
}
