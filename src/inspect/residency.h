/* SPDX-License-Identifier: MIT */
/* residency.h - which OS pages of the heap are backed by memory now, and of which process; see residency.c. */
#ifndef MA_RESIDENCY_H
#define MA_RESIDENCY_H

#include "base.h"
#include "source.h"

/*
 * What the readers can't see in the heap, and ask the system for: of this process, unless somebody who has copied
 * another process's heap to where it was puts his own functions here.
 */
struct subject {
	long (*process)(void);
	size_t (*peak_resident)(void);
	struct source_calls (*calls)(void);
	bool (*resident)(const char *start, size_t pages, unsigned char *resident);
};

extern struct subject ma_inspect_subject;

/* Pages that lie side by side, as they were when they were read: at most those of a window. */
struct residency {
	const char *start;
	size_t pages;
	bool told; /* false: the system does not say, and all count as resident */
	unsigned char resident[MA_WINDOW / 4096];
};

/* Asks for the pages that hold [from, to), or as many of them as there is room for. */
void ma_residency_read(struct residency *residency, const char *from, const char *to);

/* Is the page that `at` lies in resident? It must be one of those that were read. */
bool ma_residency_at(const struct residency *residency, const char *at);

/* Bytes of [from, to), which was read, that are resident. */
size_t ma_residency_bytes(const struct residency *residency, const char *from, const char *to);

/* The same for any range, read piece by piece. */
size_t ma_residency_sum(const char *from, const char *to);

#endif /* MA_RESIDENCY_H */
