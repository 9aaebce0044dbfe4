/* SPDX-License-Identifier: MIT */
/*
 * bench_proof.c - the proof that an allocator serves a real program.
 *
 * The dynamic loader gives it: with LD_DEBUG=bindings it writes, for each process of the program, which library each
 * use of malloc was bound to. One process that gets malloc from anywhere else is a fault, and so is a program of
 * which no process uses malloc: it may be linked statically, and then nothing was measured.
 */
#include <config.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "message.h"

enum { LONGEST_LINE = 4096 };

/* One use of a function that the loader bound: "binding file USER [0] to SERVER [0]: normal symbol `NAME'". */
struct binding {
	char *user, *server;
};

static bool is_of_malloc(const char *symbol)
{
	static const char *const names[] = {"malloc'", "free'", "calloc'", "realloc'"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strncmp(symbol, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

/* Takes the line apart. Returns false if it is not about malloc. */
static bool read_binding(char *line, struct binding *binding)
{
	char *user = strstr(line, "binding file ");
	char *symbol = strstr(line, "normal symbol `");
	char *to = strstr(line, " to ");
	char *user_end, *server_end;

	if (user == NULL || symbol == NULL || to == NULL || !is_of_malloc(strchr(symbol, '`') + 1))
		return false;
	binding->user = user + strlen("binding file ");
	binding->server = to + strlen(" to ");
	user_end = strstr(binding->user, " [");
	server_end = strstr(binding->server, " [");
	if (user_end == NULL || server_end == NULL)
		return false;
	*user_end = *server_end = '\0';
	return true;
}

/* Looks at all that the loader told about one process. Sets `*served` if the allocator serves it; returns who else
 * does, to be freed, or NULL. */
static char *read_bindings(FILE *file, const struct bench_allocator *allocator, bool *served)
{
	char line[LONGEST_LINE], *other = NULL;
	struct binding binding;

	while (other == NULL && fgets(line, sizeof line, file) != NULL) {
		/* What the allocator itself looks for is its own affair. */
		if (!read_binding(line, &binding) || bench_is_library(allocator, binding.user))
			continue;
		if (bench_is_library(allocator, binding.server))
			*served = true;
		else
			other = text_format("'%s' got malloc from '%s'", binding.user, binding.server);
	}
	return other;
}

char *bench_check_bindings(const struct bench *bench, const struct bench_allocator *allocator)
{
	DIR *directory = opendir(bench->folder);
	const struct dirent *entry;
	bool served = false;
	char *fault = NULL;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		char *path = bench_file(bench, entry->d_name);
		FILE *file = strncmp(entry->d_name, "bindings.", 9) == 0 ? fopen(path, "r") : NULL;

		if (file != NULL) {
			if (fault == NULL)
				fault = read_bindings(file, allocator, &served);
			fclose(file);
			unlink(path);
		}
		free(path);
	}
	if (directory != NULL)
		closedir(directory);
	if (fault == NULL && !served)
		fault = text_format("the dynamic loader gave malloc to none of its processes");
	return fault;
}
