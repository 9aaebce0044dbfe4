/* SPDX-License-Identifier: MIT */
/*
 * measure.c - runs a command and tells how long it took, how much memory it held and how it ended.
 *
 *   measure SECONDS OUTPUT ERRORS COMMAND [ARG...]
 *
 * The command's standard output and error go to the files OUTPUT and ERRORS, its standard input is empty.
 * When it has ended, one line on standard output says
 *
 *   WALL RSS END
 *
 * where WALL is in seconds, RSS is the peak resident set in KiB of the largest among the command's processes,
 * and END is "exit:N", "signal:N", or "timeout" if it was killed after SECONDS. The command is a process group
 * of its own, which ends as a whole with the command or with measure. measure is small on purpose: the
 * kernel counts a process's memory from fork on, so what measure holds is the least that RSS can be.
 *
 * Exits with 0 if the command ran, however it ended; with 1 if it could not be run or measured.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Opens `path` as the descriptor `fd`. */
static bool redirect(int fd, const char *path, int flags)
{
	int opened = open(path, flags, 0666);

	return opened >= 0 && dup2(opened, fd) >= 0 && close(opened) == 0;
}

/* In the child: becomes the command. Otherwise leaves errno in the pipe `report` and exits. */
static void become(char **command, const char *output, const char *errors, const sigset_t *mask, int report)
{
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (redirect(STDIN_FILENO, "/dev/null", O_RDONLY) &&
	    redirect(STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC) &&
	    redirect(STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_TRUNC))
		execvp(command[0], command);
	_exit(write(report, &errno, sizeof errno) == (ssize_t)sizeof errno ? 0 : 1);
}

/* Waits until the child `pid` has ended, but kills its group after `seconds`, or when measure itself is
 * asked to end by one of the signals in `awaited`. Returns whether the time ran out. */
static bool wait_for(pid_t pid, double seconds, const sigset_t *awaited)
{
	double end = now() + seconds;

	for (;;) {
		double left = end - now();
		struct timespec limit = {0};
		siginfo_t child = {0};
		int number;

		if (waitid(P_PID, (id_t)pid, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid == pid)
			return false;
		if (left <= 0)
			break;
		limit.tv_sec = (time_t)left;
		limit.tv_nsec = (long)((left - (double)limit.tv_sec) * 1e9);
		number = sigtimedwait(awaited, NULL, &limit);
		if (number > 0 && number != SIGCHLD) {
			kill(-pid, SIGKILL);
			_exit(128 + number);
		}
	}
	kill(-pid, SIGKILL);
	return true;
}

int main(int argc, char **argv)
{
	sigset_t awaited, mask;
	struct rusage usage;
	int report[2], status, error;
	bool timed_out;
	double start, wall;
	pid_t pid;

	if (argc < 5) {
		fputs("Usage: measure SECONDS OUTPUT ERRORS COMMAND [ARG...]\n", stderr);
		return 2;
	}
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGHUP);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGTERM);
	sigprocmask(SIG_BLOCK, &awaited, &mask);
	if (pipe2(report, O_CLOEXEC) != 0)
		fail("pipe");
	start = now();
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		become(argv + 4, argv[2], argv[3], &mask, report[1]);
	setpgid(pid, pid);
	close(report[1]);
	timed_out = wait_for(pid, atof(argv[1]), &awaited);
	if (wait4(pid, &status, 0, &usage) != pid)
		fail("wait4");
	wall = now() - start;
	kill(-pid, SIGKILL); /* what the command left behind */
	if (read(report[0], &error, sizeof error) == (ssize_t)sizeof error) {
		errno = error;
		fail(argv[4]);
	}
	printf("%.6f %ld ", wall, usage.ru_maxrss);
	if (timed_out)
		puts("timeout");
	else if (WIFSIGNALED(status))
		printf("signal:%d\n", WTERMSIG(status));
	else
		printf("exit:%d\n", WEXITSTATUS(status));
	return fflush(stdout) == 0 ? 0 : 1;
}
