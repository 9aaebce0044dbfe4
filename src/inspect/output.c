/* SPDX-License-Identifier: MIT */
/*
 * output.c - the reports that MA_OPTIONS asks for: leaks at exit; statistics and heap map at exit, every so often, and when a
 * signal is about to end the process. Owns their files.
 *
 * A file appears under its name whole: it is written beside and renamed, so that who reads it meanwhile has the one
 * or the other. A film is a file to which map after map is added. What is no regular file is written to as it is, a link
 * where it leads to, and a file in a folder that may not be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap.h"
#include "inspect.h"
#include "mode.h"
#include "options.h"
#include "residency.h"
#include "text.h"
#include "timer.h"

/* A copy of standard error, which many programs close before we are called. At exit the number may long stand
 * for another file: it is written to only if it is still the same one. */
static struct {
	int fd;
	dev_t device;
	ino_t inode;
} standard_error = {.fd = -1};

static int standard_error_fd(void)
{
	struct stat status;

	if (standard_error.fd >= 0 && fstat(standard_error.fd, &status) == 0 &&
	    status.st_dev == standard_error.device && status.st_ino == standard_error.inode)
		return standard_error.fd;
	return STDERR_FILENO;
}

static void keep_standard_error(void)
{
	struct stat status;

	standard_error.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
	if (standard_error.fd >= 0 && fstat(standard_error.fd, &status) == 0) {
		standard_error.device = status.st_dev;
		standard_error.inode = status.st_ino;
	}
}

/* --- files --- */

struct report {
	int fd;
	char name[PATH_MAX], written[PATH_MAX + 32]; /* the same, or the name until it is whole */
};

static size_t put_number(char *to, unsigned long n)
{
	char digits[20];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	for (size_t i = 0; i < count; i++)
		to[i] = digits[count - 1 - i];
	to[count] = '\0';
	return count;
}

/* Puts the number of the process in place of each "%p". */
static bool put_name(char name[PATH_MAX], const char *option)
{
	size_t used = 0;

	for (; *option != '\0'; option++) {
		if (used + 24 > PATH_MAX)
			return false;
		if (option[0] == '%' && option[1] == 'p') {
			used += put_number(name + used, (unsigned long)ma_inspect_subject.process());
			option++;
		} else {
			name[used++] = *option;
		}
	}
	name[used] = '\0';
	return true;
}

static bool is_our_output(int fd, const struct stat *status)
{
	struct stat ours;

	return fstat(fd, &ours) == 0 && ours.st_dev == status->st_dev && ours.st_ino == status->st_ino;
}

/* Opens what is no regular file itself. A link may lead to one, whose old contents then go; but /dev/stderr may lead to
 * what the program has written, and others go on writing to, and that stays. */
