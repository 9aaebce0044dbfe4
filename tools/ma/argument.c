/* SPDX-License-Identifier: MIT */
/* argument.c - see argument.h. */
#include <config.h>

#include "argument.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

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
	argp_error(state, "%s is %s, not '%s'", option, list, arg);
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
	return strcmp(when, "always") == 0 ||
	       (strcmp(when, "auto") == 0 && isatty(fileno(file)) && getenv("NO_COLOR") == NULL);
}

int argument_status(struct argp_state *state, const char *option, const char *arg)
{
	char *end;
	long status = strtol(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end != '\0' || status < 1 || status > 255)
		argp_error(state, "%s needs an exit status from 1 to 255, not '%s'", option, arg);
	return (int)status;
}
