/* SPDX-License-Identifier: MIT */
/*
 * leaks_suppress.c - suppressions, in the two formats that there are. A file may have both.
 *
 * LeakSanitizer's has a line for each: "leak:PATTERN" applies to a leak if PATTERN matches a part of the function, the
 * source file or the object of any of its frames. '*' stands for anything, '^' and '$' for the beginning and the end.
 *
 * Valgrind's are made of several lines. Those for other tools than Memcheck, and for other faults than leaks, are
 * passed over. Each frame line stands for a frame, from the innermost on, "..." for any number of them; what follows
 * the last one does not matter. In Valgrind's stacks the innermost frame is malloc or another of its kind, which
 * libma's do not have: a first line that means such a one applies to any.
 *
 *   {
 *      a name
 *      Memcheck:Leak
 *      match-leak-kinds: definite,possible
 *      fun:malloc
 *      fun:get_*
 *      obj:*libfoo.so*
 *      src:file.c:12
 *      ...
 *   }
 */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "leaks.h"
#include "message.h"

enum pattern_type { PATTERN_ANY, PATTERN_FUNCTION, PATTERN_OBJECT, PATTERN_SOURCE, PATTERN_MORE };

struct pattern {
	enum pattern_type type;
	char *text;
};

struct suppression {
	bool of_part; /* one pattern, for any frame */
	bool kind[LEAK_KINDS];
	struct pattern *pattern;
	size_t patterns;
};

struct leak_suppressions {
	struct suppression *one;
	size_t count;
};

/* --- matching --- */

/* '*' stands for any characters, '?' for one. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool matches_if_known(const char *pattern, const char *text)
{
	return text != NULL && matches(pattern, text);
}

/* "src:FILE" or "src:FILE:LINE"; Valgrind has the file's last name there. */
static bool matches_source(const char *pattern, const struct leak_frame *frame)
{
	const char *name;
	char *with_line;
	bool match;

	if (frame->source == NULL)
		return false;
	name = strrchr(frame->source, '/');
	name = name == NULL ? frame->source : name + 1;
	with_line = text_format("%s:%d", name, frame->line);
	match = matches(pattern, name) || matches(pattern, with_line);
	free(with_line);
	return match;
}

static bool matches_frame(const struct pattern *pattern, const struct leak_frame *frame)
{
	switch (pattern->type) {
	case PATTERN_FUNCTION:
		return matches_if_known(pattern->text, frame->function);
	case PATTERN_OBJECT:
		return matches_if_known(pattern->text, frame->object);
	case PATTERN_SOURCE:
		return matches_source(pattern->text, frame);
	default:
		return matches_if_known(pattern->text, frame->function) ||
		       matches_if_known(pattern->text, frame->source) ||
		       matches_if_known(pattern->text, frame->object);
	}
}

/* As matches() does, with "..." for '*'; but what follows the last pattern does not matter. */
static bool matches_stack(const struct pattern *pattern, size_t patterns, const struct leak_frame *frame,
			  size_t frames)
{
	size_t at = 0, more = SIZE_MAX, retry = 0;

	for (size_t i = 0; at < patterns;) {
		if (pattern[at].type == PATTERN_MORE) {
			more = ++at;
			retry = i;
		} else if (i == frames) {
			return false;
		} else if (matches_frame(&pattern[at], &frame[i])) {
			at++;
			i++;
		} else if (more != SIZE_MAX) {
			at = more;
			i = ++retry;
		} else {
			return false;
		}
	}
	return true;
}

/* Does the pattern mean a function that allocates? */
static bool is_allocator(const struct pattern *pattern)
{
	static const char *const names[] = {"malloc",
					    "calloc",
					    "realloc",
					    "memalign",
					    "aligned_alloc",
					    "posix_memalign",
					    "_Znwm",
					    "_Znam",
					    "_Znwj",
					    "_Znaj",
					    "operator new(unsigned long)",
					    "operator new[](unsigned long)"};

	if (pattern->type == PATTERN_OBJECT)
		return strstr(pattern->text, "vgpreload") != NULL;
	for (size_t i = 0; pattern->type == PATTERN_FUNCTION && i < sizeof(names) / sizeof(names[0]); i++)
		if (matches(pattern->text, names[i]))
			return true;
	return false;
}

static bool applies(const struct suppression *one, const struct leak_group *group)
{
	if (!one->kind[group->kind])
		return false;
	if (one->of_part) {
		for (size_t i = 0; i < group->frames; i++)
			if (matches_frame(one->pattern, &group->frame[i]))
				return true;
		return false;
	}
	if (one->patterns > 0 && is_allocator(one->pattern) &&
	    matches_stack(one->pattern + 1, one->patterns - 1, group->frame, group->frames))
		return true;
	return matches_stack(one->pattern, one->patterns, group->frame, group->frames);
}

void leaks_suppress(struct leak_report *report, const struct leak_suppressions *suppressions)
{
	for (size_t i = 0; i < report->processes; i++)
		for (size_t n = 0; n < report->process[i].groups; n++) {
			struct leak_group *group = &report->process[i].group[n];
			for (size_t k = 0; suppressions != NULL && k < suppressions->count; k++)
				group->suppressed = group->suppressed ||
						    applies(&suppressions->one[k], group);
		}
}

/* --- reading --- */

/* A file of suppressions has hardly more than a few thousand. */
#define MOST_TEXT ((size_t)16 << 20)

struct reader {
	const char *path;
	unsigned line_number;
	char *text, *end;
};

