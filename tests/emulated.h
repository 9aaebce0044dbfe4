/* SPDX-License-Identifier: MIT */
/*
 * emulated.h - for tests that packaging/cross runs under qemu-user, which has not all that a kernel has: limits,
 * threads that stop each other, children of a process with threads, mremap() in place.
 */
#ifndef EMULATED_H
#define EMULATED_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool is_emulated(void)
{
	return getenv("MA_EMULATED") != NULL;
}

/* qemu-user adds a line of its own when a signal ends a program. */
static inline void drop_emulators_line(char *text)
{
	char *line = is_emulated() ? strstr(text, "qemu: uncaught target signal") : NULL;

	if (line != NULL)
		*line = '\0';
}

#endif /* EMULATED_H */
