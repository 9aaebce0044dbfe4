/* SPDX-License-Identifier: MIT */
/*
 * run.c - `ma run [OPTION...] [--] PROGRAM [ARG...]`: runs PROGRAM on libma.
 *
 * PROGRAM takes ma's place (it is executed, not spawned), so that its exit status, its signals, its
 * terminal and its process number are its own. Everything that libma has to know is in the environment,
 * which PROGRAM hands on to its children, and so they run on libma too.
 *
 * Only if ma has something to do when PROGRAM has ended, PROGRAM is its child (see child.h): to make one report of the
 * leaks of all its processes, or to draw its heap, as the library writes maps as text and as JSON.
 */
#include <config.h>

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "argument.h"
#include "child.h"
#include "command.h"
#include "draw.h"
#include "environment.h"
#include "file.h"
#include "leaks.h"
#include "library.h"
#include "message.h"
#include "program.h"

struct run_request {
	bool stats;
	const char *stats_format, *stats_file, *stats_every; /* NULL: not asked for */
	const char *map;	/* the file for the heap map, "-" for standard error; NULL for none */
	const char *map_format; /* NULL: as the file's name says */
	const char *map_every;
	bool sites;
	struct leaks_request leaks;
	bool colour;	/* may the map be coloured, if it goes to a terminal */
	char **program; /* the rest of the command line: PROGRAM [ARG...] NULL */
};

enum {
	OPTION_STATS = 0x100,
	OPTION_STATS_FILE,
	OPTION_STATS_EVERY,
	OPTION_MAP,
	OPTION_MAP_FORMAT,
	OPTION_MAP_EVERY,
	OPTION_COLOUR,
	OPTION_LEAKS,
	OPTION_LEAKS_EXIT,
	OPTION_SITES,
	OPTION_SUPPRESSIONS
};

static const struct argp_option options[] = {
	{.name = "leaks",
	 .key = OPTION_LEAKS,
	 .arg = "FILE",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "When PROGRAM ends, report memory that it has lost to standard error, or to FILE, as JSON if it "
		"ends in .json"},
	{.name = "leaks-exit",
	 .key = OPTION_LEAKS_EXIT,
	 .arg = "STATUS",
	 .doc = "The same, and exit with STATUS (1 to 255) if memory is definitely lost"},
	{.name = "sites",
	 .key = OPTION_SITES,
	 .doc = "Keep the call stack of each allocation, and show it in reports"},
	{.name = "suppressions",
	 .key = OPTION_SUPPRESSIONS,
	 .arg = "FILE",
	 .doc = "Do not report the leaks that FILE names, in LeakSanitizer's format or Valgrind's; may be given "
		"again"},
	{.name = "stats",
	 .key = OPTION_STATS,
	 .arg = "FORM",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "When PROGRAM ends, print statistics of its heap to standard error: text, json, openmetrics or xml"},
	{.name = "stats-file",
	 .key = OPTION_STATS_FILE,
	 .arg = "FILE",
	 .doc = "Write them to FILE instead, in the form that its suffix says: .json, .prom, .om, .xml"},
	{.name = "stats-every",
	 .key = OPTION_STATS_EVERY,
	 .arg = "SECONDS",
	 .doc = "Write them to the file of --stats-file every so many seconds, too"},
	{.name = "map",
	 .key = OPTION_MAP,
	 .arg = "FILE",
	 .doc = "When PROGRAM ends, write a map of its heap to FILE ('-': standard error), in the form that its "
		"suffix says: .html, .svg, .json, else text"},
	{.name = "map-format",
	 .key = OPTION_MAP_FORMAT,
	 .arg = "FORM",
	 .doc = "The form of the map, whatever the suffix: text, json, html or svg"},
	{.name = "map-every",
	 .key = OPTION_MAP_EVERY,
	 .arg = "MS",
	 .doc = "Make a map every so many milliseconds, too: a film, as html or json"},
	{.name = "color",
	 .key = OPTION_COLOUR,
	 .arg = "WHEN",
	 .doc = "Colours of --map=-: auto (the default: if it is a terminal), always or never"},
	{0},
};

