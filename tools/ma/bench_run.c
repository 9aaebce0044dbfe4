/* SPDX-License-Identifier: MIT */
/*
 * bench_run.c - one run of `ma bench`: a workload under an allocator, in a process of its own.
 *
 * ma-measure starts the program and fills in the report, which is memory that we share with it. Each run is
 * checked: the program must have ended well, a workload of ours must have got malloc from the allocator's
 * library, and what was done or printed must be the same under all allocators.
 * A real program's library is looked at in the first of its runs, which is not timed: see bench_proof.c.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "file.h"
#include "message.h"
#include "place.h"

enum { FIRST_ARGUMENTS = 8, LONGEST_LINE = 4096, OPEN_FOLDERS = 16 };

/* Less live memory than this says nothing of what an allocator adds to it. */
static const double least_live = 1 << 20;

static volatile sig_atomic_t interrupted_by;

/* The folder that is removed at exit. */
static char *folder_to_remove;

static void on_interrupt(int number)
{
	interrupted_by = number;
}

bool bench_is_interrupted(void)
{
	return interrupted_by != 0;
}

void bench_check_interrupt(void)
{
	if (interrupted_by == 0)
		return;
	bench_close();
	if (is_terminal(stderr))
		fputs("\r\033[K", stderr); /* the progress */
	fflush(stderr);
	signal(interrupted_by, SIG_DFL);
	raise(interrupted_by);
}

