/* SPDX-License-Identifier: MIT */
/*
 * A program that moves the break itself, between allocations and from a thread, and keeps its memory there: neither
 * it nor malloc may ever see the other's bytes change.
 */
#include <pthread.h>
#include <string.h>

#include "../expect.h"
#include "../hide.h"
#include "../pattern.h"

#define COUNT 400

static char *mine[COUNT];  /* from malloc */
static char *there[COUNT]; /* on the break */

static size_t size_of(size_t i)
{
	return i % 7 == 0 ? 150000 + i * 100 : 100 + i * 31;
}

static void move_break(size_t i)
{
	char *at = sbrk((intptr_t)(1000 + i * 16));

	expect(at != (char *)-1 && pattern_is_zero(at, 1000));
	pattern_fill(at, 1000, i);
	there[i] = at;
}

static void look(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		expect(mine[i] == NULL || pattern_holds(mine[i], size_of(i), i + 1000));
		expect(there[i] == NULL || pattern_holds(there[i], 1000, i));
	}
}

static void *in_thread(void *arg)
{
	for (size_t i = COUNT / 2; i < COUNT; i++) {
		mine[i] = hide(malloc(size_of(i)));
		pattern_fill(mine[i], size_of(i), i + 1000);
		move_break(i);
	}
	return arg;
}

int main(void)
{
	pthread_t thread;

	for (size_t i = 0; i < COUNT / 2; i++) {
		mine[i] = hide(malloc(size_of(i)));
		pattern_fill(mine[i], size_of(i), i + 1000);
		move_break(i);
		if (i % 3 == 0) {
			free(mine[i / 2]);
			mine[i / 2] = NULL;
		}
	}
	look();
	expect(pthread_create(&thread, NULL, in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
	look();
	for (size_t i = 0; i < COUNT; i++) {
		free(mine[i]);
		mine[i] = NULL;
	}
	look();
	expect(sbrk(0) > (void *)there[COUNT - 1]);
	puts("both have their bytes");
	return 0;
}