static int open_as_it_is(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return fd;
	for (int ours = STDOUT_FILENO; ours <= STDERR_FILENO; ours++) {
		if (is_our_output(ours, &status)) {
			close(fd);
			return fcntl(ours, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		}
	}
	if (ftruncate(fd, 0) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Makes a name of the process's own of a file's. */
static void put_temporary_name(char *name)
{
	char *last = strrchr(name, '/');
	size_t length;

	last = last == NULL ? name : last + 1;
	length = ma_min(strlen(last), (size_t)NAME_MAX - 21); /* with a point and 20 digits */
	last[length] = '.';
	put_number(last + length + 1, (unsigned long)ma_inspect_subject.process());
}

static bool report_begin(struct report *report, const char *option, bool add)
{
	struct stat status;
	bool there;

	if (strcmp(option, "-") == 0) {
		report->fd = standard_error_fd();
		return true;
	}
	if (!put_name(report->name, option)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(report->written, report->name);
	if (add) {
		report->fd = open(report->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		return report->fd >= 0;
	}
	there = lstat(report->name, &status) == 0;
	if (there && !S_ISREG(status.st_mode)) {
		report->fd = open_as_it_is(report->name);
		return report->fd >= 0;
	}
	put_temporary_name(report->written);
	unlink(report->written); /* what another process of this number left, or a link that somebody put there */
	report->fd = open(report->written, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (report->fd < 0 && there) { /* its folder may not be written, but it may */
		strcpy(report->written, report->name);
		report->fd = open_as_it_is(report->name);
	}
	return report->fd >= 0;
}

/* A part of a report takes nobody's place. False: nor does this one; errno says why. */
static bool report_end(struct report *report, const char *option, bool whole)
{
	int error = errno;

	if (strcmp(option, "-") == 0)
		return whole;
	if (close(report->fd) != 0 && whole) { /* some file systems tell only now that they are full */
		error = errno;
		whole = false;
	}
	if (strcmp(report->written, report->name) != 0) {
		if (whole && rename(report->written, report->name) == 0)
			return true;
		error = whole ? errno : error;
		whole = false;
		unlink(report->written);
	}
	errno = error;
	return whole;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t length = strlen(name), wanted = strlen(suffix);

	return length >= wanted && strcmp(name + length - wanted, suffix) == 0;
}

static enum ma_format map_format(const char *name)
{
	if (ma_options.map_format.given)
		return ma_options.map_format.format;
	return ends_in(name, ".json") ? MA_JSON : MA_TEXT;
}

static enum ma_format stats_format(const char *name)
{
	if (ma_options.stats_format.given)
		return ma_options.stats_format.format;
	if (ends_in(name, ".json"))
		return MA_JSON;
	if (ends_in(name, ".prom") || ends_in(name, ".om"))
		return MA_OPENMETRICS;
	return ends_in(name, ".xml") ? MA_XML : MA_TEXT;
}

/* Returns whether it could be written. If not, that is said, unless it was before. */
static bool write_report(const char *option, enum ma_format format, bool add,
			 int (*print)(int fd, enum ma_format format), const char *failure, bool said)
{
	static struct report
		report; /* one at a time: at exit, in a snapshot of its own, or at the end of all */
	int saved = errno;
	bool written = report_begin(&report, option, add) &&
		       report_end(&report, option, print(report.fd, format) == 0);

	if (!written && !said)
		ma_warn_error(failure, option, errno);
	errno = saved;
	return written;
}

static bool write_stats(bool said)
{
	return write_report(ma_options.stats, stats_format(ma_options.stats), false, ma_stats_print,
			    "can't write the statistics to", said);
}

static bool write_map(bool said)
{
	return write_report(ma_options.map, map_format(ma_options.map), ma_options.map_every != 0,
			    ma_heap_map, "can't write the heap map to", said);
}

static int print_leaks(int fd, enum ma_format format)
{
	(void)format;
	return ma_leak_check(fd) < 0 ? -1 : 0;
}

static void write_leaks(void)
{
	write_report(ma_options.leaks, MA_TEXT, false, print_leaks, "can't write the leak report to", false);
}

/* --- every so often, on a snapshot --- */

/* Do the blocks of every chunk lead to its end? Not so if its owner was just changing one. */
static bool heap_is_whole(void)
{
	for (struct chunk *chunk = ma_chunk_after(NULL); chunk != NULL; chunk = ma_chunk_after(chunk)) {
		const struct mem_block *block = ma_block_first(chunk);
		const char *end = ma_chunk_end(chunk);
		while ((const char *)block < end && ma_block_is_sound(block))
			block = ma_block_right(block);
		if ((const char *)block != end)
			return false;
	}
	return true;
}

static enum timer_end stats_task(bool failed_before)
{
	if (!heap_is_whole())
		return TIMER_AGAIN;
	return write_stats(failed_before) ? TIMER_DONE : TIMER_FAILED;
}

static enum timer_end map_task(bool failed_before)
{
	if (!heap_is_whole())
		return TIMER_AGAIN;
	return write_map(failed_before) ? TIMER_DONE : TIMER_FAILED;
}

/* A film begins anew. */
static void unlink_old(void)
{
	char name[PATH_MAX];
	struct stat status;

	if (put_name(name, ma_options.map) && lstat(name, &status) == 0 && S_ISREG(status.st_mode))
		unlink(name);
}

static void start_timers(void)
{
	if (ma_options.stats_every != 0 && ma_options.stats[0] != '\0' &&
	    !ma_timer_start((unsigned)ma_options.stats_every * 1000, stats_task))
		ma_warn("can't make reports while the program runs:", "stats_every");
	if (ma_options.map_every != 0 && ma_options.map[0] != '\0') {
		if (strcmp(ma_options.map, "-") != 0)
			unlink_old();
		if (!ma_timer_start((unsigned)ma_options.map_every, map_task))
			ma_warn("can't make reports while the program runs:", "map_every");
	}
}

/* --- when a signal ends the process --- */

static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};

/* The handler is reset to the default by now, and the signal blocked until we return: raised again, it ends us. */
static void on_deadly(int number)
{
	signal(SIGALRM, SIG_DFL); /* a heap so damaged that the report does not end, or a lock that is held */
	alarm(30);
	write_report(ma_options.map_on_abort, map_format(ma_options.map_on_abort), false, ma_heap_map,
		     "can't write the heap map to", false);
	raise(number);
}

static void watch_signals(void)
{
	struct sigaction ours = {.sa_handler = on_deadly, .sa_flags = SA_RESETHAND | SA_ONSTACK}, had;

	sigfillset(&ours.sa_mask);
	sigdelset(&ours.sa_mask, SIGALRM);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], NULL, &had) == 0 && (had.sa_flags & SA_SIGINFO) == 0 &&
		    had.sa_handler == SIG_DFL)
			sigaction(deadly[i], &ours, NULL);
}

/* --- start and end --- */

void ma_inspect_start(void)
{
	if (strcmp(ma_options.stats, "-") == 0 || strcmp(ma_options.map, "-") == 0 ||
	    strcmp(ma_options.map_on_abort, "-") == 0 || strcmp(ma_options.leaks, "-") == 0)
		keep_standard_error();
	start_timers();
	if (ma_options.map_on_abort[0] != '\0')
		watch_signals();
}

void ma_inspect_at_exit(void)
{
	bool marked;

	ma_timer_stop();
	marked = ma_mode_begin();
	if (ma_options.leaks[0] != '\0')
		write_leaks();
	if (ma_options.stats[0] != '\0')
		write_stats(false);
	if (ma_options.map[0] != '\0')
		write_map(false);
	ma_mode_end(marked);
}
