/* SPDX-License-Identifier: MIT */
/*
 * library.c - where the library to be preloaded is: what MA_PRELOAD_LIB names, and nothing else if it is set;
 * otherwise the one of this build tree or installation (see place.h).
 */
#include <config.h>

#include "library.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "message.h"
#include "place.h"

#define LIBRARY_NAME "libma-preload.so"

static const char configured_folder[] = MA_PKGLIBDIR;

/* Returns what MA_PRELOAD_LIB names. */
static char *named_library(const char *name)
{
	struct stat status;
	char *found = NULL;

	if (stat(name, &status) == 0 && S_ISREG(status.st_mode) && access(name, R_OK) == 0)
		found = realpath(name, NULL);
	if (found == NULL)
		fail(EXIT_OWN_FAILURE, "MA_PRELOAD_LIB names '%s', which is not a readable file", name);
	return found;
}

char *library_find(void)
{
	const char *named = getenv("MA_PRELOAD_LIB");
	char *found;

	if (named != NULL && *named != '\0')
		return named_library(named);
	found = place_find(LIBRARY_NAME, ".libs", configured_folder);
	if (found == NULL)
		fail(EXIT_OWN_FAILURE,
		     "%s is neither beside ma nor in '%s'; install libma, or set MA_PRELOAD_LIB to its file",
		     LIBRARY_NAME, configured_folder);
	return found;
}
