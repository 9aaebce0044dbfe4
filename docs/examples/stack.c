/* SPDX-License-Identifier: MIT */
/* stack.c - the stack grows by calls, downwards, and becomes resident as it is touched. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Returns a line of /proc/self/status, as a number: KiB. */
static long status(const char *name)
{
	char line[256];
	long value = -1;
	FILE *file = fopen("/proc/self/status", "r");

	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0)
			value = atol(line + strlen(name) + 1);
	}
	if (file != NULL)
		fclose(file);
	return value;
}

/* Calls itself, `depth` deep, with a local array of 1000 bytes in each call. */
static uintptr_t down(int depth)
{
	volatile char local[1000];
	uintptr_t lowest = (uintptr_t)local;

	local[0] = (char)depth;
	if (depth > 1)
		lowest = down(depth - 1);
	local[1] = local[0]; /* still needed: the call above can't be made a jump */
	return lowest;
}

int main(void)
{
	char here;
	struct rlimit limit;

	printf("before: the stack has %ld KiB\n", status("VmStk"));
	size_t used = (uintptr_t)&here - down(1000);

	printf("1000 calls deep: %zu bytes each, downwards\n", used / 1000);
	printf("after: the stack has %ld KiB: it does not shrink\n", status("VmStk"));
	getrlimit(RLIMIT_STACK, &limit);
	if (limit.rlim_cur != RLIM_INFINITY)
		printf("it may grow to %ld KiB\n", (long)(limit.rlim_cur / 1024));
	return 0;
}
