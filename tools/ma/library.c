/* SPDX-License-Identifier: MIT */
/*
 * library.c - where the library to be preloaded is.
 *
 * Looked at, in this order:
 *
 *   1. what MA_PRELOAD_LIB names, and nothing else if it is set;
 *   2. beside the command itself, as in a build tree: .libs/ below the folder that it is in;
 *   3. where an installation has it relative to the command, so that one that was moved as a whole, or
 *      is still in its DESTDIR, finds its own;
 *   4. where this build was configured to install it.
 */
#include <config.h>

#include "library.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

#define LIBRARY_NAME "libma-preload.so"

/* Where this build was configured to install the command and the library. */
static const char configured_command_folder[] = MA_BINDIR;
static const char configured_library_folder[] = MA_PKGLIBDIR;

/* Returns the absolute name of the file `path` if it can be read, else NULL. Frees `path`. */
static char *take_if_readable(char *path)
{
	struct stat status;
	char *absolute = NULL;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, R_OK) == 0)
		absolute = realpath(path, NULL);
	free(path);
	return absolute;
}

/* Returns the folder that the running command is in, to be freed, or NULL if the system does not tell. */
static char *own_folder(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);
	const char *slash;

	if (length <= 0 || length == (ssize_t)sizeof path)
		return NULL;
	slash = memrchr(path, '/', (size_t)length);
	return slash == NULL ? NULL : text_format("%.*s", (int)(slash - path), path);
}

/* Returns how many bytes at the beginning of the folders `a` and `b` are whole components of both. */
static size_t common_folders(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0;; i++) {
		bool a_ends = a[i] == '/' || a[i] == '\0';
		bool b_ends = b[i] == '/' || b[i] == '\0';

		if (a_ends && b_ends)
			common = i;
		if (a[i] != b[i] || a[i] == '\0')
			return common;
	}
}

/* Returns the library's name as seen from `folder`, which stands for the configured folder of the command:
 * up to where both configured folders part, and down from there. */
static char *installed_beside(const char *folder)
{
	size_t common = common_folders(configured_command_folder, configured_library_folder);
	char *path = text_format("%s", folder);

	for (const char *rest = &configured_command_folder[common]; *rest != '\0'; rest++) {
		if (rest[0] == '/' && rest[1] != '/' && rest[1] != '\0')
			path = text_append(path, "/..");
	}
	return text_append(path, "%s/" LIBRARY_NAME, &configured_library_folder[common]);
}

/* Returns what MA_PRELOAD_LIB names. */
static char *named_library(const char *name)
{
	char *found = take_if_readable(text_format("%s", name));

	if (found == NULL)
		fail(EXIT_OWN_FAILURE, "MA_PRELOAD_LIB names '%s', which is not a readable file", name);
	return found;
}

char *library_find(void)
{
	const char *named = getenv("MA_PRELOAD_LIB");
	char *folder;
	char *found = NULL;

	if (named != NULL && *named != '\0')
		return named_library(named);
	folder = own_folder();
	if (folder != NULL)
		found = take_if_readable(text_format("%s/.libs/" LIBRARY_NAME, folder));
	if (found == NULL && folder != NULL)
		found = take_if_readable(installed_beside(folder));
	if (found == NULL)
		found = take_if_readable(text_format("%s/" LIBRARY_NAME, configured_library_folder));
	if (found == NULL)
		fail(EXIT_OWN_FAILURE,
		     "%s is neither beside ma nor in '%s'; install libma, or set MA_PRELOAD_LIB to its file",
		     LIBRARY_NAME, configured_library_folder);
	free(folder);
	return found;
}
