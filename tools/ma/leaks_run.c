/* SPDX-License-Identifier: MIT */
/*
 * leaks_run.c - the leaks of a program that ma runs: each of its processes writes its leak report to a file of its own
 * in a folder of ours, and when the program has ended one report is made of them.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "environment.h"
#include "file.h"
#include "leaks.h"
#include "message.h"

static int by_number(const void *a, const void *b)
{
	const struct leak_process *left = a, *right = b;

	return (left->process > right->process) - (left->process < right->process);
}

void leaks_collect(struct leak_report *report, char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	while (entries != NULL && (entry = readdir(entries)) != NULL) {
		FILE *file;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(entries), entry->d_name, O_RDONLY | O_CLOEXEC);
		file = fd < 0 ? NULL : fdopen(fd, "r");
		/* One that has a suffix is not written to its end: its process was killed. */
		if (file != NULL && strchr(entry->d_name, '.') == NULL && !leaks_read(report, file))
			complain("warning: the leak report of process %s can't be read", entry->d_name);
		if (file != NULL)
			fclose(file);
	}
	if (entries != NULL)
		closedir(entries);
	file_remove_folder(folder);
	free(folder);
	if (report->processes > 0)
		qsort(report->process, report->processes, sizeof(report->process[0]), by_number);
}

static bool wants_json(const char *name)
{
	size_t length = strlen(name);

	return length >= 5 && strcmp(name + length - 5, ".json") == 0;
}

static bool write_report(const struct leak_report *report, const char *name)
{
	FILE *file = strcmp(name, "-") == 0 ? stderr : file_create(name);

	if (file == NULL) {
		complain("can't write the leak report '%s': %s", name, strerror(errno));
		return false;
	}
	if (wants_json(name))
		leaks_write_json(report, file);
	else
		leaks_write_text(report, file);
	if (file_close(file))
		return true;
	complain("can't write the leak report '%s': %s", name, strerror(errno));
	return false;
}

char *leaks_begin(void)
{
	char *folder = file_temporary("ma-leaks.XXXXXX");
	char *option;
	int error;

	if (mkdtemp(folder) == NULL)
		fail(EXIT_OWN_FAILURE, "can't make a folder for leak reports, '%s': %s", folder,
		     strerror(errno));
	error = file_check_room(folder);
	if (error != 0) {
		rmdir(folder);
		fail(EXIT_OWN_FAILURE, "can't write leak reports in '%s': %s", folder, strerror(error));
	}
	option = text_format("%s/%%p", folder);
	environment_option("leaks", option);
	free(option);
	return folder;
}

uint64_t leaks_end(const struct leaks_request *request, struct leak_report *report, int ended, bool *failed)
{
	if (report->processes == 0 && WIFEXITED(ended) && WEXITSTATUS(ended) < EXIT_OWN_FAILURE)
		complain("warning: no leak report: the program did not run on libma, or ended by _exit()");
	leaks_find_symbols(report);
	leaks_suppress(report, request->suppressions);
	*failed = report->processes > 0 && !write_report(report, request->file);
	return leaks_count(report);
}
