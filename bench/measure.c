/* SPDX-License-Identifier: MIT */
/*
 * measure.c - ma-measure: runs a program on a given malloc and tells what that cost. Part of `ma bench`.
 *
 *   ma-measure REPORT FLAGS SECONDS REPEAT LIBRARY OUTPUT ERRORS COMMAND [ARG...]
 *
 *   REPORT    descriptor of the shared memory that the results go to (see report.h)
 *   FLAGS     t  count system calls for memory, and take neither times nor samples seriously
 *             c  the program's children count in the memory over time
 *             d  have the dynamic loader tell, where LD_DEBUG_OUTPUT says, what it binds
 *             r  the program is a workload that gets REPORT too
 *             -  nothing
 *   SECONDS   after which the program is killed
 *   REPEAT    how many times to run it, one after the other
 *   LIBRARY   what to preload
 *   OUTPUT, ERRORS  files for the program's standard output and error; its standard input is empty. A program that
 *             prints without an end is killed, as one that takes too long is: the files are compared, and so kept. To
 *             read pipes instead would take a processor's time while the program is timed.
 *
 * It is a program of its own, and small, because the kernel counts a process's peak memory from fork on: what
 * the parent holds is the least that it can be. `ma bench` itself holds more than a small program does.
 *
 * The command is a process group of its own. All of it is killed when the command has ended or takes too long,
 * and when ma-measure is asked to end; the kernel sees to the command itself if ma-measure is killed.
 * The exit status is 0 if the report is filled in, however the program ended.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

/* Places in the argument vector. */
enum { ARG_REPORT = 1, ARG_FLAGS, ARG_SECONDS, ARG_REPEAT, ARG_LIBRARY, ARG_OUTPUT, ARG_ERRORS, ARG_COMMAND };

struct request {
	bool trace, tree, debug, tell;
	int report_fd;
	double seconds;
	unsigned repeat;
	const char *library, *output, *errors;
	char **command;
};

static struct report *report;
static sigset_t awaited, inherited_mask;

/* The group that is killed when time is over, for the signal handler; 0 for none. */
static volatile sig_atomic_t running_group;
static volatile sig_atomic_t timed_out, printed_too_much;

/* What the handler looks at every so often. */
static double deadline;
static const char *output_files[2];
enum { LOOK_EVERY_US = 20000 };

static void fail(const char *what)
{
	fprintf(stderr, "ma-measure: %s: %s\n", what, strerror(errno));
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

	return opened >= 0 && dup2(opened, fd) >= 0 && (opened == fd || close(opened) == 0);
}

static bool set_environment(const struct request *request)
{
	char number[16];

	if (setenv("LD_PRELOAD", request->library, 1) != 0)
		return false;
	if (request->debug && setenv("LD_DEBUG", "bindings", 1) != 0)
		return false;
	if (!request->tell)
		return true;
	snprintf(number, sizeof number, "%d", request->report_fd);
	return setenv(REPORT_VARIABLE, number, 1) == 0;
}

/* In the child: becomes the command, once the parent closed its end of `go`. Otherwise leaves errno in the
 * pipe `failure`. */
static void become(const struct request *request, int go, int failure)
{
	char byte;
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, &inherited_mask, NULL);
	while (read(go, &byte, 1) < 0 && errno == EINTR)
		;
	if (fcntl(request->report_fd, F_SETFD, request->tell ? 0 : FD_CLOEXEC) == 0 &&
	    redirect(STDIN_FILENO, "/dev/null", O_RDONLY) &&
	    redirect(STDOUT_FILENO, request->output, O_WRONLY | O_CREAT | O_TRUNC) &&
	    redirect(STDERR_FILENO, request->errors, O_WRONLY | O_CREAT | O_TRUNC) &&
	    set_environment(request) && (!request->trace || trace_install_filter()))
		execvp(request->command[0], request->command);
	error = errno;
	_exit(write(failure, &error, sizeof error) == (ssize_t)sizeof error ? 0 : 1);
}

static bool has_printed_too_much(void)
{
	struct stat status;

	for (size_t i = 0; i < 2; i++)
		if (stat(output_files[i], &status) == 0 && status.st_size > (off_t)REPORT_OUTPUT_MIB << 20)
			return true;
	return false;
}

static void on_look(int number)
{
	int saved = errno;

	(void)number;
	if (has_printed_too_much())
		printed_too_much = 1;
	else if (now() >= deadline)
		timed_out = 1;
	if ((printed_too_much || timed_out) && running_group > 0)
		kill(-running_group, SIGKILL);
	errno = saved;
}

/* Ends with the command when asked to. */
static void on_request_to_end(int number)
{
	if (running_group > 0)
		kill(-running_group, SIGKILL);
	_exit(128 + number);
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	if (sigaction(number, &action, NULL) != 0)
		fail("sigaction");
}

