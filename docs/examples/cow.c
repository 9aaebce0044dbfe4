/* SPDX-License-Identifier: MIT */
/* cow.c - fork copies the page tables, and a page only when somebody writes to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 64 << 20, PAGE = 4096 };

/* MiB that this process alone has. */
static long private_memory(void)
{
	char line[256];
	long value, sum = 0;
	FILE *file = fopen("/proc/self/smaps_rollup", "r");

	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "Private_Clean: %ld", &value) == 1 ||
		    sscanf(line, "Private_Dirty: %ld", &value) == 1)
			sum += value;
	}
	if (file != NULL)
		fclose(file);
	return sum >> 10;
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void tell(const char *what, long before)
{
	printf("%-36s %3ld MiB of its own, %5ld faults\n", what, private_memory(), faults() - before);
	fflush(stdout);
}

int main(void)
{
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char sum = 0;

	if (memory == MAP_FAILED)
		return 1;
	madvise(memory, SIZE, MADV_NOHUGEPAGE);
	memset(memory, 1, SIZE);
	tell("parent: 64 MiB written", faults());
	pid_t child = fork();

	if (child != 0) {
		waitpid(child, NULL, 0);
		printf("parent: its first byte is still %d\n", memory[0]);
		return 0;
	}
	long before = faults();

	tell("child: just born", before);
	before = faults();
	for (size_t i = 0; i < SIZE; i += PAGE)
		sum = (char)(sum + memory[i]);
	(void)sum;
	tell("child: has read all of it", before);
	before = faults();
	for (size_t i = 0; i < SIZE / 4; i += PAGE)
		memory[i] = 2;
	tell("child: wrote to a quarter", before);
	_exit(0);
}
