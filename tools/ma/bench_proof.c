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
#include "command.h"
#include "message.h"

/* One use of a function that the loader bound: "binding file USER [0] to SERVER [0]: normal symbol `NAME'". */
struct binding {
	const char *user, *server, *name;
};

/* What the loader told about one process. */
struct process {
	struct binding *bindings; /* of malloc and its kin, that are not from the allocator itself */
	size_t count;
	char *text; /* what they point into */
};

static bool is_of_malloc(const char *name)
{
	static const char *const names[] = {"malloc", "free", "calloc", "realloc"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Returns what comes after `mark` in the line, up to `end`, and ends it there; or NULL. */
static char *part_of(char *line, const char *mark, const char *end)
{
	char *part = strstr(line, mark);
	char *behind = part != NULL ? strstr(part + strlen(mark), end) : NULL;

	if (behind == NULL)
		return NULL;
	*behind = '\0';
	return part + strlen(mark);
}

/* Takes the line apart, from its end to its beginning. Returns false if it is not about malloc. */
static bool read_binding(char *line, struct binding *binding)
{
	binding->name = part_of(line, "normal symbol `", "'");
	if (binding->name == NULL || !is_of_malloc(binding->name))
		return false;
	binding->server = part_of(line, " to ", " [");
	binding->user = part_of(line, "binding file ", " [");
	return binding->server != NULL && binding->user != NULL;
}

static char *read_all(FILE *file)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t length = getdelim(&text, &room, '\0', file);

	if (length >= 0)
		return text;
	free(text);
	return text_format("%s", "");
}

static void read_process(FILE *file, const struct bench_allocator *allocator, struct process *process)
{
	char *rest, *line;
	size_t room = 0;

	*process = (struct process){.text = read_all(file)};
	rest = process->text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		struct binding binding;

		/* What the allocator itself looks for is its own affair. */
		if (!read_binding(line, &binding) || bench_is_library(allocator, binding.user))
			continue;
		if (process->count == room) {
			room = room * 2 + 16;
			process->bindings = realloc(process->bindings, room * sizeof *process->bindings);
			if (process->bindings == NULL)
				fail(EXIT_OWN_FAILURE, "out of memory");
		}
		process->bindings[process->count++] = binding;
	}
}

/* Whether the file `user` itself gets the function from the allocator. A program that is not position-independent
 * stands for the functions whose addresses it takes: others are bound to it, and it to the library. */
static bool passes_on(const struct process *process, const struct bench_allocator *allocator,
		      const char *user, const char *name)
{
	for (size_t i = 0; i < process->count; i++) {
		const struct binding *binding = &process->bindings[i];

		if (strcmp(binding->user, user) == 0 && strcmp(binding->name, name) == 0 &&
		    bench_is_library(allocator, binding->server))
			return true;
	}
	return false;
}

/* Sets `*served` if the allocator serves the process. Returns who else does, to be freed, or NULL. */
static char *check_process(const struct process *process, const struct bench_allocator *allocator,
			   bool *served)
{
	for (size_t i = 0; i < process->count; i++) {
		const struct binding *binding = &process->bindings[i];

		if (!bench_is_library(allocator, binding->server) &&
		    !passes_on(process, allocator, binding->server, binding->name))
			return text_format("'%s' got %s from '%s'", binding->user, binding->name,
					   binding->server);
		*served = true;
	}
	return NULL;
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
			struct process process;

			read_process(file, allocator, &process);
			if (fault == NULL)
				fault = check_process(&process, allocator, &served);
			free(process.bindings);
			free(process.text);
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
