/* SPDX-License-Identifier: MIT */
/*
 * help.c - `ma help [COMMAND]`: prints what `ma --help` or `ma COMMAND --help` prints.
 */
#include <config.h>

#include <argp.h>
#include <stddef.h>

#include "argument.h"
#include "command.h"

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	const char **topic = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*topic != NULL)
			argument_error(state, "give one command, not '%s' too", arg);
		*topic = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int help_main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option,
		.args_doc = "[COMMAND]",
		.doc = "Show how COMMAND is used, or, without one, which commands there are.",
	};
	char name[] = "ma", option[] = "--help";
	char *help_argv[] = {name, option, NULL};
	const char *topic = NULL;

	if (argument_parse(&argp, argc, argv, 0, NULL, &topic) != 0)
		return EXIT_USAGE;
	if (topic == NULL)
		return command_line(2, help_argv);
	return command_call(command_find(topic), 2, help_argv);
}
