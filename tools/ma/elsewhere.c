/* SPDX-License-Identifier: MIT */
/* elsewhere.c - starts ma anew, until its own memory lies where a process has none. */
#include <config.h>

#include "elsewhere.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

enum { MOST_LAYOUTS = 12 /* so often */ };

_Noreturn void move_elsewhere(pid_t pid)
{
	const char *name = "MA_LAYOUT", *value = getenv(name);
	long layouts = value == NULL ? 0 : strtol(value, NULL, 10);
	char *next = text_format("%ld", layouts + 1), *line = NULL, **argv;
	int personality_now = personality(0xffffffff);
	size_t room = 0, count = 0;
	FILE *file = fopen("/proc/self/cmdline", "re");

	if (layouts < MOST_LAYOUTS && file != NULL && setenv(name, next, 1) == 0) {
		/* Without randomisation everything is where it was; every third time, try the old order of things. */
		if (personality_now != -1)
			personality(
				(unsigned long)((personality_now & ~ADDR_NO_RANDOMIZE & ~ADDR_COMPAT_LAYOUT) |
						(layouts % 3 == 2 ? ADDR_COMPAT_LAYOUT : 0)));
		argv = NULL;
		do {
			argv = realloc(argv, (count + 1) * sizeof *argv);
			if (argv == NULL)
				fail(EXIT_OWN_FAILURE, "out of memory");
			line = NULL;
			room = 0;
			argv[count++] = getdelim(&line, &room, '\0', file) > 0 ? line : NULL;
		} while (argv[count - 1] != NULL);
		execv("/proc/self/exe", argv);
	}
	fail(EXIT_OWN_FAILURE,
	     "process %ld has its memory where ma has its own, and ma can't get out of the way: try again",
	     (long)pid);
}
