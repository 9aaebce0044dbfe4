/* SPDX-License-Identifier: MIT */
/*
 * bench_allocator.c - the allocators that `ma bench` compares.
 *
 * All of them are preloaded, the C library's own too: so that every run has the same environment, and so that
 * a program which is linked with another malloc gets glibc's as well.
 */
#include <config.h>

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "library.h"
#include "message.h"
#include "suggest.h"

enum { LONGEST_NAME = 20 };

#define LIBC_NAME "glibc"
#define OUR_NAME "libma"

/* Peers that may be installed. A pattern without a slash is looked for in the folders of libraries; "%s" is the
 * processor. */
static const struct {
	const char *name, *pattern;
} known_peers[] = {
	{"jemalloc", "libjemalloc.so.[0-9]*"},
	{"mimalloc", "libmimalloc.so.[0-9]*"},
	{"tcmalloc", "libtcmalloc_minimal.so.[0-9]*"},
	{"tbbmalloc", "libtbbmalloc_proxy.so.[0-9]*"},
	{"scudo", "/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.scudo_standalone-%s.so"},
	{"snmalloc", "libsnmallocshim.so"},
	{"rpmalloc", "librpmallocwrap.so"},
	{"hardened", "libhardened_malloc.so"},
};

void *bench_memory(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	if (memory == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	return memory;
}

/* Returns the C library's file, to be freed. */
static char *find_libc(void)
{
	Dl_info place = {0};
	char *path;

	if (dladdr((void *)(uintptr_t)&gnu_get_libc_version, &place) == 0 || place.dli_fname == NULL)
		fail(EXIT_OWN_FAILURE, "can't find the C library's file");
	path = realpath(place.dli_fname, NULL);
	if (path == NULL)
		fail(EXIT_OWN_FAILURE, "can't find the C library '%s': %s", place.dli_fname, strerror(errno));
	return path;
}

/* Returns the last file that the pattern matches, to be freed, or NULL. */
static char *last_match(const char *pattern)
{
	glob_t matches;
	char *found = NULL;

	if (glob(pattern, 0, NULL, &matches) != 0)
		return NULL;
	if (matches.gl_pathc > 0)
		found = realpath(matches.gl_pathv[matches.gl_pathc - 1], NULL);
	globfree(&matches);
	return found;
}

/* Looks for a library beside the C library, and in some other folders. */
static char *find_library(const char *pattern, const char *libc)
{
	static const char *const folders[] = {"/usr/local/lib", "/usr/lib64", "/usr/lib"};
	const char *slash = strrchr(libc, '/');
	char *path = text_format("%.*s/%s", (int)(slash - libc), libc, pattern);
	char *found = last_match(path);

	free(path);
	for (size_t i = 0; found == NULL && i < sizeof folders / sizeof folders[0]; i++) {
		path = text_format("%s/%s", folders[i], pattern);
		found = last_match(path);
		free(path);
	}
	return found;
}

static char *find_peer(const char *pattern, const char *libc)
{
	struct utsname system;
	char *path, *found;
	const char *processor = strstr(pattern, "%s");

	if (*pattern != '/')
		return find_library(pattern, libc);
	uname(&system);
	path = processor == NULL ? text_format("%s", pattern)
				 : text_format("%.*s%s%s", (int)(processor - pattern), pattern,
					       system.machine, processor + 2);
	found = last_match(path);
	free(path);
	return found;
}

static struct bench_allocator *find_named(struct bench *bench, const char *name)
{
	for (size_t i = 0; i < bench->allocator_count; i++) {
		if (strcmp(bench->allocators[i].name, name) == 0)
			return &bench->allocators[i];
	}
	return NULL;
}

/* Adds the library, or has it take the place of the one of the same name. Takes `path`. */
static void add_allocator(struct bench *bench, const char *name, char *path)
{
	struct bench_allocator *allocator = find_named(bench, name);
	struct stat status;

	if (stat(path, &status) != 0)
		fail(EXIT_OWN_FAILURE, "can't read '%s': %s", path, strerror(errno));
	if (allocator == NULL && bench->allocator_count == BENCH_ALLOCATORS)
		fail(EXIT_USAGE, "no more than %d allocators can be compared", BENCH_ALLOCATORS);
	if (allocator == NULL) {
		allocator = &bench->allocators[bench->allocator_count++];
		allocator->name = text_format("%s", name);
	} else {
		free(allocator->path);
	}
	allocator->path = path;
	allocator->device = status.st_dev;
	allocator->inode = status.st_ino;
}

/* Adds what --lib=NAME=PATH names. */
static void add_given(struct bench *bench, const char *argument)
{
	size_t length = strcspn(argument, "=");
	char *name = text_format("%.*s", (int)length, argument);
	const char *path = argument + length + 1;
	struct stat status;
	char *absolute;

	if (argument[length] == '\0' || length == 0 || *path == '\0')
		fail(EXIT_USAGE, "--lib takes NAME=PATH, not '%s'", argument);
	for (const char *c = name; *c != '\0'; c++) {
		if (length > LONGEST_NAME || (!isalnum((unsigned char)*c) && strchr("-+._", *c) == NULL))
			fail(EXIT_USAGE,
			     "--lib: the name '%s' should be at most %d letters, digits, '-', '+', '.' or '_'",
			     name, LONGEST_NAME);
	}
	if (strcmp(name, OUR_NAME) == 0)
		fail(EXIT_USAGE,
		     "--lib: for another file of libma's set MA_PRELOAD_LIB, or choose another name");
	if (strcmp(name, LIBC_NAME) == 0)
		fail(EXIT_USAGE, "--lib: '%s' is the C library that is there; choose another name", name);
	if (stat(path, &status) != 0)
		fail(EXIT_USAGE, "--lib: can't read '%s': %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode) || access(path, R_OK) != 0)
		fail(EXIT_USAGE, "--lib: '%s' is not a readable file", path);
	absolute = realpath(path, NULL);
	if (absolute == NULL)
		fail(EXIT_USAGE, "--lib: can't read '%s': %s", path, strerror(errno));
	add_allocator(bench, name, absolute);
	free(name);
}

static char *list_names(const struct bench *bench)
{
	char *names = text_format("%s", bench->allocators[0].name);

	for (size_t i = 1; i < bench->allocator_count; i++)
		names = text_append(names, ", %s", bench->allocators[i].name);
	return names;
}

/* Exits if there is no allocator called `name`. */
static struct bench_allocator *demand_named(struct bench *bench, const char *option, const char *name)
{
	struct bench_allocator *found = find_named(bench, name);

	if (found == NULL)
		fail(EXIT_USAGE, "%s: there is no allocator '%s' here, only %s; --lib=NAME=PATH adds one",
		     option, name, list_names(bench));
	return found;
}

/* Removes the allocator `index` from the list. */
static void drop_allocator(struct bench *bench, size_t index)
{
	free(bench->allocators[index].name);
	free(bench->allocators[index].path);
	bench->allocator_count--;
	memmove(&bench->allocators[index], &bench->allocators[index + 1],
		(bench->allocator_count - index) * sizeof bench->allocators[0]);
	bench->allocators[bench->allocator_count] = (struct bench_allocator){0};
}

/* Whether the user asked for the allocator by --lib. */
static bool is_given(const struct bench *bench, const struct bench_allocator *allocator)
{
	size_t length = strlen(allocator->name);

	for (size_t i = 0; i < bench->options.library_count; i++) {
		const char *given = bench->options.libraries[i];

		if (strncmp(given, allocator->name, length) == 0 && given[length] == '=')
			return true;
	}
	return false;
}

/* Drops what neither --allocators nor --lib names; libma stays. */
static void choose_allocators(struct bench *bench, const char *words)
{
	bool chosen[BENCH_ALLOCATORS] = {false};
	char *copy = text_format("%s", words);
	char *rest = copy;
	char *word;

	while ((word = strsep(&rest, ",")) != NULL)
		chosen[demand_named(bench, "--allocators", word) - bench->allocators] = true;
	for (size_t i = bench->allocator_count; i-- > 0;) {
		if (!chosen[i] && strcmp(bench->allocators[i].name, OUR_NAME) != 0 &&
		    !is_given(bench, &bench->allocators[i]))
			drop_allocator(bench, i);
	}
	free(copy);
}

/* Remembers where in the list libma and the base are. */
static void find_places(struct bench *bench)
{
	const char *base = bench->options.base;

	bench->ours = (size_t)(find_named(bench, OUR_NAME) - bench->allocators);
	if (base != NULL)
		bench->base = (size_t)(demand_named(bench, "--base", base) - bench->allocators);
	else
		bench->base = find_named(bench, LIBC_NAME) != NULL
				      ? (size_t)(find_named(bench, LIBC_NAME) - bench->allocators)
				      : 0;
}

void bench_find_allocators(struct bench *bench)
{
	char *libc = find_libc();

	add_allocator(bench, OUR_NAME, library_find());
	add_allocator(bench, LIBC_NAME, text_format("%s", libc));
	for (size_t i = 0; i < sizeof known_peers / sizeof known_peers[0]; i++) {
		char *path = find_peer(known_peers[i].pattern, libc);

		if (path != NULL)
			add_allocator(bench, known_peers[i].name, path);
	}
	for (size_t i = 0; i < bench->options.library_count; i++)
		add_given(bench, bench->options.libraries[i]);
	if (bench->options.allocators != NULL)
		choose_allocators(bench, bench->options.allocators);
	find_places(bench);
	free(libc);
}

bool bench_is_library(const struct bench_allocator *allocator, const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_dev == allocator->device &&
	       status.st_ino == allocator->inode;
}

/* LD_PRELOAD can't hold a name with a blank or a colon: such a library gets a link in our folder. */
static void find_preload(const struct bench *bench, struct bench_allocator *allocator)
{
	if (strpbrk(allocator->path, " :") == NULL) {
		allocator->preload = allocator->path;
		return;
	}
	allocator->preload = text_format("%s/lib-%s.so", bench->folder, allocator->name);
	if (strpbrk(allocator->preload, " :") != NULL)
		fail(EXIT_OWN_FAILURE, "neither '%s' nor TMPDIR may have a blank or a colon in its name",
		     allocator->path);
	if (symlink(allocator->path, allocator->preload) != 0)
		fail(EXIT_OWN_FAILURE, "can't make the link '%s': %s", allocator->preload, strerror(errno));
}

/* Returns why the allocator is none, to be freed, or NULL if it serves malloc. */
static char *find_fault(const struct bench *bench, const struct bench_allocator *allocator)
{
	char probe[] = "probe";
	char *const command[] = {bench->workloads, probe, NULL};
	char *failure;

	if (!bench_measure(bench, "r", allocator, 1, command, true))
		fail(EXIT_OWN_FAILURE, "nothing can be measured here: ma-measure failed");
	failure = bench_run_failure(bench);
	if (failure == NULL && !bench_is_library(allocator, bench->report->told.server))
		failure = text_format("it is no allocator that can be preloaded: with it, malloc still comes "
				      "from '%s'",
				      bench->report->told.server);
	return failure;
}

void bench_prove_allocators(struct bench *bench)
{
	for (size_t i = bench->allocator_count; i-- > 0;) {
		struct bench_allocator *allocator = &bench->allocators[i];
		bool needed = i == bench->ours || i == bench->base || is_given(bench, allocator);
		char *fault;

		find_preload(bench, allocator);
		fault = find_fault(bench, allocator);
		if (fault == NULL)
			continue;
		if (needed)
			fail(EXIT_USAGE, "%s='%s': %s", allocator->name, allocator->path, fault);
		complain("warning: %s is left out: '%s': %s", allocator->name, allocator->path, fault);
		free(fault);
		drop_allocator(bench, i);
		bench->ours -= bench->ours > i;
		bench->base -= bench->base > i;
	}
}