static void set_up_signals(const struct request *request)
{
	const struct itimerval timer = {{.tv_usec = LOOK_EVERY_US}, {.tv_usec = LOOK_EVERY_US}};

	deadline = now() + request->seconds;
	output_files[0] = request->output;
	output_files[1] = request->errors;
	for (size_t i = 0; i < 2; i++)
		unlink(output_files[i]); /* what the last run left there is not this one's */
	handle(SIGALRM, on_look);
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		handle(SIGHUP, on_request_to_end);
	handle(SIGINT, on_request_to_end);
	handle(SIGTERM, on_request_to_end);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &awaited, &inherited_mask);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Takes samples until the child `pid` has ended. */
static int watch_until_end(pid_t pid, struct sampler *sampler, struct rusage *usage)
{
	int status;

	for (;;) {
		pid_t ended = wait4(pid, &status, WNOHANG, usage);
		double time = now();
		double left = sampler->next - time;
		struct timespec limit = {0};

		if (ended == pid)
			return status;
		if (ended < 0 && errno != EINTR)
			fail("wait4");
		if (left > 0) {
			limit.tv_nsec = (long)(left * 1e9) % 1000000000L;
			sigtimedwait(&awaited, NULL, &limit);
		} else {
			sampler_tick(sampler, pid, time);
		}
	}
}

static void tell_end(int status)
{
	struct report_measured *measured = &report->measured;

	if (printed_too_much) {
		measured->end = END_OUTPUT;
	} else if (timed_out) {
		measured->end = END_TIMEOUT;
	} else if (WIFSIGNALED(status)) {
		measured->end = END_SIGNAL;
		measured->end_value = WTERMSIG(status);
	} else {
		measured->end = END_EXIT;
		measured->end_value = WEXITSTATUS(status);
	}
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void add_usage(const struct rusage *usage, double wall)
{
	struct report_measured *measured = &report->measured;

	measured->wall += wall;
	measured->user += seconds_of(usage->ru_utime);
	measured->system += seconds_of(usage->ru_stime);
	measured->minor_faults += (uint64_t)usage->ru_minflt;
	measured->major_faults += (uint64_t)usage->ru_majflt;
	if ((uint64_t)usage->ru_maxrss > measured->peak_kib)
		measured->peak_kib = (uint64_t)usage->ru_maxrss;
}

/* Runs the command once. Returns whether it ended well. */
static bool run_once(const struct request *request)
{
	struct report_measured *measured = &report->measured;
	int go[2], failure[2], status;
	struct rusage usage = {0};
	struct sampler sampler;
	double start, wall;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		close(go[1]);
		become(request, go[0], failure[1]);
	}
	setpgid(pid, pid);
	running_group = pid;
	close(failure[1]);
	if (request->trace && !trace_seize(pid)) {
		kill(pid, SIGKILL);
		fail("can't trace");
	}
	start = now();
	close(go[1]);
	sampler_start(&sampler, report, request->tree, start);
	status = request->trace ? trace_until_end(pid, measured) : watch_until_end(pid, &sampler, &usage);
	wall = now() - start;
	kill(-pid, SIGKILL); /* what the command left behind */
	running_group = 0;
	add_usage(&usage, wall);
	tell_end(status);
	if (read(failure[0], &measured->end_value, sizeof measured->end_value) ==
	    (ssize_t)sizeof measured->end_value)
		measured->end = END_NOT_RUN;
	close(go[0]);
	close(failure[0]);
	return measured->end == END_EXIT && measured->end_value == 0;
}

static void divide(unsigned by)
{
	struct report_measured *measured = &report->measured;

	measured->wall /= by;
	measured->user /= by;
	measured->system /= by;
	measured->minor_faults /= by;
	measured->major_faults /= by;
	for (unsigned i = 0; i < CALLS; i++)
		measured->calls[i] /= by;
}

int main(int argc, char **argv)
{
	struct request request;

	if (argc <= ARG_COMMAND) {
		fputs("ma-measure is a part of `ma bench`; see ma-bench(1)\n", stderr);
		return 2;
	}
	request = (struct request){
		.trace = strchr(argv[ARG_FLAGS], 't') != NULL,
		.tree = strchr(argv[ARG_FLAGS], 'c') != NULL,
		.debug = strchr(argv[ARG_FLAGS], 'd') != NULL,
		.tell = strchr(argv[ARG_FLAGS], 'r') != NULL,
		.report_fd = atoi(argv[ARG_REPORT]),
		.seconds = atof(argv[ARG_SECONDS]),
		.repeat = (unsigned)atoi(argv[ARG_REPEAT]),
		.library = argv[ARG_LIBRARY],
		.output = argv[ARG_OUTPUT],
		.errors = argv[ARG_ERRORS],
		.command = argv + ARG_COMMAND,
	};
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", O_RDWR); /* no pipe of ours shall have its place */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED, request.report_fd, 0);
	if (report == MAP_FAILED)
		fail("mmap");
	set_up_signals(&request);
	for (unsigned i = 0; i < request.repeat; i++) {
		if (!run_once(&request))
			return 0;
	}
	divide(request.repeat > 0 ? request.repeat : 1);
	return 0;
}
