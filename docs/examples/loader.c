/* SPDX-License-Identifier: MIT */
/* loader.c - what the loader brought in: each object of the process, and its segments. */
#include <link.h>
#include <stdio.h>
#include <string.h>

static int show(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *slash = strrchr(info->dlpi_name, '/');

	(void)size;
	printf("%s\n", slash != NULL ? slash + 1 : *(int *)arg == 0 ? "the program itself" : info->dlpi_name);
	++*(int *)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD)
			printf("  %c%c%c %8lu bytes from the file, %8lu in memory%s\n",
			       part->p_flags & PF_R ? 'r' : '-', part->p_flags & PF_W ? 'w' : '-',
			       part->p_flags & PF_X ? 'x' : '-', (unsigned long)part->p_filesz,
			       (unsigned long)part->p_memsz,
			       part->p_memsz > part->p_filesz ? ": the rest is zero" : "");
	}
	return 0;
}

int main(void)
{
	int objects = 0;

	dl_iterate_phdr(show, &objects);
	return 0;
}
