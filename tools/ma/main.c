/* SPDX-License-Identifier: MIT */
/*
 * main.c - the command `ma`: its table of subcommands, its own options, and the way to a subcommand.
 *
 * ma's own options end at the subcommand's name; everything from there on is the subcommand's.
 */
#include <config.h>

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argument.h"
#include "command.h"
#include "message.h"
#include "program.h"
#include "suggest.h"

const char *argp_program_version = "ma (libma) " PACKAGE_VERSION;
const char *argp_program_bug_address = sizeof PACKAGE_BUGREPORT > 1 ? PACKAGE_BUGREPORT : NULL;

const struct command commands[] = {
	{"run", "Run a program on libma", run_main},
	{"draw", "Draw a heap map that was kept as JSON", draw_main},
	{"bench", "Compare libma with other memory allocators", bench_main},
	{"check", "Check the heap of a live process for damage", check_main},
	{"stats", "Show the heap of a live process in numbers", stats_main},
	{"leaks", "Report memory that a live process has lost", leaks_main},
	{"memory", "Show what a live process uses its memory for", memory_main},
	{"map", "Draw the heap of a live process", map_main},
	{"help", "Show how ma or one of its commands is used", help_main},
	{NULL, NULL, NULL},
};

/* Returns the command nearest to `name` if one is near, else NULL. */
static const struct command *nearest_command(const char *name)
{
	const struct command *nearest = NULL;

	for (const struct command *c = commands; c->name != NULL; c++) {
		if (!suggest_is_near(name, c->name))
			continue;
		if (nearest == NULL ||
		    suggest_distance(name, c->name) < suggest_distance(name, nearest->name))
			nearest = c;
	}
	return nearest;
}

const struct command *command_find(const char *name)
{
	const struct command *nearest = nearest_command(name);
	char *path = NULL;

	for (const struct command *c = commands; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	if (nearest != NULL)
		fail(EXIT_USAGE, "'%s' is not a command; did you mean 'ma %s'?", name, nearest->name);
	if (program_find(name, &path) == 0)
		fail(EXIT_USAGE, "'%s' is not a command; to run that program on libma: ma run %s", name,
		     name);
	fail(EXIT_USAGE, "'%s' is not a command; 'ma --help' lists them", name);
}

int command_call(const struct command *command, int argc, char **argv)
{
	argv[0] = text_format("ma %s", command->name);
	return command->main(argc, argv);
}

/* Returns what `ma --help` says before the options and, behind \v, after them; to be freed. */
static char *help_text(void)
{
	char *text = text_format("Run programs on the memory allocator libma.\vCommands:\n");

	for (const struct command *c = commands; c->name != NULL; c++)
		text = text_append(text, "  %-10s %s\n", c->name, c->summary);
	return text_append(text, "\n'ma help COMMAND' or 'ma COMMAND --help' shows how a command is used, "
				 "ma(1) says more.");
}

/* Stops at the first argument, the command's name, and leaves its place in the vector in `*input`. */
static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	int *command_at = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARG:
		*command_at = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argument_error(state, "no command given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_line(int argc, char **argv)
{
	char *doc = help_text();
	const struct argp argp = {.parser = parse_option, .args_doc = "COMMAND [ARG...]", .doc = doc};
	int command_at = 0;

	argv[0] = program_invocation_short_name;
	argp_err_exit_status = EXIT_USAGE;
	if (argument_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &command_at) != 0)
		return EXIT_USAGE;
	free(doc);
	return command_call(command_find(argv[command_at]), argc - command_at, argv + command_at);
}

/* What ma opens shall not be taken for a standard file that its caller has closed: that place is held. To write there fails
 * as before; to the programs that ma runs it is closed. */
static void hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	hold_standard_files();
	atexit(check_output);
	return command_line(argc, argv);
}
