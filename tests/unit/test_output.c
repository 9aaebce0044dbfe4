/* SPDX-License-Identifier: MIT */
/* What MA_OPTIONS asks for is written at exit, when a signal ends the process, and every so often; files are whole. */
#include "unit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/inspect.h"
#include "inspect/residency.h"
#include "ma.h"
#include "options.h"

static char map_path[] = "/tmp/libma-report-XXXXXX";

static void at_exit(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	ma_inspect_at_exit();
}

/* A program that closes its standard error before we are called, and one that opens a file in its place. */
static void at_exit_after_close(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	close(STDERR_FILENO);
	expect(open(map_path, O_RDWR) == STDERR_FILENO);
	ma_inspect_at_exit();
}

static bool file_begins(const char *path, const char *expected)
{
	char found[64] = "";
	FILE *file = fopen(path, "r");
	size_t length = file == NULL ? 0 : fread(found, 1, sizeof(found) - 1, file);

	if (file != NULL)
		fclose(file);
	return length > 0 && strncmp(found, expected, strlen(expected)) == 0;
}

START_TEST(nothing_was_asked_for)
{
	unit_says(at_exit, NULL, "");
	unit_says(at_exit, (char[]){"stats=0"}, "");
}
END_TEST

START_TEST(asked_for)
{
	char text[10000], option[64];
	struct stat status;
	int fd = mkstemp(map_path);

	expect(fd >= 0 && ma_malloc(100) != NULL);
	expect(unit_child(at_exit, (char[]){"stats=1"}, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma: summary of process ", 26) == 0);
	expect(unit_child(at_exit, (char[]){"map=-"}, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma heap map: ", 16) == 0);
	expect(unit_child(at_exit_after_close, (char[]){"stats=1,map=-"}, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma: summary of process ", 26) == 0 &&
	       strstr(text, "libma heap map: ") != NULL);
	expect(fstat(fd, &status) == 0 && status.st_size == 0);
	snprintf(option, sizeof(option), "map=%s", map_path);
	unit_says(at_exit, option, "");
	expect(file_begins(map_path, "libma heap map: "));
	unlink(map_path);
	expect(unit_child(at_exit, (char[]){"leaks=-"}, text, sizeof(text)) == 0);
	expect(strstr(text, "libma: leak check of process ") != NULL && strstr(text, "heap map: ") == NULL);
	unit_says(at_exit, (char[]){"leaks=/nonexistent/leaks"},
		  "libma: can't write the leak report to '/nonexistent/leaks': no such file or folder\n");
	unit_says(at_exit, (char[]){"map=/nonexistent/map"},
		  "libma: can't write the heap map to '/nonexistent/map': no such file or folder\n");
}
END_TEST

/* By its suffix or by its option, with the number of the process in its name; nothing else is left behind. */
START_TEST(formats_and_names)
{
	static const struct {
		const char *report, *suffix, *option, *begins;
	} file[] = {
		{"stats", "txt", "", "libma: summary"},
		{"stats", "json", "", "{\n  \"process\": "},
		{"stats", "prom", "", "# TYPE libma_held_bytes gauge\n"},
		{"stats", "xml", "", "<malloc version=\"1\">\n"},
		{"stats", "any", ",stats_format=json", "{\n  \"process\": "},
		{"stats", "json", ",stats_format=text", "libma: summary"},
		{"map", "json", "", "{\"libma_map\":"},
		{"map", "json", ",map_format=text", "libma heap map: "},
		{"map", "xml", "", "libma heap map: "},
		{"map", "any", ",map_format=json", "{\"libma_map\":"},
	};
	char folder[] = "/tmp/libma-report-XXXXXX", option[100], path[64];

	expect(mkdtemp(folder) != NULL && ma_malloc(100) != NULL);
	for (size_t i = 0; i < LENGTH(file); i++) {
		snprintf(option, sizeof(option), "%s=%s/%%p.%s%s", file[i].report, folder, file[i].suffix,
			 file[i].option);
		if (fork() == 0) {
			at_exit(option);
			snprintf(path, sizeof(path), "%s/%d.%s", folder, getpid(), file[i].suffix);
			_exit(!file_begins(path, file[i].begins) || unlink(path) != 0);
		}
		int status;
		expect(wait(&status) > 0 && status == 0);
	}
	expect(rmdir(folder) == 0);
}
END_TEST

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void to_standard_error(void *path)
{
	expect(dup2(open(path, O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	expect(lseek(STDERR_FILENO, 0, SEEK_END) > 0);
	at_exit((char[]){"stats=/dev/stderr"});
	expect(write(STDERR_FILENO, "another's\n", 10) == 10); /* as the shell does, whose file it is, too */
}

START_TEST(links)
{
	char folder[] = "/tmp/libma-report-XXXXXX", option[100], path[64], link[80], old[4000],
	     found[4000] = "";
	struct stat status;
	int ended, fd;

	expect(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(option, sizeof(option), "stats=%s/report", folder);
	/* The name that the report has until it is whole leads to another file. */
	put_file(path, "another");
	if (fork() == 0) {
		snprintf(link, sizeof(link), "%s/report.%d", folder, getpid());
		expect(symlink(path, link) == 0);
		at_exit(option);
		_exit(0);
	}
	expect(wait(&ended) > 0 && ended == 0 && file_begins(path, "another"));
	snprintf(link, sizeof(link), "%s/report", folder);
	expect(file_begins(link, "libma: summary") && unlink(link) == 0);
	/* Its own name does: it is written there, and an older one that was longer is gone. */
	memset(old, 'o', sizeof(old));
	old[sizeof(old) - 1] = '\0';
	put_file(path, old);
	expect(symlink(path, link) == 0);
	unit_says(at_exit, option, "");
	expect(lstat(link, &status) == 0 && S_ISLNK(status.st_mode) && file_begins(path, "libma: summary"));
	expect(stat(path, &status) == 0 && (size_t)status.st_size < sizeof(old) - 1 && unlink(link) == 0);
	/* But what the program itself has written stays. */
	put_file(path, "the program's\n");
	unit_says(to_standard_error, path, "");
	fd = open(path, O_RDONLY);
	expect(fd >= 0 && read(fd, found, sizeof(found) - 1) > 0 && close(fd) == 0);
	expect(strncmp(found, "the program's\nlibma: summary", 28) == 0);
	expect(strstr(found, "\nanother's\n") != NULL);
	expect(unlink(path) == 0 && rmdir(folder) == 0);
}
END_TEST

/* A name may be as long as the file system allows, with no room for the number of the process behind it. */
START_TEST(long_name)
{
	char folder[] = "/tmp/libma-report-XXXXXX", name[256], path[300], option[320];

	expect(mkdtemp(folder) != NULL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(option, sizeof(option), "stats=%s", path);
	unit_says(at_exit, option, "");
	expect(file_begins(path, "libma: summary") && unlink(path) == 0 && rmdir(folder) == 0);
}
END_TEST

static void at_exit_without_rights(void *option)
{
	expect(geteuid() != 0 || seteuid(65534) == 0);
	at_exit(option);
}

/* What may be written, but not replaced. */
START_TEST(folder_that_may_not_be_written)
{
	char folder[] = "/tmp/libma-report-XXXXXX", path[64], option[100];

	expect(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/report", folder);
	snprintf(option, sizeof(option), "stats=%s", path);
	put_file(path, "old");
	expect(chmod(path, 0666) == 0 && chmod(folder, 0555) == 0);
	unit_says(at_exit_without_rights, option, "");
	expect(file_begins(path, "libma: summary"));
	expect(chmod(folder, 0755) == 0 && unlink(path) == 0 && rmdir(folder) == 0);
}
END_TEST

/* What can't be written is said, once, whatever the reason: a name that is too long, a full disk, no standard error. */
static void at_exit_without_standard_error(void *arg)
{
	int kept = dup(STDERR_FILENO);

	close(STDERR_FILENO);
	ma_options_read(arg);
	ma_inspect_start();
	dup2(kept, STDERR_FILENO);
	ma_inspect_at_exit();
}

static long process_with_a_long_number(void)
{
	return LONG_MAX;
}

START_TEST(can_not_be_written)
{
	static char option[OPTION_PATH_MAX + 4];
	char text[PATH_MAX + 200];

	/* An option as long as may be, which the number of the process makes too long. */
	memset(option, 'x', sizeof(option) - 1);
	memcpy(option, "map=/tmp/%p%p%p%p", 17);
	ma_inspect_subject.process = process_with_a_long_number;
	expect(unit_child(at_exit, option, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma: can't write the heap map to '/tmp/%p%p", 45) == 0);
	expect(strstr(text, "': its name is too long\n") != NULL);
	expect(ma_malloc(100) != NULL);
	unit_says(at_exit, (char[]){"map=/dev/full"},
		  "libma: can't write the heap map to '/dev/full': no space left on the device\n");
	unit_says(at_exit, (char[]){"map=/tmp"},
		  "libma: can't write the heap map to '/tmp': it is a folder\n");
	expect(unit_child(at_exit, (char[]){"stats=/dev/full"}, text, sizeof(text)) == 0);
	expect(strstr(text, "'/dev/full': no space left on the device\n") != NULL &&
	       strchr(text, '\n')[1] == '\0');
	/* It is there again at exit: what it says goes there. */
	expect(unit_child(at_exit_without_standard_error, (char[]){"stats=1"}, text, sizeof(text)) == 0);
	expect(strncmp(text, "libma: summary of process ", 26) == 0);
}
END_TEST

/* A file system that is full, as seen from here: no file may grow beyond 100 bytes. */
static void at_exit_without_room(void *arg)
{
	struct rlimit room;

	expect(getrlimit(RLIMIT_FSIZE, &room) == 0);
	room.rlim_cur = 100;
	expect(setrlimit(RLIMIT_FSIZE, &room) == 0);
	at_exit(arg);
}

/* The report of before stays as it was, and no part of the new one is left beside it. */
START_TEST(no_room)
{
	char folder[] = "/tmp/libma-report-XXXXXX", path[64], option[80], says[160];
	FILE *file;

	expect(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/map", folder);
	snprintf(option, sizeof(option), "map=%s", path);
	snprintf(says, sizeof(says),
		 "libma: can't write the heap map to '%s': the file may not grow so large\n", path);
	file = fopen(path, "w");
	expect(file != NULL && fputs("of before", file) > 0 && fclose(file) == 0);
	unit_says(at_exit_without_room, option, says);
	expect(file_begins(path, "of before"));
	expect(unlink(path) == 0);
	unit_says(at_exit_without_room, option, says);
	expect(rmdir(folder) == 0);
}
END_TEST

static void die(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	abort();
}

static void overflow(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	raise(SIGSEGV);
}

static void handled(int signal)
{
	_exit(signal == SIGABRT ? 7 : 8);
}

/* A program that handles the signal itself is left alone. */
static void handle_and_die(void *arg)
{
	signal(SIGABRT, handled);
	die(arg);
}

START_TEST(before_a_signal_ends_it)
{
	char text[10000];
	int status;

	expect(ma_malloc(100) != NULL);
	status = unit_child(die, (char[]){"map_on_abort=-"}, text, sizeof(text));
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	expect(strncmp(text, "libma heap map: ", 16) == 0);
	status = unit_child(overflow, (char[]){"map_on_abort=-,map_format=json"}, text, sizeof(text));
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	expect(strncmp(text, "{\"libma_map\":1,", 15) == 0);
	status = unit_child(handle_and_die, (char[]){"map_on_abort=-"}, text, sizeof(text));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 7 && text[0] == '\0');
}
END_TEST

/* That it can't be written is said once, not every so often. */
static void live_for_some_reports(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	usleep(500000);
}

START_TEST(can_not_be_written_every_so_often)
{
	if (is_emulated() || !MA_THREADS)
		return; /* see test_timer.c */
	expect(ma_malloc(100) != NULL);
	unit_says(live_for_some_reports, (char[]){"map=/nonexistent/map,map_every=20"},
		  "libma: can't write the heap map to '/nonexistent/map': no such file or folder\n");
}
END_TEST

static const char *every_path;

static void live_for_a_while(void *arg)
{
	ma_options_read(arg);
	ma_inspect_start();
	for (int i = 0; i < 3000 && !file_begins(every_path, "libma heap map: "); i++)
		usleep(10000);
	expect(file_begins(every_path, "libma heap map: "));
}

START_TEST(every_so_often)
{
	char path[] = "/tmp/libma-report-XXXXXX", option[100];

	if (is_emulated())
		return; /* see test_timer.c */
	expect(close(mkstemp(path)) == 0 && ma_malloc(100) != NULL);
	every_path = path;
	snprintf(option, sizeof(option), "map=%s,map_every=20", path);
	if (MA_THREADS)
		unit_says(live_for_a_while, option, "");
	else
		unit_says(at_exit, option, "libma: can't make reports while the program runs: 'map_every'\n");
	unlink(path);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {can_not_be_written,
				      no_room,
				      nothing_was_asked_for,
				      asked_for,
				      formats_and_names,
				      links,
				      long_name,
				      folder_that_may_not_be_written,
				      before_a_signal_ends_it,
				      every_so_often,
				      can_not_be_written_every_so_often};

	return unit_run("output", tests, LENGTH(tests));
}
