/* SPDX-License-Identifier: MIT */
/*
 * bench_program.c - the real programs of `ma bench`: their commands and inputs.
 *
 * A command is words with blanks between. "#N" is an amount of work, less of it with --quick; "@python" is the
 * interpreter itself, where python3 is a script that finds it. The programs run in the folder of their inputs,
 * which are made anew each time, by the same means everywhere: see tools/programs/ in libma's source. They
 * print the same bytes in each run.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "message.h"
#include "place.h"
#include "program.h"

enum { QUICK_DIVISOR = 8, MOST_WORDS = 16 };

/* What the programs read, and how it is made, in the shell; "%u" is the amount. Only what is the argument of a
 * job is made. */
static const struct {
	const char *word; /* of a command that needs it */
	unsigned amount, quick_amount;
	const char *made_by;
} inputs[] = {
	{"text", 12000, 2500, "awk -v kind=text -v size=%u -f input.awk >text"},
	{"long-text", 150000, 20000, "awk -v kind=text -v size=%u -f input.awk >long-text"},
	{"tables.sql", 40000, 10000, "awk -v kind=rows -v size=%u -f input.awk >rows.csv"},
	{"records.json", 6000, 1500, "awk -v kind=records -v size=%u -f input.awk >records.json"},
	{"program.c", 30, 8, "awk -v kind=c_program -v size=%u -f input.awk >program.c"},
	/* Of containers.cc all, or what its first headers include. */
	{"source.cc", 999, 6, "head -n %u containers.cc >source.cc"},
	{"repository", 12, 3,
	 "awk -v kind=text -v size=1200 -f input.awk >short-text && bash history.sh short-text repository %u"},
};

/* Runs the shell command in the folder of the inputs. */
static void run_shell(const struct bench *bench, const char *text)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		fail(EXIT_OWN_FAILURE, "can't start a process: %s", strerror(errno));
	if (pid == 0) {
		bench_set_environment(bench);
		if (chdir(bench->work) == 0 && freopen("/dev/null", "r", stdin) != NULL &&
		    freopen("/dev/null", "w", stdout) != NULL)
			execl("/bin/sh", "sh", "-c", text, (char *)NULL);
		_exit(EXIT_CANNOT_RUN);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR || bench_is_interrupted())
			break;
	}
	bench_check_interrupt();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail(EXIT_OWN_FAILURE, "can't make the inputs of the programs: '%s' failed", text);
}

/* Puts links to our scripts into the folder of the inputs. */
static void link_scripts(const struct bench *bench)
{
	char *folder = place_find("programs", "bench", MA_PKGDATADIR);
	DIR *directory = folder != NULL ? opendir(folder) : NULL;
	const struct dirent *entry;

	if (directory == NULL)
		fail(EXIT_OWN_FAILURE, "the folder 'programs' is neither beside ma nor in '%s'",
		     MA_PKGDATADIR);
	while ((entry = readdir(directory)) != NULL) {
		char *target = text_format("%s/%s", folder, entry->d_name);
		char *link = text_format("%s/%s", bench->work, entry->d_name);

		if (entry->d_name[0] != '.' && symlink(target, link) != 0)
			fail(EXIT_OWN_FAILURE, "can't make the link '%s': %s", link, strerror(errno));
		free(target);
		free(link);
	}
	closedir(directory);
	free(folder);
}

/* Returns the first of the programs in the list of words that this machine does not have, to be freed, or NULL. */
static char *missing_program(const char *programs)
{
	char *copy = text_format("%s", programs);
	char *rest = copy;
	char *missing = NULL;
	char *word;

	while (missing == NULL && (word = strsep(&rest, " ")) != NULL) {
		char *path = NULL;

		if (program_find(word, &path) != 0)
			missing = text_format("%s", word);
		free(path);
	}
	free(copy);
	return missing;
}

/* Returns Python's interpreter, to be freed. */
static char *find_python(void)
{
	char line[512] = "";
	FILE *output = popen("python3 -c 'import sys; print(sys.executable)' 2>/dev/null", "r");

	if (output != NULL) {
		if (fgets(line, sizeof line, output) == NULL)
			line[0] = '\0';
		pclose(output);
	}
	line[strcspn(line, "\n")] = '\0';
	return text_format("%s", line[0] != '\0' ? line : "python3");
}

static char *final_word(const struct bench *bench, const char *word)
{
	if (strcmp(word, "@python") == 0)
		return find_python();
	if (*word == '#')
		return text_format("%d",
				   bench->options.quick ? atoi(word + 1) / QUICK_DIVISOR : atoi(word + 1));
	return text_format("%s", word);
}

static void split_command(const struct bench *bench, struct bench_job *job)
{
	char *copy = text_format("%s", job->workload->command);
	char *rest = copy;
	unsigned count = 0;
	char *word;

	job->command = bench_memory(MOST_WORDS + 1, sizeof *job->command);
	while ((word = strsep(&rest, " ")) != NULL && count < MOST_WORDS)
		job->command[count++] = final_word(bench, word);
	free(copy);
}

static bool uses(const struct bench *bench, const char *word)
{
	for (size_t i = 0; i < bench->job_count; i++) {
		char **command = bench->jobs[i].command;

		while (command != NULL && *command != NULL) {
			if (strcmp(*command++, word) == 0)
				return true;
		}
	}
	return false;
}

void bench_prepare_programs(struct bench *bench)
{
	bool any = false;

	for (size_t i = 0; i < bench->job_count; i++) {
		struct bench_job *job = &bench->jobs[i];
		char *missing;

		if (job->workload->needs == NULL || job->workload->group == GROUP_COMMAND ||
		    job->skipped != NULL)
			continue;
		missing = missing_program(job->workload->needs);
		if (missing != NULL) {
			job->skipped = text_format("this machine has no '%s'", missing);
			free(missing);
			continue;
		}
		split_command(bench, job);
		any = any || job->workload->group == GROUP_PROGRAMS;
	}
	if (!any)
		return;
	link_scripts(bench);
	for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
		char *amount, *text;
		const char *place = strstr(inputs[i].made_by, "%u");

		if (!uses(bench, inputs[i].word))
			continue;
		amount = text_format("%u", bench->options.quick ? inputs[i].quick_amount : inputs[i].amount);
		text = text_format("%.*s%s%s", (int)(place - inputs[i].made_by), inputs[i].made_by, amount,
				   place + 2);
		run_shell(bench, text);
		free(text);
		free(amount);
	}
}
