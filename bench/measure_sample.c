/* SPDX-License-Identifier: MIT */
/*
 * measure_sample.c - part of ma-measure: the program's memory over time.
 *
 * What counts is anonymous resident memory: what /proc/PID/statm calls resident, less what it calls shared,
 * which is code and other files. It is read every few milliseconds, which costs some microseconds on a
 * processor that the program may have had; it does so under every allocator alike. The report has room for
 * a bounded number of samples: when it is full, every second one goes and they are taken half as often.
 */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"

enum {
	MOST_PROCESSES = 32, /* of one program that are looked at */
	LONGEST_LINE = 512   /* of a file in /proc */
};

static const double first_interval = 0.004;

void sampler_start(struct sampler *sampler, struct report *report, bool tree, double start)
{
	*sampler = (struct sampler){
		.report = report,
		.tree = tree,
		.start = start,
		.interval = first_interval,
		.next = start + first_interval / 2,
	};
	report->measured.samples = 0;
}

/* Reads the small file `path` into `line`, as a string. */
static bool read_line(const char *path, char line[LONGEST_LINE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, line, LONGEST_LINE - 1);
	close(fd);
	if (length <= 0)
		return false;
	line[length] = '\0';
	return true;
}

/* Returns the anonymous resident bytes of one process. */
static uint64_t resident_of(pid_t pid)
{
	char path[64], line[LONGEST_LINE];
	unsigned long resident, shared;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	if (!read_line(path, line) || sscanf(line, "%*u %lu %lu", &resident, &shared) != 2 ||
	    shared > resident)
		return 0;
	return (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Appends the children of `pid` to the list of `count` processes and returns its new length. */
static unsigned add_children(pid_t pid, pid_t list[MOST_PROCESSES], unsigned count)
{
	char path[64], line[LONGEST_LINE];
	char *rest = line;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	if (!read_line(path, line))
		return count;
	while (count < MOST_PROCESSES) {
		char *end;
		long child = strtol(rest, &end, 10);

		if (end == rest)
			break;
		list[count++] = (pid_t)child;
		rest = end;
	}
	return count;
}

static uint64_t resident_of_tree(pid_t pid)
{
	pid_t list[MOST_PROCESSES] = {pid};
	unsigned count = 1;
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++) {
		sum += resident_of(list[i]);
		count = add_children(list[i], list, count);
	}
	return sum;
}

/* Drops every second sample. */
static void thin_out(struct sampler *sampler)
{
	struct report_measured *measured = &sampler->report->measured;

	measured->samples /= 2;
	for (uint32_t i = 0; i < measured->samples; i++)
		measured->sample[i] = measured->sample[2 * i + 1];
	sampler->interval *= 2;
}

static uint64_t live_bytes(const struct report_told *told)
{
	int64_t live = 0;

	for (unsigned i = 0; i < REPORT_WORKERS; i++)
		live += told->worker[i].live;
	return live > 0 ? (uint64_t)live : 0;
}

void sampler_tick(struct sampler *sampler, pid_t pid, double now)
{
	struct report *report = sampler->report;
	struct report_measured *measured = &report->measured;
	uint64_t resident;

	if (now < sampler->next)
		return;
	if (measured->samples == REPORT_SAMPLES)
		thin_out(sampler);
	sampler->next = now + sampler->interval;
	resident = sampler->tree ? resident_of_tree(pid) : resident_of(pid);
	/* Not there any more, or not yet the program. */
	if (resident == 0)
		return;
	measured->sample[measured->samples++] = (struct report_sample){
		.time = (float)(now - sampler->start),
		.steady = report->told.steady,
		.resident = resident > report->told.own ? resident - report->told.own : 0,
		.live = live_bytes(&report->told),
	};
}
