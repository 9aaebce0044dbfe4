/* SPDX-License-Identifier: MIT */
/*
 * environment.c - the variables through which a program gets libma and its options.
 *
 *   LD_PRELOAD       libma-preload.so in front of what the user preloads himself
 *   LD_LIBRARY_PATH  only if the library's folder has a space in its name, which LD_PRELOAD can't hold
 *   MA_OPTIONS       name=value,name=value
 *
 * Each of them is a list of elements. An element of ours replaces those that it makes pointless, so that
 * `ma run` within `ma run` leaves the lists as they are; all others are kept, in their order.
 */
#include <config.h>

#include "environment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "message.h"

/* What separates two elements of LD_PRELOAD; see ld.so(8). */
#define PRELOAD_SEPARATORS " :"

/* Whether the element `ours` makes the element `theirs` of a list pointless. */
typedef bool replaces_function(const char *ours, const char *theirs);

/* Returns the elements of `list` that `ours` does not replace, each with the separator `joint` in front,
 * to be freed. `list` may be NULL. */
static char *kept_elements(const char *list, const char *separators, char joint, const char *ours,
			   replaces_function *replaces)
{
	char *copy = text_format("%s", list != NULL ? list : "");
	char *kept = text_format("%s", "");
	char *rest = copy;
	char *element;

	while ((element = strsep(&rest, separators)) != NULL) {
		if (*element != '\0' && !replaces(ours, element))
			kept = text_append(kept, "%c%s", joint, element);
	}
	free(copy);
	return kept;
}

static void set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		fail(EXIT_OWN_FAILURE, "out of memory");
}

/* Returns the last component of `path`. */
static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Two copies of one library in a process are never meant, be they from different folders. */
static bool is_same_library(const char *ours, const char *theirs)
{
	return strcmp(file_name(ours), file_name(theirs)) == 0;
}

static bool is_same_option(const char *ours, const char *theirs)
{
	size_t name_length = strcspn(ours, "=");

	return name_length == strcspn(theirs, "=") && strncmp(ours, theirs, name_length) == 0;
}

/* Has the loader look for libraries in `folder` before it looks where the user wants it to. */
static void search_folder(const char *folder)
{
	const char *old = getenv("LD_LIBRARY_PATH");
	size_t length = strlen(folder);
	char *list;

	if (old == NULL || *old == '\0') {
		set_variable("LD_LIBRARY_PATH", folder);
		return;
	}
	if (strncmp(old, folder, length) == 0 && (old[length] == ':' || old[length] == '\0'))
		return;
	list = text_format("%s:%s", folder, old);
	set_variable("LD_LIBRARY_PATH", list);
	free(list);
}

void environment_preload(const char *library)
{
	const char *ours = library;
	char *kept, *list;

	if (strpbrk(library, PRELOAD_SEPARATORS) != NULL) {
		char *folder = text_format("%.*s", (int)(file_name(library) - library - 1), library);

		ours = file_name(library);
		if (strpbrk(folder, ":;") != NULL || strpbrk(ours, PRELOAD_SEPARATORS) != NULL)
			fail(EXIT_OWN_FAILURE,
			     "the dynamic loader can't be given '%s': its folder's name may have no ':' or "
			     "';', its own no ':' or space",
			     library);
		search_folder(folder);
		free(folder);
	}
	kept = kept_elements(getenv("LD_PRELOAD"), PRELOAD_SEPARATORS, ':', ours, is_same_library);
	list = text_format("%s%s", ours, kept);
	set_variable("LD_PRELOAD", list);
	free(list);
	free(kept);
}

void environment_option(const char *name, const char *value)
{
	char *ours = text_format("%s=%s", name, value);
	char *kept = kept_elements(getenv("MA_OPTIONS"), ",", ',', ours, is_same_option);
	/* The first of the kept options, if there is one, needs no separator in front. */
	char *list = text_format("%s%s%s", kept + (*kept != '\0'), *kept != '\0' ? "," : "", ours);

	set_variable("MA_OPTIONS", list);
	free(list);
	free(kept);
	free(ours);
}
