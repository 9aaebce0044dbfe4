/* SPDX-License-Identifier: MIT */
/*
 * leaks_run.c - runs a program in a child, each of whose processes writes its leak report to a file of its own in a
 * folder of ours, and makes one report of them when the program has ended.
 *
 * ma must outlive the program, so unlike otherwise the program does not take its place. Signals from the terminal reach
 * both, and are the program's business; what is sent to ma alone is handed on to it. ma ends as the program does.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "environment.h"
#include "leaks.h"
#include "message.h"

static volatile pid_t child;

static const int handed_on[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM};
static const int of_terminal[] = {SIGINT, SIGQUIT};

static void hand_on(int number)
{
	int saved = errno;

	if (child > 0)
		kill(child, number);
	errno = saved;
}

/* What the program shall find as it was. */
static void set_signals(void)
{
	struct sigaction action = {.sa_handler = hand_on, .sa_flags = SA_RESTART}, found;

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++)
		if (sigaction(handed_on[i], NULL, &found) == 0 && found.sa_handler != SIG_IGN)
			sigaction(handed_on[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	for (size_t i = 0; i < sizeof(of_terminal) / sizeof(of_terminal[0]); i++)
		sigaction(of_terminal[i], &action, NULL);
}

/* Runs the program, and returns how it ended. */
static int run_child(int (*execute)(const char *path, char **argv), const char *path, char **argv)
{
	sigset_t all, old;
	int status;

	/* A signal that comes before the child is known waits. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	child = fork();
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		_exit(execute(path, argv));
	}
	if (child < 0)
		fail(EXIT_OWN_FAILURE, "can't start a process: %s", strerror(errno));
	set_signals();
	sigprocmask(SIG_SETMASK, &old, NULL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail(EXIT_OWN_FAILURE, "can't wait for the program: %s", strerror(errno));
	return status;
}

static int by_number(const void *a, const void *b)
{
	const struct leak_process *left = a, *right = b;

	return (left->process > right->process) - (left->process < right->process);
}

/* Reads the reports in `folder`, and removes them with it. */
static void collect(struct leak_report *report, const char *folder)
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
		unlinkat(dirfd(entries), entry->d_name, 0);
	}
	if (entries != NULL)
		closedir(entries);
	rmdir(folder);
	if (report->processes > 0)
		qsort(report->process, report->processes, sizeof(report->process[0]), by_number);
}

static bool wants_json(const char *name)
{
	size_t length = strlen(name);

	return length >= 5 && strcmp(name + length - 5, ".json") == 0;
}

static void write_report(const struct leak_report *report, const char *name)
{
	FILE *file = strcmp(name, "-") == 0 ? stderr : fopen(name, "we");

	if (file == NULL) {
		complain("can't write the leak report '%s': %s", name, strerror(errno));
		return;
	}
	if (wants_json(name))
		leaks_write_json(report, file);
	else
		leaks_write_text(report, file);
	if ((file == stderr ? fflush(file) : fclose(file)) != 0)
		complain("can't write the leak report '%s': %s", name, strerror(errno));
}

/* Ends as the program has ended; returns its exit status if that was one. */
static int end_as(int status)
{
	const struct rlimit none = {0, 0};
	sigset_t only;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &none); /* the program has left one, if it was to */
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int leaks_run(const struct leaks_request *request, int (*execute)(const char *path, char **argv),
	      const char *path, char **argv)
{
	const char *temporary = getenv("TMPDIR");
	char *folder = text_format("%s/ma-leaks.XXXXXX",
				   temporary != NULL && *temporary == '/' ? temporary : "/tmp");
	struct leak_report report = {0};
	char *option;
	int status;

	if (strpbrk(folder, ",%") != NULL)
		fail(EXIT_OWN_FAILURE, "TMPDIR may have no ',' or '%%' in its name here: '%s'", temporary);
	if (mkdtemp(folder) == NULL)
		fail(EXIT_OWN_FAILURE, "can't make a folder for leak reports, '%s': %s", folder,
		     strerror(errno));
	option = text_format("%s/%%p", folder);
	environment_option("leaks", option);
	status = run_child(execute, path, argv);
	collect(&report, folder);
	free(option);
	free(folder);
	if (report.processes == 0 && WIFEXITED(status) && WEXITSTATUS(status) < EXIT_OWN_FAILURE)
		complain("warning: no leak report: the program did not run on libma, or ended by _exit()");
	leaks_find_symbols(&report);
	leaks_suppress(&report, request->suppressions);
	if (report.processes > 0)
		write_report(&report, request->file);
	if (request->exit_status >= 0 && leaks_count(&report) > 0)
		return request->exit_status;
	return end_as(status);
}
