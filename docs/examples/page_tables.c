/* SPDX-License-Identifier: MIT */
/* page_tables.c - the same number of pages, far apart or side by side: what the page tables cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGES = 256 };

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

/* Touches PAGES pages, `step` bytes apart, and prints what that took. */
static void touch(const char *what, size_t step)
{
	size_t size = PAGES * step;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			    -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	madvise(memory, size, MADV_NOHUGEPAGE);
	long resident = status("VmRSS"), tables = status("VmPTE");

	for (size_t i = 0; i < PAGES; i++)
		memory[i * step] = 1;
	printf("%-18s %5ld KiB of pages, %5ld KiB of page tables\n", what, status("VmRSS") - resident,
	       status("VmPTE") - tables);
	munmap(memory, size);
}

int main(void)
{
	status("VmRSS"); /* stdio takes its own memory first */
	touch("side by side:", 4096);
	touch("64 KiB apart:", 65536);
	touch("2 MiB apart:", 2 << 20);
	touch("1 GiB apart:", 1 << 30);
	return 0;
}