static const char *const stats_formats[] = {"text", "json", "openmetrics", "xml", NULL};
static const char *const map_formats[] = {"text", "json", "html", "svg", NULL};

static void check_file_name(struct argp_state *state, const char *option, const char *arg)
{
	if (*arg == '\0' || strchr(arg, ',') != NULL)
		argument_error(state, "%s needs a file name without a comma, not '%s'", option, arg);
}

static void check_number(struct argp_state *state, const char *option, const char *arg, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end != '\0' || n == 0 || n > most)
		argument_error(state, "%s is a number from 1 to %lu, not '%s'", option, most, arg);
}

/* The form of the map, "text" if nothing says another. */
static const char *map_format(const struct run_request *request)
{
	return request->map_format != NULL ? request->map_format : draw_map_format(request->map);
}

static void check_together(struct argp_state *state, const struct run_request *request)
{
	const char *format = map_format(request);

	if (request->stats_every != NULL && request->stats_file == NULL)
		argument_error(state, "--stats-every needs --stats-file=FILE");
	if (request->map == NULL && (request->map_every != NULL || request->map_format != NULL))
		argument_error(state, "%s needs --map=FILE",
			       request->map_every != NULL ? "--map-every" : "--map-format");
	if (request->map_format == NULL && draw_false_suffix(request->map) != NULL)
		argument_error(
			state,
			"no map is made as %s: the form is text, json, html or svg, by suffix or --map-format",
			draw_false_suffix(request->map));
	if (request->map_every != NULL && strcmp(format, "html") != 0 && strcmp(format, "json") != 0)
		argument_error(state, "--map-every makes a film, which is html or json, not %s", format);
	if (request->map != NULL && strcmp(request->map, "-") == 0 &&
	    (request->map_every != NULL || strcmp(format, "html") == 0 || strcmp(format, "svg") == 0))
		argument_error(state, "--map=- is for text and json; a picture needs a file");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_request *request = state->input;

	switch (key) {
	case OPTION_STATS:
		if (arg != NULL)
			argument_word(state, "--stats", arg, stats_formats);
		request->stats = true;
		request->stats_format = arg;
		return 0;
	case OPTION_STATS_FILE:
		check_file_name(state, "--stats-file", arg);
		request->stats_file = arg;
		return 0;
	case OPTION_STATS_EVERY:
		check_number(state, "--stats-every", arg, 86400);
		request->stats_every = arg;
		return 0;
	case OPTION_MAP_FORMAT:
		request->map_format = map_formats[argument_word(state, "--map-format", arg, map_formats)];
		return 0;
	case OPTION_MAP_EVERY:
		check_number(state, "--map-every", arg, 86400000);
		request->map_every = arg;
		return 0;
	case OPTION_COLOUR:
		request->colour = argument_has_colours(argument_colour(state, arg), stderr);
		return 0;
	case OPTION_MAP:
		check_file_name(state, "--map", arg);
		request->map = arg;
		return 0;
	case OPTION_LEAKS:
		if (arg != NULL && *arg == '\0')
			argument_error(state, "--leaks= needs the name of a file");
		request->leaks.wanted = true;
		request->leaks.file = arg != NULL ? arg : "-";
		return 0;
	case OPTION_LEAKS_EXIT:
		request->leaks.wanted = true;
		request->leaks.exit_status = argument_status(state, "--leaks-exit", arg);
		return 0;
	case OPTION_SITES:
		request->sites = true;
		return 0;
	case OPTION_SUPPRESSIONS:
		leaks_read_suppressions(&request->leaks.suppressions, arg);
		return 0;
	case ARGP_KEY_END:
		check_together(state, request);
		return 0;
	case ARGP_KEY_ARG:
		request->program = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argument_error(state, "no PROGRAM given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Returns the absolute name of a file to be written, as the program may change its working folder, to be freed. That
 * it can't be written is better said now than after a long run. */
static char *absolute(const char *what, const char *file)
{
	char *folder, *path;
	int error = file_check(file);

	if (error != 0)
		fail(EXIT_OWN_FAILURE, "can't write the %s '%s': %s", what, file, strerror(error));
	folder = *file == '/' ? NULL : getcwd(NULL, 0);
	path = folder == NULL ? text_format("%s", file) : text_format("%s/%s", folder, file);
	if (folder != NULL && strstr(folder, "%p") != NULL)
		fail(EXIT_OWN_FAILURE, "can't write the %s '%s': its folder's name may have no '%%p'", what,
		     path);
	if (strchr(path, ',') != NULL)
		fail(EXIT_OWN_FAILURE, "can't write the %s '%s': its name may have no comma", what, path);
	free(folder);
	return path;
}

static void request_stats(const struct run_request *request)
{
	char *path;

	if (request->stats_file == NULL || strcmp(request->stats_file, "-") == 0) {
		environment_option("stats", "1");
	} else {
		path = absolute("statistics", request->stats_file);
		environment_option("stats", path);
		free(path);
	}
	if (request->stats_format != NULL)
		environment_option("stats_format", request->stats_format);
	if (request->stats_every != NULL)
		environment_option("stats_every", request->stats_every);
}

/* Is the map to be drawn by us, of JSON that the library writes? */
static bool is_picture(const struct run_request *request)
{
	const char *format = map_format(request);

	return strcmp(format, "html") == 0 || strcmp(format, "svg") == 0 ||
	       (request->colour && strcmp(request->map, "-") == 0 && strcmp(format, "text") == 0);
}

/* The folder of the map that a picture is made of. If the program is killed while it writes that, a part of it lies
 * there, too. */
static char *map_folder;

static void remove_map_folder(void)
{
	if (map_folder != NULL)
		file_remove_folder(map_folder);
	free(map_folder);
	map_folder = NULL;
}

/* Asks for the heap map. Returns the name of the JSON that a picture is to be made of, to be freed, else NULL. */
static char *request_map(const struct run_request *request)
{
	char *path = strcmp(request->map, "-") == 0 ? text_format("-") : absolute("heap map", request->map);

	if (request->map_every != NULL)
		environment_option("map_every", request->map_every);
	if (!is_picture(request)) {
		environment_option("map", path);
		if (request->map_format != NULL)
			environment_option("map_format", request->map_format);
		free(path);
		return NULL;
	}
	free(path);
	path = file_temporary("ma-map.XXXXXX");
	if (mkdtemp(path) == NULL)
		fail(EXIT_OWN_FAILURE, "can't make a folder for the map to be drawn, '%s': %s", path,
		     strerror(errno));
	map_folder = path;
	atexit(remove_map_folder);
	path = text_format("%s/map", map_folder);
	environment_option("map", path);
	environment_option("map_format", "json");
	return path;
}

/* Executes the program in the file `path`. Returns the exit status that says why that failed. */
static int execute(const char *path, char **argv)
{
	execvp(path, argv);
	if (errno == ENOENT)
		complain("can't run '%s': the interpreter or dynamic loader that it names is missing", path);
	else
		complain("can't run '%s': %s", path, strerror(errno));
	return EXIT_CANNOT_RUN;
}

/* Returns the option before the program that could have an argument, and has none; NULL if there is none. */
static const char *bare_option(const struct run_request *request)
{
	const char *before = request->program[-1];

	return strcmp(before, "--stats") == 0 || strcmp(before, "--leaks") == 0 ? before : NULL;
}

/* Says why no file can be run for the program. Returns the exit status that says so too. */
static int complain_not_found(const struct run_request *request, int error)
{
	const char *name = request->program[0], *bare = bare_option(request);
	char *here = text_format("./%s", name), *path = NULL;

	if (error != ENOENT && error != ENOTDIR) {
		complain("can't run '%s': %s", name, strerror(error));
		free(here);
		return EXIT_CANNOT_RUN;
	}
	if (*name != '\0' && strchr(name, '/') == NULL && program_find(here, &path) == 0)
		complain("there is no program '%s' in PATH; the one in this folder is '%s'", name, here);
	else if (bare != NULL)
		complain("there is no program '%s'%s; what belongs to %s stands behind an '=': %s=%s", name,
			 strchr(name, '/') == NULL ? " in PATH" : "", bare, bare, name);
	else
		complain("there is no program '%s'%s", name, strchr(name, '/') == NULL ? " in PATH" : "");
	free(path);
	free(here);
	return EXIT_NOT_FOUND;
}

/* --- what is done when the program has ended --- */

/* Opens the file `json`, and removes it with its folder: what follows may take long, or fail. */
static int take(const char *json)
{
	int fd = open(json, O_RDONLY | O_CLOEXEC);

	remove_map_folder();
	return fd;
}

/* Draws what was written to a file. Returns the exit status that tells of a failure, or 0. */
static int draw(const struct run_request *request, int fd)
{
	const char *format = map_format(request);
	struct stat status;
	char *opened;
	FILE *out;

	if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) {
		complain(
			"there is no map to draw: the program ended without writing one, by a signal or _exit(), or did "
			"not run on libma");
		return EXIT_OWN_FAILURE;
	}
	out = strcmp(request->map, "-") == 0 ? stderr : file_create(request->map);
	if (out == NULL) {
		complain("can't write the heap map '%s': %s", request->map, strerror(errno));
		return EXIT_OWN_FAILURE;
	}
	opened = text_format("/proc/self/fd/%d", fd);
	draw_file(opened, draw_format_named(format), request->colour, out);
	free(opened);
	close(fd);
	if (!file_close(out)) {
		complain("can't write the heap map '%s': %s", request->map, strerror(errno));
		return EXIT_OWN_FAILURE;
	}
	return 0;
}

/* Runs the program as a child, reports its leaks and draws the map in the file `json`, if that is not NULL. Ends as the
 * program did, or as --leaks-exit says. */
static int run_and_report(const struct run_request *request, const char *path, const char *json)
{
	char *folder = request->leaks.wanted ? leaks_begin() : NULL;
	int ended = child_run(execute, path, request->program);
	int map = json != NULL ? take(json) : -1, drawn, status;
	struct leak_report report = {0};
	bool failed = false;
	uint64_t lost;

	if (folder != NULL)
		leaks_collect(&report, folder);
	child_forget();
	lost = folder != NULL ? leaks_end(&request->leaks, &report, ended, &failed) : 0;
	drawn = json != NULL ? draw(request, map) : 0;
	if (lost > 0 && request->leaks.exit_status >= 0)
		return request->leaks.exit_status;
	status = child_end_as(ended);
	if (status != 0)
		return status;
	return failed ? EXIT_OWN_FAILURE : drawn;
}

static int run_program(const struct run_request *request)
{
	char *path = NULL, *library, *obstacle, *json = NULL;
	int error = program_find(request->program[0], &path);
	int status;

	if (error != 0)
		return complain_not_found(request, error);
	library = library_find();
	obstacle = program_obstacle(path, library);
	if (obstacle != NULL)
		complain("warning: %s, so it runs without libma", obstacle);
	environment_preload(library);
	if (request->stats || request->stats_file != NULL)
		request_stats(request);
	if (request->map != NULL)
		json = request_map(request);
	if (request->sites)
		environment_option("sites", "1");
	status = json != NULL || request->leaks.wanted ? run_and_report(request, path, json)
						       : execute(path, request->program);
	free(json);
	free(obstacle);
	free(library);
	free(path);
	return status;
}

int run_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "PROGRAM [ARG...]",
		.doc = "Run PROGRAM, and the programs that it runs, on libma.\v"
		       "Options after PROGRAM are PROGRAM's. The exit status is PROGRAM's; 127 if it is not "
		       "found, 126 if it can't be run, 125 if ma fails.",
	};
	struct run_request request = {
		.colour = argument_has_colours("auto", stderr),
		.leaks = {.file = "-", .exit_status = -1},
	};
	int error;

	argp_err_exit_status = EXIT_OWN_FAILURE;
	if (argument_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &request) != 0)
		return EXIT_OWN_FAILURE;
	if (request.leaks.suppressions != NULL && !request.leaks.wanted)
		fail(EXIT_OWN_FAILURE, "--suppressions without --leaks has nothing to suppress");
	if (request.leaks.wanted && strcmp(request.leaks.file, "-") != 0 &&
	    (error = file_check(request.leaks.file)) != 0)
		fail(EXIT_OWN_FAILURE, "can't write the leak report '%s': %s", request.leaks.file,
		     strerror(error));
	return run_program(&request);
}
