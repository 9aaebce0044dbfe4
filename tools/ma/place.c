/* SPDX-License-Identifier: MIT */
/*
 * place.c - where the other files of this installation, or of this build tree, are.
 */
#include <config.h>

#include "place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"

/* Where this build was configured to install the command. */
static const char configured_command_folder[] = MA_BINDIR;

/* Returns the absolute name of the file or folder `path` if it can be read, else NULL. Frees `path`. */
static char *take_if_readable(char *path)
{
	struct stat status;
	char *absolute = NULL;

	if (stat(path, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) &&
	    access(path, R_OK) == 0)
		absolute = realpath(path, NULL);
	free(path);
	return absolute;
}

/* Returns the folder that the running command is in, to be freed, or NULL if the system does not tell. */
static char *own_folder(void)
{
	const char *called = (const char *)getauxval(AT_EXECFN);
	char *path = realpath("/proc/self/exe", NULL), *slash;

	if (path == NULL && called != NULL) /* /proc is not mounted */
		path = realpath(called, NULL);
	slash = path == NULL ? NULL : strrchr(path, '/');
	if (slash != NULL)
		*slash = '\0';
	return path;
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

/* Returns the name as seen from `folder`, which stands for the configured folder of the command: up to where
 * both configured folders part, and down from there. */
static char *installed_beside(const char *folder, const char *name, const char *configured_folder)
{
	size_t common = common_folders(configured_command_folder, configured_folder);
	char *path = text_format("%s", folder);

	for (const char *rest = &configured_command_folder[common]; *rest != '\0'; rest++) {
		if (rest[0] == '/' && rest[1] != '/' && rest[1] != '\0')
			path = text_append(path, "/..");
	}
	return text_append(path, "%s/%s", &configured_folder[common], name);
}

char *place_find(const char *name, const char *build_folder, const char *configured_folder)
{
	char *folder = own_folder();
	char *found = NULL;

	if (folder != NULL)
		found = take_if_readable(text_format("%s/%s/%s", folder, build_folder, name));
	if (found == NULL && folder != NULL)
		found = take_if_readable(installed_beside(folder, name, configured_folder));
	if (found == NULL)
		found = take_if_readable(text_format("%s/%s", configured_folder, name));
	free(folder);
	return found;
}
