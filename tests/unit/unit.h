/* SPDX-License-Identifier: MIT */
/*
 * unit.h - what the unit tests share: running them, judging how a child ends, and a set of live objects that the
 * heap is compared with.
 *
 * Each test runs in a process of its own, so it finds the library as it is at start.
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include "../emulated.h"
#include "../expect.h"
#include "../hide.h"
#include "../pattern.h"
#include "../random.h"

/* Runs the tests; returns main()'s result. */
int unit_run(const char *name, const TTest *const *tests, size_t count);

/* Runs `act` in a child, whose standard error goes to `text`, cut at `room`. Returns the wait status. */
int unit_child(void (*act)(void *), void *arg, char *text, size_t room);

/* `act` ends in abort(), and all that it writes is the line `expected`, a printf format for the rest. */
void unit_dies(void (*act)(void *), void *arg, const char *expected, ...)
	__attribute__((format(printf, 3, 4)));

/* `act` returns, and all that it writes is `expected`. */
void unit_says(void (*act)(void *), void *arg, const char *expected);

/* Objects that are alive, each filled with a pattern of its own. */
struct object {
	void *at;
	size_t size;
	uint64_t seed;
};

struct objects {
	struct object *object;
	size_t count, room;
};

void objects_begin(struct objects *objects, size_t room);
void objects_end(struct objects *objects);

/* Adds and fills one, which must not lie in another. */
void objects_add(struct objects *objects, void *at, size_t size);

/* Takes the n-th out, after a look at its contents. */
struct object objects_take(struct objects *objects, size_t n);

/* All contents are as they were written. */
void objects_hold(const struct objects *objects);

/*
 * The heap holds these objects and no other: ma_check() finds no fault, and ma_walk() shows each of them once, in
 * address order, as in use, with the usable size that ma_usable_size() tells, and nothing else as in use.
 */
void objects_are_the_heap(const struct objects *objects);

#endif /* UNIT_H */
