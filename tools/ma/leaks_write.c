/* SPDX-License-Identifier: MIT */
/* leaks_write.c - writes leak reports: as text, what is lost only; as JSON, whole. */
#include <config.h>

#include "leaks.h"

#include <inttypes.h>
#include <string.h>

#include "message.h"

uint64_t leaks_count(const struct leak_report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->processes; i++)
		for (size_t n = 0; n < report->process[i].groups; n++) {
			const struct leak_group *group = &report->process[i].group[n];
			if (group->kind == LEAK_DEFINITE && !group->suppressed)
				count += group->count.allocations + group->behind.allocations;
		}
	return count;
}

/* --- text --- */

static void write_count(struct leak_count count, FILE *file)
{
	fprintf(file, "%" PRIu64 " byte%s in %" PRIu64 " allocation%s", count.bytes,
		count.bytes == 1 ? "" : "s", count.allocations, count.allocations == 1 ? "" : "s");
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

void leaks_write_frame(const struct leak_frame *frame, FILE *file)
{
	fputs("    ", file);
	if (frame->function != NULL)
		write_visible(frame->function, file);
	else
		fprintf(file, "%#" PRIx64, frame->address);
	if (frame->source != NULL) {
		fputs(" at ", file);
		write_visible(frame->source, file);
		fprintf(file, ":%d", frame->line);
	} else if (frame->object != NULL) {
		fputs(" in ", file);
		write_visible(last_name(frame->object), file);
		fprintf(file, "+%#" PRIx64, frame->distance);
	}
	putc('\n', file);
}

static void write_group(const struct leak_group *group, FILE *file)
{
	write_count(group->count, file);
	fprintf(file, " %s %s", group->count.bytes == 1 ? "is" : "are", leak_kind_names[group->kind]);
	if (group->behind.allocations > 0) {
		fputs(", and indirectly ", file);
		write_count(group->behind, file);
	}
	if (group->frames == 0)
		fprintf(file, ": up to %" PRIu64 " bytes each, the first at %#" PRIx64, group->most,
			group->first);
	else
		fputs(", allocated by", file);
	putc('\n', file);
	for (size_t i = 0; i < group->frames; i++)
		leaks_write_frame(&group->frame[i], file);
}

static struct leak_count suppressed(const struct leak_process *process)
{
	struct leak_count sum = {0};

	for (size_t i = 0; i < process->groups; i++)
		if (process->group[i].suppressed) {
			sum.bytes += process->group[i].count.bytes + process->group[i].behind.bytes;
			sum.allocations += process->group[i].count.allocations +
					   process->group[i].behind.allocations;
		}
	return sum;
}

static void write_process(const struct leak_process *process, FILE *file)
{
	struct leak_count hidden = suppressed(process);

	fprintf(file, "Leaks of process %ld (", process->process);
	write_visible(process->program, file);
	fputs("):\n", file);
	for (int kind = 0; kind < LEAK_KINDS; kind++) {
		fprintf(file, "  %s: ", leak_kind_names[kind]);
		write_count(process->total[kind], file);
		putc('\n', file);
	}
	if (hidden.allocations > 0) {
		fputs("  of these suppressed: ", file);
		write_count(hidden, file);
		putc('\n', file);
	}
	for (size_t i = 0; i < process->notes; i++)
		fprintf(file, "  note: %s\n", process->note[i]);
	for (size_t i = 0; i < process->groups; i++)
		if (!process->group[i].suppressed)
			write_group(&process->group[i], file);
}

void leaks_write_text(const struct leak_report *report, FILE *file)
{
	for (size_t i = 0; i < report->processes; i++)
		write_process(&report->process[i], file);
}

/* --- JSON --- */

static void json_count(const char *name, struct leak_count count, FILE *file)
{
	fprintf(file, "\"%s\": {\"bytes\": %" PRIu64 ", \"allocations\": %" PRIu64 "}", name, count.bytes,
		count.allocations);
}

static void json_text(const char *name, const char *text, FILE *file)
{
	if (text == NULL)
		return;
	fprintf(file, ", \"%s\": ", name);
	write_json_string(text, file);
}

static void json_frame(const struct leak_frame *frame, FILE *file)
{
	fprintf(file, "{\"address\": \"%#" PRIx64 "\"", frame->address);
	json_text("function", frame->function, file);
	json_text("source", frame->source, file);
	if (frame->source != NULL)
		fprintf(file, ", \"line\": %d", frame->line);
	json_text("object", frame->object, file);
	if (frame->object != NULL)
		fprintf(file, ", \"offset\": \"%#" PRIx64 "\"", frame->distance);
	putc('}', file);
}

static void json_group(const struct leak_group *group, FILE *file)
{
	fprintf(file, "\n    {\"kind\": \"%s\", ", leak_kind_names[group->kind]);
	json_count("direct", group->count, file);
	fputs(", ", file);
	json_count("indirect", group->behind, file);
	fprintf(file,
		", \"largest\": %" PRIu64 ", \"first\": \"%#" PRIx64 "\", \"suppressed\": %s, \"stack\": [",
		group->most, group->first, group->suppressed ? "true" : "false");
	for (size_t i = 0; i < group->frames; i++) {
		fputs(i == 0 ? "\n      " : ",\n      ", file);
		json_frame(&group->frame[i], file);
	}
	fputs("]}", file);
}

static void json_process(const struct leak_process *process, FILE *file)
{
	static const char *const names[LEAK_KINDS] = {"definitely_lost", "indirectly_lost", "possibly_lost",
						      "still_reachable"};

	fprintf(file, "{\n  \"process\": %ld", process->process);
	json_text("program", process->program, file);
	for (int kind = 0; kind < LEAK_KINDS; kind++) {
		fputs(",\n  ", file);
		json_count(names[kind], process->total[kind], file);
	}
	fputs(",\n  ", file);
	json_count("suppressed", suppressed(process), file);
	fputs(",\n  \"notes\": [", file);
	for (size_t i = 0; i < process->notes; i++) {
		fputs(i == 0 ? "" : ", ", file);
		write_json_string(process->note[i], file);
	}
	fputs("],\n  \"leaks\": [", file);
	for (size_t i = 0; i < process->groups; i++) {
		fputs(i == 0 ? "" : ",", file);
		json_group(&process->group[i], file);
	}
	fputs("]\n}", file);
}

void leaks_write_json(const struct leak_report *report, FILE *file)
{
	fputs("{\"processes\": [", file);
	for (size_t i = 0; i < report->processes; i++) {
		fputs(i == 0 ? "" : ", ", file);
		json_process(&report->process[i], file);
	}
	fputs("]}\n", file);
}
