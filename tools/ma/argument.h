/* SPDX-License-Identifier: MIT */
/* argument.h - what several commands ask of an option's argument. What is wrong is told by argument_error(), which exits. */
#ifndef MA_ARGUMENT_H
#define MA_ARGUMENT_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

/* Says, as argp_error(3) does, what is wrong with the command line; but of what it says a terminal obeys nothing. Exits. */
__attribute__((format(printf, 2, 3))) void argument_error(const struct argp_state *state, const char *format,
							  ...);

/* argp_parse(3), which says of no option what a terminal would obey. */
error_t argument_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *end, void *input);

/* Which of the words, of which NULL is the last, `arg` is. `option` is as it is typed: "--format". */
unsigned argument_word(struct argp_state *state, const char *option, const char *arg,
		       const char *const *words);

/* Of a report that is text or json, by --format: is it json? */
bool argument_json(struct argp_state *state, const char *arg);

/* When a picture has colours, by --color: "auto", "always" or "never"; and has it, when it goes to `file`? */
const char *argument_colour(struct argp_state *state, const char *arg);
bool argument_has_colours(const char *when, FILE *file);

/* An exit status that tells something: 1 to 255. */
int argument_status(struct argp_state *state, const char *option, const char *arg);

#endif /* MA_ARGUMENT_H */