static int remove_file(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

void bench_close(void)
{
	if (folder_to_remove == NULL)
		return;
	nftw(folder_to_remove, remove_file, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	free(folder_to_remove);
	folder_to_remove = NULL;
}

static void make_folders(struct bench *bench)
{
	const char *parent = getenv("TMPDIR");
	int error;

	bench->folder = text_format("%s/ma-bench.XXXXXX", parent != NULL && *parent == '/' ? parent : "/tmp");
	if (mkdtemp(bench->folder) == NULL)
		fail(EXIT_OWN_FAILURE, "can't make the folder '%s': %s", bench->folder, strerror(errno));
	folder_to_remove = text_format("%s", bench->folder);
	atexit(bench_close);
	error = file_check_room(bench->folder);
	if (error != 0)
		fail(EXIT_OWN_FAILURE, "can't write in the folder '%s': %s", bench->folder, strerror(error));
	bench->work = text_format("%s/work", bench->folder);
	if (mkdir(bench->work, 0777) != 0)
		fail(EXIT_OWN_FAILURE, "can't make the folder '%s': %s", bench->work, strerror(errno));
}

static char *find_part(const char *name)
{
	char *path = place_find(name, "bench", MA_PKGLIBEXECDIR);

	if (path == NULL)
		fail(EXIT_OWN_FAILURE, "%s is neither beside ma nor in '%s'", name, MA_PKGLIBEXECDIR);
	return path;
}

void bench_open(struct bench *bench)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action = {.sa_handler = on_interrupt}, had;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (sigaction(ends[i], NULL, &had) == 0 && had.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
	bench->measurer = find_part("ma-measure");
	bench->workloads = find_part("ma-workload");
	make_folders(bench); /* first, as it tells of limits that the report meets, too */
	bench->report_fd = memfd_create("ma-bench", 0);
	if (bench->report_fd < 0 || ftruncate(bench->report_fd, sizeof *bench->report) != 0)
		fail(EXIT_OWN_FAILURE, "can't make shared memory: %s", strerror(errno));
	bench->report = mmap(NULL, sizeof *bench->report, PROT_READ | PROT_WRITE, MAP_SHARED,
			     bench->report_fd, 0);
	if (bench->report == MAP_FAILED)
		fail(EXIT_OWN_FAILURE, "can't map shared memory: %s", strerror(errno));
	/* Neither ma's own programs nor those that make inputs are to run on anything special. */
	unsetenv("LD_PRELOAD");
}

void bench_set_environment(const struct bench *bench)
{
	static const char *const variables[][2] = {
		{"LC_ALL", "C"},
		{"TZ", "UTC"},
		{"PYTHONHASHSEED", "0"},
		{"PYTHONDONTWRITEBYTECODE", "1"},
		{"PERL_HASH_SEED", "0"},
		{"GIT_CONFIG_NOSYSTEM", "1"},
		{"GIT_AUTHOR_NAME", "A"},
		{"GIT_AUTHOR_EMAIL", "a@example.org"},
		{"GIT_COMMITTER_NAME", "A"},
		{"GIT_COMMITTER_EMAIL", "a@example.org"},
	};

	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
		setenv(variables[i][0], variables[i][1], 1);
	setenv("HOME", bench->work, 1);
	setenv("TMPDIR", bench->folder, 1);
	unsetenv("GIT_DIR");
	unsetenv("GIT_WORK_TREE");
	unsetenv("GIT_INDEX_FILE");
}

char *bench_file(const struct bench *bench, const char *name)
{
	return text_format("%s/%s", bench->folder, name);
}

/* In the child: becomes ma-measure. */
__attribute__((noreturn)) static void become(const struct bench *bench, char **argv, bool in_folder)
{
	char *bindings = bench_file(bench, "bindings");

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setenv("LD_DEBUG_OUTPUT", bindings, 1);
	if (in_folder) {
		bench_set_environment(bench);
		if (chdir(bench->work) != 0)
			_exit(EXIT_CANNOT_RUN);
	}
	execv(bench->measurer, argv);
	_exit(EXIT_CANNOT_RUN);
}

/* Waits for ma-measure, which gets the signals that we get. */
static bool wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
		if (interrupted_by != 0)
			kill(pid, SIGTERM);
	}
	bench_check_interrupt();
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool bench_measure(const struct bench *bench, const char *flags, const struct bench_allocator *allocator,
		   unsigned repeat, char *const *command, bool in_folder)
{
	char *first[] = {
		bench->measurer,
		text_format("%d", bench->report_fd),
		text_format("%s", flags),
		text_format("%g", bench->options.time_limit),
		text_format("%u", repeat),
		allocator->preload,
		bench_file(bench, "output"),
		bench_file(bench, "errors"),
	};
	size_t words = 0;
	char **argv;
	pid_t pid;
	bool measured;

	while (command[words] != NULL)
		words++;
	argv = bench_memory(FIRST_ARGUMENTS + words + 1, sizeof *argv);
	memcpy(argv, first, sizeof first);
	memcpy(argv + FIRST_ARGUMENTS, command, words * sizeof *argv);
	memset(bench->report, 0, sizeof *bench->report);
	bench->report->told.figure = -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(bench, argv, in_folder);
	measured = pid > 0 && wait_for(pid);
	for (size_t i = 1; i < FIRST_ARGUMENTS; i++) {
		if (first[i] != allocator->preload)
			free(first[i]);
	}
	free(argv);
	return measured;
}

/* Returns the line of what the program wrote on standard error that tells most, to be freed; "" if there is none:
 * the first one, or the last one of a traceback. */
static char *said(const struct bench *bench)
{
	char *path = bench_file(bench, "errors");
	char line[LONGEST_LINE], *best = text_format("%s", "");
	FILE *file = fopen(path, "r");
	bool traceback = false;

	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || (*best != '\0' && !traceback))
			continue;
		traceback = traceback || strncmp(line, "Traceback", 9) == 0;
		free(best);
		best = text_format(": %s", line);
	}
	if (file != NULL)
		fclose(file);
	free(path);
	return best;
}

