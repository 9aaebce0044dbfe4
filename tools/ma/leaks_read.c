/* SPDX-License-Identifier: MIT */
/*
 * leaks_read.c - reads the report that libma writes, whose lines src/inspect/leak_report.c shows. Lines that it does
 * not know are passed over: a later libma may have more to say.
 */
#include <config.h>

#include "leaks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "message.h"

const char *const leak_kind_names[LEAK_KINDS] = {"definitely lost", "indirectly lost", "possibly lost",
						 "still reachable"};

/* Makes room for one more element of `size` bytes behind `*count` of them, all zero, and counts it. */
static void *grow(void *array, size_t *count, size_t size)
{
	char *grown = realloc(array, (*count + 1) * size);

	if (grown == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	memset(grown + *count * size, 0, size);
	++*count;
	return grown;
}

/* What follows `prefix` in `line`, or NULL. */
static const char *after(const char *line, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(line, prefix, length) == 0 ? line + length : NULL;
}

/* Reads "KIND", and moves the line on behind it. */
static bool read_kind(const char **line, enum leak_kind *kind)
{
	for (int i = 0; i < LEAK_KINDS; i++) {
		const char *rest = after(*line, leak_kind_names[i]);
		if (rest == NULL)
			continue;
		*line = rest;
		*kind = (enum leak_kind)i;
		return true;
	}
	return false;
}

/* Reads "BYTES bytes in NUMBER allocations". */
static bool read_count(const char *text, struct leak_count *count)
{
	return sscanf(text, "%" SCNu64 " byte%*[s] in %" SCNu64 " allocation", &count->bytes,
		      &count->allocations) == 2 ||
	       sscanf(text, "%" SCNu64 " byte in %" SCNu64 " allocation", &count->bytes,
		      &count->allocations) == 2;
}

/* A name as it was before libma made it visible: "\x1b" is the byte that a terminal would obey. To be freed. */
static char *read_name(const char *text, size_t length)
{
	char *name = text_format("%.*s", (int)length, text), *to = name;
	char byte[3] = "", *end;

	for (const char *at = name; *at != '\0'; at++, to++) {
		*to = *at;
		if (strncmp(at, "\\x", 2) != 0 || strnlen(at, 4) < 4)
			continue;
		memcpy(byte, at + 2, 2);
		*to = (char)strtol(byte, &end, 16);
		if (*end == '\0' && (*to < ' ' || *to == 0x7f) && *to != '\0')
			at += 3;
		else
			*to = *at;
	}
	*to = '\0';
	return name;
}

/* "4711 (program)" */
static bool read_process(struct leak_process *process, const char *text)
{
	char *end;
	size_t length;

	process->process = strtol(text, &end, 10);
	if (end == text)
		return false;
	end += strspn(end, " (");
	length = strcspn(end, "\n");
	process->program = read_name(end, length - (length > 0 && end[length - 1] == ')'));
	return true;
}

/* "KIND  COUNT" */
static bool read_total(struct leak_process *process, const char *text)
{
	enum leak_kind kind;

	return read_kind(&text, &kind) && read_count(text + strspn(text, " "), &process->total[kind]);
}

/* "KIND: COUNT of up to N bytes, the first at ADDRESS[, and with them COUNT that only they lead to]" */
static bool read_group(struct leak_process *process, const char *text)
{
	struct leak_group group = {0};
	const char *at, *behind;

	if (!read_kind(&text, &group.kind) || text[0] != ':' || !read_count(text + 2, &group.count))
		return false;
	at = strstr(text, " of up to ");
	if (at == NULL ||
	    sscanf(at, " of up to %" SCNu64 " bytes, the first at %" SCNx64, &group.most, &group.first) != 2)
		return false;
	behind = strstr(at, ", and with them ");
	if (behind != NULL && !read_count(behind + strlen(", and with them "), &group.behind))
		return false;
	process->group = grow(process->group, &process->groups, sizeof(group));
	process->group[process->groups - 1] = group;
	return true;
}

bool leaks_read_frame(struct leak_frame *frame, const char *text)
{
	const char *end = text + strcspn(text, "\n"), *plus;
	char *object;

	*frame = (struct leak_frame){0};
	frame->address = strtoull(text, &object, 16);
	if (object == text)
		return false;
	object += strspn(object, " ");
	/* An object's name may have any of these characters: the last plus is ours. */
	for (plus = end; plus > object && strncmp(plus, "+0x", 3) != 0; plus--)
		;
	if (plus > object) {
		const char *name = strstr(plus, " (");

		frame->object = read_name(object, (size_t)(plus - object));
		frame->distance = strtoull(plus + 1, NULL, 16);
		if (name != NULL && name < end)
			frame->function = text_format("%.*s", (int)strcspn(name + 2, ")\n"), name + 2);
	}
	return true;
}

static bool read_frame(struct leak_group *group, const char *text)
{
	struct leak_frame frame;

	if (!leaks_read_frame(&frame, text))
		return false;
	group->frame = grow(group->frame, &group->frames, sizeof(frame));
	group->frame[group->frames - 1] = frame;
	return true;
}

static bool read_line(struct leak_process *process, const char *line)
{
	const char *rest;

	if ((rest = after(line, "libma:   note: ")) != NULL) {
		process->note = grow(process->note, &process->notes, sizeof(*process->note));
		process->note[process->notes - 1] = text_format("%.*s", (int)strcspn(rest, "\n"), rest);
		return true;
	}
	if ((rest = after(line, "libma:     ")) != NULL)
		return process->groups > 0 && read_frame(&process->group[process->groups - 1], rest);
	if ((rest = after(line, "libma:   ")) != NULL)
		return read_total(process, rest);
	if ((rest = after(line, "libma: ")) != NULL)
		return read_group(process, rest);
	return false;
}

bool leaks_read(struct leak_report *report, FILE *file)
{
	struct leak_process process = {0};
	char *line = NULL;
	const char *rest;
	size_t room = 0, totals = 0;

	if (getline(&line, &room, file) < 0 ||
	    (rest = after(line, "libma: leak check of process ")) == NULL || !read_process(&process, rest)) {
		free(line);
		return false;
	}
	while (getline(&line, &room, file) >= 0)
		totals += read_line(&process, line);
	free(line);
	if (totals < LEAK_KINDS)
		return false;
	report->process = grow(report->process, &report->processes, sizeof(process));
	report->process[report->processes - 1] = process;
	return true;
}
