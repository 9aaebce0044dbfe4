/* SPDX-License-Identifier: MIT */
/* child.c - see child.h. */
#include <config.h>

#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

static volatile pid_t child;
static sigset_t mask_before;

static const int handed_on[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM};
static const int of_terminal[] = {SIGINT, SIGQUIT};

enum { HANDED_ON = sizeof(handed_on) / sizeof(handed_on[0]) };
enum { OF_TERMINAL = sizeof(of_terminal) / sizeof(of_terminal[0]) };

/* What these signals did before. */
static struct sigaction handed_on_before[HANDED_ON], of_terminal_before[OF_TERMINAL];

static void hand_on(int number)
{
	int saved = errno;

	if (child > 0)
		kill(child, number);
	errno = saved;
}

static void set_signals(void)
{
	struct sigaction action = {.sa_handler = hand_on, .sa_flags = SA_RESTART};

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < HANDED_ON; i++)
		if (sigaction(handed_on[i], NULL, &handed_on_before[i]) == 0 &&
		    handed_on_before[i].sa_handler != SIG_IGN)
			sigaction(handed_on[i], &action, NULL);
	action.sa_handler = SIG_IGN;
	for (size_t i = 0; i < OF_TERMINAL; i++)
		sigaction(of_terminal[i], &action, &of_terminal_before[i]);
}

static void reset_signals(void)
{
	for (size_t i = 0; i < HANDED_ON; i++)
		sigaction(handed_on[i], &handed_on_before[i], NULL);
	for (size_t i = 0; i < OF_TERMINAL; i++)
		sigaction(of_terminal[i], &of_terminal_before[i], NULL);
}

int child_run(int (*execute)(const char *path, char **argv), const char *path, char **argv)
{
	sigset_t all;
	siginfo_t info;
	int status;

	/* A signal that comes before the child is known waits. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask_before);
	child = fork();
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &mask_before, NULL);
		_exit(execute(path, argv));
	}
	if (child < 0)
		fail(EXIT_OWN_FAILURE, "can't make a process: %s", strerror(errno));
	set_signals();
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	/* It keeps its number until nothing is handed on any more. */
	while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			fail(EXIT_OWN_FAILURE, "can't wait for the program: %s", strerror(errno));
	sigprocmask(SIG_BLOCK, &all, NULL);
	reset_signals();
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail(EXIT_OWN_FAILURE, "can't wait for the program: %s", strerror(errno));
	return status;
}

void child_forget(void)
{
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

int child_end_as(int status)
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