char *bench_run_failure(const struct bench *bench)
{
	const struct report_measured *measured = &bench->report->measured;
	char *failure = NULL, *words;

	if (measured->end == END_EXIT && measured->end_value == 0)
		return NULL;
	if (bench->report->told.complaint[0] != '\0')
		return text_format("%s", bench->report->told.complaint);
	words = said(bench);
	switch (measured->end) {
	case END_EXIT:
		failure = text_format("exit status %d%s", measured->end_value, words);
		break;
	case END_SIGNAL:
		failure = text_format("killed by signal %d, %s%s", measured->end_value,
				      strsignal(measured->end_value), words);
		break;
	case END_TIMEOUT:
		failure = text_format("took longer than %g s", bench->options.time_limit);
		break;
	case END_OUTPUT:
		failure =
			text_format("printed more than %d MiB: send that to /dev/null, as in: ma bench sh -c "
				    "'PROGRAM >/dev/null'",
				    REPORT_OUTPUT_MIB);
		break;
	case END_NOT_RUN:
		failure = text_format("can't be run: %s", strerror(measured->end_value));
		break;
	case END_UNKNOWN:
		failure = text_format("ma-measure failed");
		break;
	}
	free(words);
	return failure;
}

/* FNV-1a, of the program's output. */
static uint64_t checksum_of_output(const struct bench *bench)
{
	char *path = bench_file(bench, "output");
	unsigned char buffer[1 << 16];
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	FILE *file = fopen(path, "r");
	size_t length;

	while (file != NULL && (length = fread(buffer, 1, sizeof buffer, file)) > 0) {
		for (size_t i = 0; i < length; i++)
			sum = (sum ^ buffer[i]) * UINT64_C(0x100000001b3);
	}
	if (file != NULL)
		fclose(file);
	free(path);
	return sum;
}

/* Returns what is wrong with what was done or printed, to be freed, or NULL. */
static char *check_work(struct bench *bench, struct bench_job *job, size_t allocator)
{
	bool ours = job->workload->needs == NULL;
	uint64_t sum;

	if ((job->workload->flags & ANY_OUTPUT) != 0)
		return NULL;
	sum = ours ? bench->report->told.checksum : checksum_of_output(bench);
	if (!job->has_checksum) {
		job->checksum = sum;
		job->checked_by = allocator;
		job->has_checksum = true;
	}
	if (sum == job->checksum)
		return NULL;
	return text_format("%s than with %s", ours ? "did other work" : "printed something else",
			   bench->allocators[job->checked_by].name);
}

/* Returns why it is not the allocator that served the run, to be freed, or NULL if it is. */
static char *check_server(const struct bench *bench, const struct bench_job *job, size_t allocator,
			  enum bench_pass pass)
{
	const struct report_told *told = &bench->report->told;

	if (job->workload->needs != NULL)
		return pass == PASS_PROOF ? bench_check_bindings(bench, &bench->allocators[allocator]) : NULL;
	if (bench_is_library(&bench->allocators[allocator], told->server))
		return NULL;
	return text_format("malloc came from '%s'", told->server);
}

/* Returns the mean of resident over live memory: while the workload called itself steady, or else while it held at
 * least half of the most that it ever held. */
static double over_live(const struct report_measured *measured)
{
	double most = 0, sum = 0;
	unsigned count = 0;
	bool steady = false;

	for (uint32_t i = 0; i < measured->samples; i++) {
		most = fmax(most, (double)measured->sample[i].live);
		steady = steady || measured->sample[i].steady != 0;
	}
	for (uint32_t i = 0; i < measured->samples && most >= least_live; i++) {
		const struct report_sample *sample = &measured->sample[i];

		if (steady ? sample->steady == 0 : (double)sample->live < most / 2)
			continue;
		sum += (double)sample->resident / (double)sample->live;
		count++;
	}
	return count > 0 ? sum / count : NAN;
}

static void keep_latency(double *value, enum bench_metric first, const struct report_latency *latency)
{
	if (latency->count == 0)
		return;
	value[first] = latency->p50;
	value[first + 1] = latency->p99;
	value[first + 2] = latency->p999;
	value[first + 3] = latency->max;
}

