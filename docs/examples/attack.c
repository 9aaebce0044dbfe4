/* SPDX-License-Identifier: MIT */
/*
 * attack.c - how a list of free slots is turned against a program, and what stops it.
 *
 * The naive allocator keeps a pointer in each free slot. Who can write there chooses what malloc returns.
 */
#include <ma.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SLOT = 48, SLOTS = 8 };

static struct {
	alignas(16) char name[16];
	int is_admin;
	int more[7];
} session = {"guest", 0, {0}};

static alignas(16) char slab[SLOTS][SLOT];
static void *ready;

static void naive_free(void *slot)
{
	memcpy(slot, &ready, sizeof ready); /* the link stands in the free slot itself */
	ready = slot;
}

static void *naive_malloc(void)
{
	void *slot = ready;

	memcpy(&ready, slot, sizeof ready);
	return slot;
}

/* What a program with a use after free lets a stranger do: write eight bytes of his to a freed slot. */
static void write_after_free(void *freed, void *target)
{
	memcpy(freed, &target, sizeof target);
}

int main(void)
{
	for (int i = SLOTS; i > 0; i--)
		naive_free(slab[i - 1]);
	void *freed = naive_malloc();

	naive_free(freed);
	write_after_free(freed, &session);
	naive_malloc();
	char *mine = naive_malloc();

	memset(mine, 1, SLOT); /* a new "object", filled with the stranger's data */
	printf("naive: malloc returned %s, is_admin = %d\n", mine == session.name ? "the session" : "a slot",
	       session.is_admin);
	fflush(stdout);

	for (int i = 0; i < 40; i++)
		freed = ma_malloc(SLOT);
	void *volatile hidden = freed;

	ma_free(freed);
	write_after_free(hidden, &session);
	mine = ma_malloc(SLOT);
	mine = ma_malloc(SLOT); /* libma finds the link that leads out of the slab */
	printf("libma: malloc returned %p\n", (void *)mine);
	return 0;
}
