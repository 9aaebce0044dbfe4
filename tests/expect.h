/* SPDX-License-Identifier: MIT */
/*
 * expect.h - the assertion of all tests: says where and what, and aborts. Any thread may use it, as often as it
 * likes: it costs a branch. It allocates nothing, so it works under libma's own malloc too.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline __attribute__((cold, noreturn, unused)) void expect_failed(const char *file, int line,
									 const char *what)
{
	char text[512];
	int length = snprintf(text, sizeof(text), "%s:%d: not so: %s\n", file, line, what);

	if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0)
		_exit(99);
	abort();
}

#define expect(cond) ((cond) ? (void)0 : expect_failed(__FILE__, __LINE__, #cond))

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif /* EXPECT_H */