/* Puts what the report says into the round's values. */
static void keep_values(const struct bench_job *job, const struct bench_result *result,
			const struct report *report, double *value)
{
	const struct report_measured *measured = &report->measured;
	const struct report_told *told = &report->told;
	unsigned flags = job->workload->flags;
	double calls = 0;

	for (unsigned i = 0; i < CALLS; i++)
		calls += (double)result->calls[i];
	value[METRIC_WALL] = measured->wall - told->idle;
	value[METRIC_USER] = measured->user;
	value[METRIC_SYSTEM] = measured->system;
	value[METRIC_RSS] = (double)measured->peak_kib;
	value[METRIC_FAULTS] = (double)(measured->minor_faults + measured->major_faults);
	if (result->traced)
		value[METRIC_CALLS] = calls;
	if (job->workload->needs == NULL)
		value[METRIC_OVER_LIVE] = over_live(measured);
	if ((flags & FIGURE_LEFT) != 0 && told->figure >= 0)
		value[METRIC_LEFT] = told->figure;
	if ((flags & FIGURE_CROWD) != 0 && told->figure >= 0)
		value[METRIC_CROWD] = told->figure;
	if ((flags & FIGURE_BLOCKS) != 0 && told->figure >= 0)
		value[METRIC_BLOCKS] = told->figure;
	keep_latency(value, METRIC_MALLOC_P50, &told->latency[OPERATION_MALLOC]);
	keep_latency(value, METRIC_FREE_P50, &told->latency[OPERATION_FREE]);
}

/* The memory over time is kept of one round alone. */
static void keep_samples(struct bench_result *result, const struct report_measured *measured)
{
	if (result->sample != NULL)
		return;
	result->samples = measured->samples;
	result->sample = bench_memory(measured->samples, sizeof *result->sample);
	memcpy(result->sample, measured->sample, measured->samples * sizeof *result->sample);
}

/* Returns ma-measure's flags for the job. */
static const char *flags_of(const struct bench *bench, const struct bench_job *job, enum bench_pass pass)
{
	bool ours = job->workload->needs == NULL;

	if (pass == PASS_TIMED)
		return ours ? "r" : "c";
	if (bench->options.trace)
		return ours ? "rt" : "dt";
	return ours ? "r" : "d";
}

/* Measures the job, without tracing it if that can't be done here. */
static bool measure(struct bench *bench, const struct bench_job *job, size_t allocator, enum bench_pass pass)
{
	bool repeated = (job->workload->flags & REPEATED) != 0 && pass == PASS_TIMED;
	unsigned repeat = repeated ? bench->options.repeat : 1;
	bool in_folder = job->workload->group != GROUP_COMMAND;
	const struct bench_allocator *served_by = &bench->allocators[allocator];

	if (bench_measure(bench, flags_of(bench, job, pass), served_by, repeat, job->command, in_folder))
		return true;
	if (pass != PASS_PROOF || !bench->options.trace)
		return false;
	complain("warning: programs can't be traced here, so their system calls are not counted");
	bench->options.trace = false;
	return bench_measure(bench, flags_of(bench, job, pass), served_by, repeat, job->command, in_folder);
}

void bench_run(struct bench *bench, struct bench_job *job, size_t allocator, enum bench_pass pass,
	       unsigned round)
{
	struct bench_result *result = &job->results[allocator];
	const struct report_measured *measured = &bench->report->measured;

	if (!measure(bench, job, allocator, pass)) {
		result->failure = text_format("ma-measure failed");
		return;
	}
	result->failure = bench_run_failure(bench);
	if (result->failure == NULL)
		result->failure = check_server(bench, job, allocator, pass);
	if (result->failure == NULL)
		result->failure = check_work(bench, job, allocator);
	if (result->failure != NULL)
		return;
	if (pass == PASS_PROOF) {
		result->traced = measured->traced != 0;
		memcpy(result->calls, measured->calls, sizeof result->calls);
		return;
	}
	keep_values(job, result, bench->report, result->value[round]);
	keep_samples(result, measured);
}
