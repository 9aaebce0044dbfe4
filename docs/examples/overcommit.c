/* SPDX-License-Identifier: MIT */
/* overcommit.c - asks for more memory than the machine has, and uses little of it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Prints the size of the process, and what of it is resident. */
static void tell(const char *what)
{
	long size = 0, resident = 0, page = sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "r");

	if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2)
		exit(1);
	fclose(file);
	printf("%-26s address space %7ld MiB, resident %4ld MiB\n", what, size * page >> 20,
	       resident * page >> 20);
}

int main(void)
{
	size_t size = (size_t)1 << (sizeof(size_t) > 4 ? 40 : 30); /* 1 TiB where addresses are that long */
	int mode = -1;
	FILE *file = fopen("/proc/sys/vm/overcommit_memory", "r");

	if (file != NULL && fscanf(file, "%d", &mode) == 1)
		fclose(file);
	printf("vm.overcommit_memory is %d, the machine has %ld MiB\n", mode,
	       (sysconf(_SC_PHYS_PAGES) >> 10) * sysconf(_SC_PAGESIZE) >> 10);
	tell("at the start:");
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			    -1, 0);

	if (memory == MAP_FAILED) {
		puts("1 TiB: refused");
		return 0;
	}
	tell("1 TiB is mapped:");
	for (size_t i = 0; i < 10 << 20; i += 4096)
		memory[i] = 1;
	tell("10 MiB are written:");
	madvise(memory, 10 << 20, MADV_DONTNEED);
	tell("and given back:");
	munmap(memory, size);
	tell("unmapped:");
	return 0;
}
