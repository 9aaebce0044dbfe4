/* SPDX-License-Identifier: MIT */
/* segments.c - which part of the process each kind of object lies in, and what may be done there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int with_value = 1;
static int without;
static const int constant = 1;
static _Thread_local int own;

/* Prints what /proc/self/maps says of an address: its rights, and where its contents come from. */
static void tell(const char *what, const void *address)
{
	char line[512], rights[8] = "", name[256];
	unsigned long from = 0, to = 0, inode = 0;
	FILE *file = fopen("/proc/self/maps", "r");

	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		name[0] = '\0';
		sscanf(line, "%lx-%lx %7s %*s %*s %lu %255s", &from, &to, rights, &inode, name);
		if ((unsigned long)address >= from && (unsigned long)address < to)
			break;
	}
	printf("%-26s %.3s  %s\n", what, rights,
	       inode != 0	? "from a file"
	       : name[0] == '[' ? name
				: "memory without a name");
	if (file != NULL)
		fclose(file);
}

int main(void)
{
	int local;
	void *allocated = malloc(100), *large = malloc(1 << 20);

	tell("a function", (const void *)(size_t)tell);
	tell("a string literal", "text");
	tell("a constant", &constant);
	tell("a variable with a value", &with_value);
	tell("a variable without one", &without);
	tell("malloc(100)", allocated);
	tell("malloc(1 MiB)", large);
	tell("a thread-local variable", &own);
	tell("a local variable", &local);
	tell("getenv(\"PATH\")", getenv("PATH"));
	free(allocated);
	free(large);
	return 0;
}
