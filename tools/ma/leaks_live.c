/* SPDX-License-Identifier: MIT */
/*
 * leaks_live.c - `ma leaks PID`: what a live process can't reach any more, ma_leak_check(3), from outside.
 *
 * The scan is libma's own, on a copy of the process (attach.h). What it can't find in that copy are the threads'
 * registers: they are roots, and come from where the threads were stopped.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argument.h"
#include "command.h"
#include "inspect/leak_other.h"
#include "leaks.h"
#include "live.h"
#include "message.h"
#include "mirror.h"

enum { OPTION_LEAKS_EXIT = 0x100, OPTION_SUPPRESSIONS };

/* What functions may use of a stack below the stack pointer. */
#ifdef __x86_64__
#define RED_ZONE 128
#else
#define RED_ZONE 0
#endif

struct leaks_live_request {
	struct live live;
	bool json;
	int exit_status; /* if something is lost; 0: the same as otherwise */
	struct leak_suppressions *suppressions;
	char *program;
};

/* The stopped threads as the scan knows them, linked; NULL if there are none. The last `*missed` did not stop. */
static struct leak_thread *threads_of(const struct stopped *stopped, unsigned *missed)
{
	struct leak_thread *threads = NULL, *list = NULL;
	size_t used = 0;

	mirror_realloc(&threads, (2 * stopped->count + 1) * sizeof *threads);
	*missed = 0;
	for (size_t i = 0; i < stopped->count; i++) {
		const struct stopped_thread *from = &stopped->thread[i];
		const char *sp = (const char *)(from->stack_pointer - RED_ZONE);

		if (from->register_bytes == 0) {
			*missed += !from->gone;
			continue;
		}
		threads[used] = (struct leak_thread){list, sp,
						     (const uintptr_t *)(const void *)from->registers,
						     from->register_bytes / sizeof(uintptr_t)};
		list = &threads[used++];
		threads[used] = (struct leak_thread){list, sp, (const uintptr_t *)(const void *)from->vectors,
						     from->vector_bytes / sizeof(uintptr_t)};
		list = &threads[used++];
	}
	return list;
}

/* --- what is lost --- */

/*
 * What is lost stays lost. So where a thread was in the middle of an allocation or a free, and could not be had
 * outside of it in any attempt, what counts is what was lost in the attempt before, too: not the object that it
 * has in hand.
 */
struct addresses {
	uintptr_t *at;
	size_t count, room;
};

static struct addresses lost_now, lost_before;
static unsigned attempts; /* that came to an end, with all threads */

static int compare_addresses(const void *a, const void *b)
{
	const uintptr_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void attempt_ended(void *unused)
{
	struct addresses empty = lost_before;

	(void)unused;
	attempts++;
	lost_before = lost_now;
	empty.count = 0;
	lost_now = empty;
	if (lost_before.count > 0)
		qsort(lost_before.at, lost_before.count, sizeof *lost_before.at, compare_addresses);
}

static bool is_lost(const void *start)
{
	uintptr_t at = (uintptr_t)start;

	if (lost_now.count == lost_now.room) {
		size_t room = lost_now.room == 0 ? 4096 : lost_now.room * 2;

		mirror_realloc(&lost_now.at, room * sizeof *lost_now.at);
		lost_now.room = room;
	}
	lost_now.at[lost_now.count++] = at;
	return attempts == 0 ||
	       (lost_before.count > 0 && bsearch(&at, lost_before.at, lost_before.count,
						 sizeof *lost_before.at, compare_addresses) != NULL);
}

static int leaks(int output, const struct subject_process *process, void *arg)
{
	const struct leaks_live_request *request = arg;
	char maps[64], pagemap[64];
	struct leak_other other = {.number = (long)process->target->pid,
				   .program = request->program,
				   .pid = process->memory,
				   .maps = maps,
				   .pagemap = pagemap,
				   .is_lost = is_lost,
				   .whole = !process->last};

	snprintf(maps, sizeof maps, "/proc/%ld/maps", (long)process->memory);
	snprintf(pagemap, sizeof pagemap, "/proc/%ld/pagemap", (long)process->memory);
	lost_now.count = 0; /* of an attempt that did not come to an end */
	/* What is allocated here is never freed: this process is a child that ends, and the scan may not return. */
	if (process->threads == NULL) { /* without registers nothing is known */
		other.is_lost = NULL;
		other.whole = false;
	} else {
		other.threads = threads_of(process->threads, &other.threads_missed);
	}
	if (ma_leak_check_other(output, &other) < 0)
		return 1;
	/* Where a thread is missing, old addresses in all of its stack count: then too little is lost. */
	if (process->threads != NULL && other.threads_missed == 0)
		mirror_undisturbed(attempt_ended, NULL);
	return other.torn || other.threads_missed > 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct leaks_live_request *request = state->input;

	switch (key) {
	case LIVE_OPTION_FORMAT:
		request->json = argument_json(state, arg);
		return 0;
	case OPTION_LEAKS_EXIT:
		request->exit_status = argument_status(state, "--leaks-exit", arg);
		return 0;
	case OPTION_SUPPRESSIONS:
		leaks_read_suppressions(&request->suppressions, arg);
		return 0;
	default:
		return live_option(key, arg, state, &request->live);
	}
}

/* Reads what the scan wrote, and adds what it could not know. */
static void understand(struct leak_report *report, const struct attach_result *result,
		       const struct leaks_live_request *request)
{
	FILE *file;

	lseek(result->report, 0, SEEK_SET);
	file = fdopen(result->report, "r");
	if (file == NULL || !leaks_read(report, file))
		fail(EXIT_OWN_FAILURE, "process %ld could not be looked through for leaks",
		     (long)request->live.pid);
	fclose(file);
	leaks_find_symbols(report);
	leaks_suppress(report, request->suppressions);
}

int leaks_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{.name = "format",
		 .key = LIVE_OPTION_FORMAT,
		 .arg = "FORMAT",
		 .doc = "Write the report as text, which is the default, or as json"},
		{.name = "leaks-exit",
		 .key = OPTION_LEAKS_EXIT,
		 .arg = "STATUS",
		 .doc = "Exit with STATUS (1 to 255) if memory is definitely lost"},
		{.name = "suppressions",
		 .key = OPTION_SUPPRESSIONS,
		 .arg = "FILE",
		 .doc = "Do not report the leaks that FILE names, in LeakSanitizer's format or Valgrind's; may be given "
			"again"},
		LIVE_OPTIONS,
		{0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = LIVE_ARGS,
		.doc = "Report memory that the live process PID has lost: nothing points to it any more.\v"
		       "The process is stopped for a moment, a snapshot of it is made and read; it then goes on as if "
		       "nothing had happened. Where the memory was allocated is known if the process runs with "
		       "'ma run --sites'.",
	};
	struct leaks_live_request request = {0};
	struct leak_report report = {0};
	struct attach_result result;

	if (argument_parse(&argp, argc, argv, 0, NULL, &request) != 0)
		return EXIT_USAGE;
	request.program = target_program(request.live.pid);
	result = live_read(&request.live, ATTACH_CONTENTS, leaks, &request);
	understand(&report, &result, &request);
	if (request.json)
		leaks_write_json(&report, stdout);
	else
		leaks_write_text(&report, stdout);
	return request.exit_status != 0 && leaks_count(&report) > 0 ? request.exit_status : 0;
}
