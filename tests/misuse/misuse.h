/* SPDX-License-Identifier: MIT */
/*
 * misuse.h - what the cases of misuse share. Each does one thing that no program may do, and is ended by libma: one
 * line, then abort().
 *
 *	MISUSE(name, "line")
 *	{
 *		…
 *	}
 *
 * The line is what follows "libma: "; in it ADDRESS stands for any address, and NUMBER for any number. See misuse.sh.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../hide.h"
#include "ma.h"

struct misuse {
	const char *name, *line;
	void (*body)(void);
	void *pad; /* the linker puts them side by side at this size */
};

/* Defines a case, which main.c finds in the section of all of them. */
#define MISUSE(name, line)                                                                                   \
	static void name(void);                                                                              \
	static const struct misuse name##_case                                                               \
		__attribute__((used, section("misuse"))) = {#name, line, name, NULL};                        \
	static void name(void)

/* A slot of 48 bytes, with its like in use all around it. The first objects of a size are blocks: not so this. */
static inline __attribute__((unused)) void *take_slot(void)
{
	void *p = NULL;

	for (int i = 0; i < 64; i++)
		p = ma_malloc(48);
	return hide(p);
}

/* The block that lies right behind another. */
static inline char *block_behind(const char *p)
{
	return hide(p + ma_usable_size(p) + 16);
}

/* A block of 100,000 bytes, between two others that are in use. */
static inline __attribute__((unused)) void *take_block(void)
{
	char *left = hide(ma_malloc(100000)), *p = hide(ma_malloc(100000)), *right = hide(ma_malloc(100000));

	while (p != block_behind(left) || right != block_behind(p)) { /* at a chunk's end */
		left = p;
		p = right;
		right = hide(ma_malloc(100000));
	}
	return p;
}

/* An object with a mapping of its own. */
static inline __attribute__((unused)) void *take_large(void)
{
	return hide(ma_malloc((size_t)3 << 20));
}

/* Frees, without the compiler's knowing. */
static inline __attribute__((unused)) void release(const void *p)
{
	ma_free(hide(p));
}

static inline __attribute__((unused)) void *release_body(void *p)
{
	release(p);
	return NULL;
}

/* Another thread frees. */
static inline __attribute__((unused)) void release_elsewhere(const void *p)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, release_body, hide(p)) != 0 || pthread_join(thread, NULL) != 0)
		exit(99);
}

#endif /* MISUSE_H */
