/* SPDX-License-Identifier: MIT */
/* resident.c - what the resident set counts, and what it hides: three kinds of 32 MiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 32 << 20 };

/* Prints three sums over the whole process, in MiB. */
static void tell(const char *what)
{
	char line[256];
	long rss = 0, pss = 0, clean = 0, dirty = 0;
	FILE *file = fopen("/proc/self/smaps_rollup", "r");

	if (file == NULL)
		exit(1);
	while (fgets(line, sizeof line, file) != NULL) {
		sscanf(line, "Rss: %ld", &rss);
		sscanf(line, "Pss: %ld", &pss);
		sscanf(line, "Private_Clean: %ld", &clean);
		sscanf(line, "Private_Dirty: %ld", &dirty);
	}
	fclose(file);
	printf("%-34s RSS %3ld  PSS %3ld  private %3ld\n", what, rss >> 10, pss >> 10, (clean + dirty) >> 10);
	fflush(stdout);
}

static char *map(int flags)
{
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	madvise(memory, SIZE, MADV_NOHUGEPAGE);
	return memory;
}

int main(void)
{
	tell("at the start");
	char *own = map(MAP_PRIVATE);

	memset(own, 1, SIZE);
	tell("32 MiB written");
	char *shared = map(MAP_SHARED);

	memset(shared, 1, SIZE);
	tell("32 MiB that can be shared");
	pid_t child = fork();

	if (child == 0) {
		volatile char sum = 0;

		for (size_t i = 0; i < SIZE; i += 4096)
			sum = (char)(sum + shared[i]);
		(void)sum;
		tell("  a child that reads the latter");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	madvise(own, SIZE, MADV_FREE);
	tell("the first 32 MiB: MADV_FREE");
	madvise(own, SIZE, MADV_DONTNEED);
	tell("the same: MADV_DONTNEED");
	return 0;
}