/* The next line that says something, without the space around it; NULL at the end. */
static char *next_line(struct reader *reader)
{
	while (reader->text < reader->end) {
		char *start = reader->text, *end = memchr(start, '\n', (size_t)(reader->end - start));

		if (end == NULL)
			end = reader->end;
		*end = '\0';
		reader->text = end + 1;
		reader->line_number++;
		start += strspn(start, " \t");
		end = start + strlen(start);
		while (end > start && isspace((unsigned char)end[-1]))
			*--end = '\0';
		if (*start != '\0' && *start != '#')
			return start;
	}
	return NULL;
}

static void add_pattern(struct suppression *one, enum pattern_type type, char *text)
{
	one->pattern = realloc(one->pattern, (one->patterns + 1) * sizeof(*one->pattern));
	if (one->pattern == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	one->pattern[one->patterns++] = (struct pattern){type, text};
}

static void set_kinds(struct suppression *one, bool all)
{
	for (int kind = 0; kind < LEAK_KINDS; kind++)
		one->kind[kind] = all;
}

/* "definite,possible" */
static void read_kinds(const struct reader *reader, struct suppression *one, char *list)
{
	static const char *const names[LEAK_KINDS] = {"definite", "indirect", "possible", "reachable"};
	char *name;

	set_kinds(one, false);
	while ((name = strsep(&list, ", ")) != NULL) {
		int kind;

		if (*name == '\0' || strcmp(name, "none") == 0)
			continue;
		if (strcmp(name, "all") == 0) {
			set_kinds(one, true);
			continue;
		}
		for (kind = 0; kind < LEAK_KINDS && strcmp(name, names[kind]) != 0; kind++)
			;
		if (kind == LEAK_KINDS)
			fail(EXIT_OWN_FAILURE,
			     "%s:%u: '%s' is no kind of leak; they are definite, indirect, possible and reachable",
			     reader->path, reader->line_number, name);
		one->kind[kind] = true;
	}
}

/* Is "Memcheck,Helgrind:Leak" of ours? */
static bool is_ours(const char *line)
{
	const char *colon = strchr(line, ':'), *tool = strstr(line, "Memcheck");

	return colon != NULL && tool != NULL && tool < colon && strcmp(colon, ":Leak") == 0;
}

/* What follows "{". False: it is another tool's. */
static bool read_valgrind(struct reader *reader, struct suppression *one)
{
	char *line = next_line(reader); /* its name */
	bool ours;

	line = line == NULL ? NULL : next_line(reader);
	ours = line != NULL && is_ours(line);
	set_kinds(one, true);
	while (line != NULL && (line = next_line(reader)) != NULL && strcmp(line, "}") != 0) {
		if (strncmp(line, "match-leak-kinds:", 17) == 0)
			read_kinds(reader, one, line + 17);
		else if (strcmp(line, "...") == 0)
			add_pattern(one, PATTERN_MORE, NULL);
		else if (strncmp(line, "fun:", 4) == 0)
			add_pattern(one, PATTERN_FUNCTION, text_format("%s", line + 4));
		else if (strncmp(line, "obj:", 4) == 0)
			add_pattern(one, PATTERN_OBJECT, text_format("%s", line + 4));
		else if (strncmp(line, "src:", 4) == 0)
			add_pattern(one, PATTERN_SOURCE, text_format("%s", line + 4));
		else if (ours)
			fail(EXIT_OWN_FAILURE,
			     "%s:%u: '%s' is no line of a suppression: fun:, obj:, src: or ...", reader->path,
			     reader->line_number, line);
	}
	if (line == NULL)
		fail(EXIT_OWN_FAILURE, "%s:%u: a suppression ends without '}'", reader->path,
		     reader->line_number);
	return ours;
}

/* What follows "leak:". */
static void read_sanitizer(struct suppression *one, const char *pattern)
{
	size_t length = strlen(pattern);
	bool from_start = *pattern == '^', to_end = length > 0 && pattern[length - 1] == '$';

	set_kinds(one, true);
	one->of_part = true;
	add_pattern(one, PATTERN_ANY,
		    text_format("%s%.*s%s", from_start ? "" : "*", (int)(length - from_start - to_end),
				pattern + from_start, to_end ? "" : "*"));
}

static void add(struct leak_suppressions *all, const struct suppression *one)
{
	all->one = realloc(all->one, (all->count + 1) * sizeof(*one));
	if (all->one == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	all->one[all->count++] = *one;
}

/* Returns all that is in the file, to be freed. */
static char *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "re");
	char *text, *name = text_format("the suppressions '%s'", path);

	if (file == NULL)
		fail(EXIT_OWN_FAILURE, "can't read %s: %s", name, strerror(errno));
	text = file_read(file, name, MOST_TEXT, length);
	fclose(file);
	free(name);
	return text;
}

void leaks_read_suppressions(struct leak_suppressions **suppressions, const char *path)
{
	size_t length;
	char *text = read_file(path, &length), *line;
	struct reader reader = {.path = path, .text = text, .end = text + length};

	if (*suppressions == NULL)
		*suppressions = calloc(1, sizeof(**suppressions));
	if (*suppressions == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	while ((line = next_line(&reader)) != NULL) {
		struct suppression one = {0};

		if (strcmp(line, "{") == 0) {
			if (read_valgrind(&reader, &one))
				add(*suppressions, &one);
		} else if (strncmp(line, "leak:", 5) == 0 && line[5] != '\0') {
			read_sanitizer(&one, line + 5);
			add(*suppressions, &one);
		} else {
			fail(EXIT_OWN_FAILURE,
			     "%s:%u: '%s' begins no suppression: 'leak:PATTERN' does, or '{'", path,
			     reader.line_number, line);
		}
	}
	free(text);
}
