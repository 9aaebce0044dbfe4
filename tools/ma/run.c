/* SPDX-License-Identifier: MIT */
/*
 * run.c - `ma run [--stats] [--map=FILE] [--] PROGRAM [ARG...]`: runs PROGRAM on libma.
 *
 * PROGRAM takes ma's place (it is executed, not spawned), so that its exit status, its signals, its
 * terminal and its process number are its own. Everything that libma has to know is in the environment,
 * which PROGRAM hands on to its children, and so they run on libma too.
 */
#include <config.h>

#include <argp.h>
#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "environment.h"
#include "library.h"
#include "message.h"
#include "program.h"

struct run_request {
	bool stats;
	const char *map; /* the file for the heap map, "-" for standard error; NULL for none */
	char **program;	 /* the rest of the command line: PROGRAM [ARG...] NULL */
};

enum { OPTION_STATS = 0x100, OPTION_MAP };

static const struct argp_option options[] = {
	{.name = "stats",
	 .key = OPTION_STATS,
	 .doc = "When PROGRAM ends, print a short summary of its heap to standard error"},
	{.name = "map",
	 .key = OPTION_MAP,
	 .arg = "FILE",
	 .doc = "When PROGRAM ends, write a map of its heap to FILE ('-': standard error)"},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_request *request = state->input;

	switch (key) {
	case OPTION_STATS:
		request->stats = true;
		return 0;
	case OPTION_MAP:
		if (*arg == '\0' || strchr(arg, ',') != NULL)
			argp_error(state, "--map needs a file name without a comma, not '%s'", arg);
		request->map = arg;
		return 0;
	case ARGP_KEY_ARG:
		request->program = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no PROGRAM given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Returns 0 if a file called `path` can be written, else the error that writing it would meet. */
static int check_writable(const char *path)
{
	struct stat status;
	char *copy;
	int error = 0;

	if (stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			return EISDIR;
		return access(path, W_OK) == 0 ? 0 : errno;
	}
	if (errno != ENOENT)
		return errno;
	copy = text_format("%s", path);
	if (access(dirname(copy), W_OK | X_OK) != 0)
		error = errno;
	free(copy);
	return error;
}

/* Asks for the heap map. Its name becomes absolute, since the program may change its working folder; that
 * it can't be written is better said now than after a long run. */
static void request_map(const char *file)
{
	char *folder, *path;
	int error;

	if (strcmp(file, "-") == 0) {
		environment_option("map", file);
		return;
	}
	error = check_writable(file);
	if (error != 0)
		fail(EXIT_OWN_FAILURE, "can't write the heap map '%s': %s", file, strerror(error));
	folder = *file == '/' ? NULL : getcwd(NULL, 0);
	path = folder == NULL ? text_format("%s", file) : text_format("%s/%s", folder, file);
	if (strchr(path, ',') != NULL)
		fail(EXIT_OWN_FAILURE, "can't write the heap map '%s': its name may have no comma", path);
	environment_option("map", path);
	free(path);
	free(folder);
}

/* Executes the program in the file `path`. Returns the exit status that says why that failed. */
static int execute(const char *path, char **argv)
{
	execvp(path, argv);
	if (errno == ENOENT)
		complain("can't run '%s': the interpreter or dynamic loader that it names is missing", path);
	else
		complain("can't run '%s': %s", path, strerror(errno));
	return EXIT_CANNOT_RUN;
}

/* Says why no file can be run for `name`. Returns the exit status that says so too. */
static int complain_not_found(const char *name, int error)
{
	if (error != ENOENT && error != ENOTDIR) {
		complain("can't run '%s': %s", name, strerror(error));
		return EXIT_CANNOT_RUN;
	}
	complain("there is no program '%s'%s", name, strchr(name, '/') == NULL ? " in PATH" : "");
	return EXIT_NOT_FOUND;
}

static int run_program(const struct run_request *request)
{
	char *path = NULL, *library, *obstacle;
	int error = program_find(request->program[0], &path);
	int status;

	if (error != 0)
		return complain_not_found(request->program[0], error);
	library = library_find();
	obstacle = program_obstacle(path, library);
	if (obstacle != NULL)
		complain("warning: %s, so it runs without libma", obstacle);
	environment_preload(library);
	if (request->stats)
		environment_option("stats", "1");
	if (request->map != NULL)
		request_map(request->map);
	status = execute(path, request->program);
	free(obstacle);
	free(library);
	free(path);
	return status;
}

int run_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "PROGRAM [ARG...]",
		.doc = "Run PROGRAM, and the programs that it runs, on libma.\v"
		       "Options after PROGRAM are PROGRAM's. The exit status is PROGRAM's; 127 if it is not "
		       "found, 126 if it can't be run, 125 if ma fails.",
	};
	struct run_request request = {0};

	argp_err_exit_status = EXIT_OWN_FAILURE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &request) != 0)
		return EXIT_OWN_FAILURE;
	return run_program(&request);
}
