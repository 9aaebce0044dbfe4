/* SPDX-License-Identifier: MIT */
/*
 * file.c - the files that ma reads and writes. What is written may replace something that cost a long run: it is opened
 * when it can be written as a whole, not before, and that it can't be is told before the work begins.
 */
#include <config.h>

#include "file.h"

#include <errno.h>
#include <libgen.h>
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
	char *copy;
	int error = 0;

	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return EISDIR;
		return access(path, W_OK) == 0 ? 0 : errno;
	}
	if (errno != ENOENT || *path == '\0')
		return errno;
	copy = text_format("%s", path);
	if (access(dirname(copy), W_OK | X_OK) != 0)
		error = errno;
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

bool file_close(FILE *file)
{
	bool whole = ferror(file) == 0; /* the last piece alone may fit */
	int error = errno;

	if (file == stdout || file == stderr)
		return fflush(file) == 0 && whole;
	if (fclose(file) != 0)
		return false;
	errno = error;
	return whole;
}

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
