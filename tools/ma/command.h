/* SPDX-License-Identifier: MIT */
/*
 * command.h - what every subcommand of `ma` offers to main.c, and the exit statuses of ma's own.
 *
 * A subcommand is one file of its name with one function, and one row of the table in main.c. The
 * function gets its own argument vector, whose first element is "ma NAME" so that argp's messages say
 * which command they come from, and returns ma's exit status. It may also exit by itself.
 */
#ifndef MA_COMMAND_H
#define MA_COMMAND_H

/* Statuses from 125 on are those of env(1) and nohup(1): all others are left to the program that
 * `ma run` runs. */
enum exit_status {
	EXIT_USAGE = 2,		/* a command line that ma does not understand */
	EXIT_OWN_FAILURE = 125, /* ma itself failed, or did not understand `ma run`'s command line */
	EXIT_CANNOT_RUN = 126,	/* the program is there and can't be run */
	EXIT_NOT_FOUND = 127	/* the program is not there */
};

struct command {
	const char *name;
	const char *summary; /* one line for `ma --help` */
	int (*main)(int argc, char **argv);
};

/* All subcommands, in the order in which `ma --help` lists them; a row without a name ends them. */
extern const struct command commands[];

/* Returns the command called `name`. If there is none, complains, suggests what may have been meant, and
 * exits with EXIT_USAGE. */
const struct command *command_find(const char *name);

/* Does what the whole command line `argv` says. */
int command_line(int argc, char **argv);

/* Runs `command` with the vector `argv`, whose first element is replaced by "ma NAME". */
int command_call(const struct command *command, int argc, char **argv);

int bench_main(int argc, char **argv);
int check_main(int argc, char **argv);
int draw_main(int argc, char **argv);
int help_main(int argc, char **argv);
int leaks_main(int argc, char **argv);
int map_main(int argc, char **argv);
int memory_main(int argc, char **argv);
int run_main(int argc, char **argv);
int stats_main(int argc, char **argv);

#endif /* MA_COMMAND_H */
