/* SPDX-License-Identifier: MIT */
/* argument.c - see argument.h. */
#include <config.h>

#include "argument.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

void argument_error(const struct argp_state *state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_as(state->name, format, args);
	va_end(args);
	argp_state_help(state, stderr, ARGP_HELP_STD_ERR);
}

/* --- options that there are not --- */

enum { OPTIONS = 40, LETTERS = 2 * OPTIONS + 8, KEY_OF_ARGP = 0x10000 };

/* What getopt(3) has to know of options, in its own words. */
struct known {
	struct option option[OPTIONS];
	char letters[LETTERS];
};

static void know(struct known *known, const char *name, int key, int has_argument)
{
	size_t count = 0, letters = strlen(known->letters);

	while (known->option[count].name != NULL)
		count++;
	if (count + 1 < OPTIONS)
		known->option[count] = (struct option){name, has_argument, NULL, key};
	if (key > ' ' && key < 0x7f && letters + 4 < LETTERS)
		sprintf(known->letters + letters, "%c%.*s", key, has_argument, "::");
}

static void know_all(struct known *known, const struct argp *argp, unsigned flags)
{
	strcpy(known->letters, (flags & ARGP_IN_ORDER) != 0 ? "+" : "");
	for (const struct argp_option *option = argp->options; option != NULL && option->name != NULL;
	     option++)
		know(known, option->name, option->key,
		     option->arg == NULL			  ? no_argument
		     : (option->flags & OPTION_ARG_OPTIONAL) != 0 ? optional_argument
								  : required_argument);
	know(known, "help", KEY_OF_ARGP, no_argument);
	know(known, "usage", KEY_OF_ARGP, no_argument);
	know(known, "version", KEY_OF_ARGP, no_argument);
	strcat(known->letters, "V");
}

__attribute__((noreturn, format(printf, 3, 4))) static void refuse(const struct argp *argp, char *name,
								   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_as(name, format, args);
	va_end(args);
	argp_help(argp, stderr, ARGP_HELP_SEE, name);
	exit(argp_err_exit_status);
}

/* Exits if the first option that there is not would be shown as it is, with what a terminal obeys, by getopt(3). */
static void refuse_unknown(const struct argp *argp, int argc, char **argv, unsigned flags)
{
	struct known known = {0};
	char **copy = calloc((size_t)argc + 1, sizeof *copy); /* it is put into another order */
	int key;

	if (copy == NULL)
		return;
	memcpy(copy, argv, (size_t)argc * sizeof *copy);
	know_all(&known, argp, flags);
	opterr = 0;
	optind = 0;
	do
		key = getopt_long(argc, copy, known.letters, known.option, NULL);
	while (key != -1 && key != '?' && key != 'V' && key != KEY_OF_ARGP);
	if (key == '?' && optopt == 0 && !is_visible(copy[optind - 1]))
		refuse(argp, argv[0], "unrecognized option '%s'", copy[optind - 1]);
	if (key == '?' && (optopt < 0 || (optopt > 0 && optopt < ' ') || (optopt >= 0x7f && optopt <= 0xff)))
		refuse(argp, argv[0], "invalid option -- '%c'", optopt);
	free(copy);
}

error_t argument_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *end, void *input)
{
	refuse_unknown(argp, argc, argv, flags);
	return argp_parse(argp, argc, argv, flags, end, input);
}

/* --- what options take --- */

unsigned argument_word(struct argp_state *state, const char *option, const char *arg,
		       const char *const *words)
{
	char *list;

	for (unsigned i = 0; words[i] != NULL; i++)
		if (strcmp(arg, words[i]) == 0)
			return i;
	list = text_format("%s", words[0]);
	for (unsigned i = 1; words[i] != NULL; i++)
		list = text_append(list, "%s%s", words[i + 1] == NULL ? " or " : ", ", words[i]);
	argument_error(state, "%s is %s, not '%s'", option, list, arg);
	free(list);
	return 0;
}

bool argument_json(struct argp_state *state, const char *arg)
{
	return argument_word(state, "--format", arg, (const char *const[]){"text", "json", NULL}) == 1;
}

const char *argument_colour(struct argp_state *state, const char *arg)
{
	argument_word(state, "--color", arg, (const char *const[]){"auto", "always", "never", NULL});
	return arg;
}

bool argument_has_colours(const char *when, FILE *file)
{
	return strcmp(when, "always") == 0 || (strcmp(when, "auto") == 0 && has_colours(file));
}

int argument_status(struct argp_state *state, const char *option, const char *arg)
{
	char *end;
	long status = strtol(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end != '\0' || status < 1 || status > 255)
		argument_error(state, "%s needs an exit status from 1 to 255, not '%s'", option, arg);
	return (int)status;
}
