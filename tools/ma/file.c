/* SPDX-License-Identifier: MIT */
/*
 * file.c - the files that ma reads and writes. What is written may replace something that cost a long run: that it can't
 * be written is told before the work begins, and it appears under its name whole, as the library's own reports do. It
 * is written beside and renamed; whatever ends ma before takes it away again. What is no regular file is written to
 * as it is, a link where it leads to, and a file in a folder that may not be written.
 */
#include <config.h>

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

int file_check(const char *path)
{
	struct stat status;
	char *copy, *folder;
	int error = 0;

	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return EISDIR;
		return access(path, W_OK) == 0 ? 0 : errno;
	}
	if (errno != ENOENT || *path == '\0')
		return errno;
	copy = text_format("%s", path);
	folder = dirname(copy);
	if (access(folder, W_OK | X_OK) != 0)
		error = errno;
	else if (stat(folder, &status) == 0 &&
		 status.st_nlink == 0) /* that is where we are, and it was removed */
		error = ENOENT;
	free(copy);
	return error;
}

char *file_temporary(const char *name)
{
	const char *folder = getenv("TMPDIR");

	if (folder == NULL || *folder != '/')
		folder = "/tmp";
	if (strpbrk(folder, ",%") != NULL)
		fail(EXIT_OWN_FAILURE, "TMPDIR may have no ',' or '%%' in its name here: '%s'", folder);
	return text_format("%s/%s", folder, name);
}

void file_remove_folder(const char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	while (entries != NULL && (entry = readdir(entries)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(entries), entry->d_name, 0);
	if (entries != NULL)
		closedir(entries);
	rmdir(folder);
}

int file_check_room(const char *folder)
{
	static const char some[16384];
	char *path = text_format("%s/room.XXXXXX", folder);
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int fd, error = 0;

	sigaction(SIGXFSZ, &ignore, &before);
	fd = mkstemp(path);
	if (fd < 0 || write(fd, some, sizeof some) < 0)
		error = errno;
	else if (lseek(fd, 0, SEEK_CUR) < (off_t)sizeof some)
		error = ENOSPC;
	if (fd >= 0) {
		unlink(path);
		close(fd);
	}
	sigaction(SIGXFSZ, &before, NULL);
	free(path);
	return error;
}

/* --- what is written beside --- */

/* The one that is under way, and the name that it will have; NULL: none is. The handler reads the first. */
static char *volatile beside;
static char *beside_becomes;

static const int deadly[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU};

enum { DEADLY = sizeof(deadly) / sizeof(deadly[0]) };

static struct sigaction deadly_before[DEADLY], too_large_before;

static void remove_beside(void)
{
	if (beside != NULL)
		unlink(beside);
}

static void on_deadly(int number)
{
	remove_beside();
	raise(number); /* the default by now */
}

/* Has what is beside removed by whatever ends ma; that it grows beyond a limit is told as a full disk is. */
static void guard_beside(void)
{
	struct sigaction action = {.sa_handler = on_deadly, .sa_flags = (int)SA_RESETHAND};
	static bool registered;

	if (!registered)
		atexit(remove_beside);
	registered = true;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < DEADLY; i++)
		if (sigaction(deadly[i], NULL, &deadly_before[i]) == 0 &&
		    deadly_before[i].sa_handler == SIG_DFL)
			sigaction(deadly[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGXFSZ, &action, &too_large_before);
}

/* Renames it, or removes it if it is not whole. False: errno says why. */
static bool end_beside(bool whole)
{
	char *written = beside;
	int error;

	if (whole)
		whole = rename(written, beside_becomes) == 0;
	error = errno;
	if (!whole)
		unlink(written);
	beside = NULL;
	for (size_t i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &deadly_before[i], NULL);
	sigaction(SIGXFSZ, &too_large_before, NULL);
	free(written);
	free(beside_becomes);
	errno = error;
	return whole;
}

static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* Makes a file beside `path`, with the rights `mode`. Returns its descriptor, or -1. */
static int make_beside(const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char *written = text_format("%.*s%.*s.XXXXXX", (int)(name - path), path, NAME_MAX - 7, name);
	sigset_t all, before;
	int fd, error;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	fd = mkostemp(written, O_CLOEXEC);
	error = errno;
	if (fd >= 0) {
		fchmod(fd, mode);
		beside_becomes = text_format("%s", path);
		beside = written;
		guard_beside();
	} else {
		free(written);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return fd;
}

static bool is_own_output(int fd, const struct stat *status)
{
	struct stat own;

	return fstat(fd, &own) == 0 && own.st_dev == status->st_dev && own.st_ino == status->st_ino;
}

/* Opens what is there itself. A link may lead to a file, whose old contents then go; but /dev/stdout may lead to what
 * others have written, and go on writing to, and that stays. */
static int open_as_it_is(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return fd;
	for (int own = STDOUT_FILENO; own <= STDERR_FILENO; own++) {
		if (is_own_output(own, &status)) {
			close(fd);
			return fcntl(own, F_DUPFD_CLOEXEC, 3);
		}
	}
	if (ftruncate(fd, 0) == 0)
		return fd;
	close(fd);
	return -1;
}

FILE *file_create(const char *path)
{
	struct stat status;
	bool there = lstat(path, &status) == 0;
	int fd = -1;

	if (!there || S_ISREG(status.st_mode))
		fd = make_beside(path, there ? status.st_mode & 0777 : usual_mode());
	if (fd < 0 && there)
		fd = open_as_it_is(path);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

bool file_close(FILE *file)
{
	bool whole = ferror(file) == 0; /* the last piece alone may fit */
	int error = errno;

	if (file == stdout || file == stderr)
		return fflush(file) == 0 && whole;
	if (fclose(file) != 0 && whole) {
		error = errno;
		whole = false;
	}
	errno = error;
	return beside == NULL ? whole : end_beside(whole);
}

/* --- what is read --- */

char *file_read(FILE *file, const char *name, size_t most, size_t *length)
{
	struct stat status;
	char *text = NULL;
	size_t room = 0, got;
	bool large = fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
		     (uintmax_t)status.st_size > most;

	*length = 0;
	do {
		if (large || *length > most)
			fail(EXIT_OWN_FAILURE, "can't read %s: it has more than %zu MiB", name, most >> 20);
		if (room - *length < 65536) {
			room = room * 2 + 65536;
			text = realloc(text, room + 1);
			if (text == NULL)
				fail(EXIT_OWN_FAILURE, "out of memory");
		}
		got = fread(text + *length, 1, room - *length, file);
		*length += got;
	} while (got != 0);
	if (ferror(file))
		fail(EXIT_OWN_FAILURE, "can't read %s: %s", name, strerror(errno));
	return text;
}
