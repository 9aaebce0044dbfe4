/* SPDX-License-Identifier: MIT */
/* report.h - what the modes know of an object, as lines on standard error, for reports of faults. No allocation. */
#ifndef MA_REPORT_H
#define MA_REPORT_H

#include "base.h"
#include "text.h"

/* What is loaded at an address. */
struct report_place {
	const char *file;     /* NULL: not known */
	uintptr_t start;      /* where that begins in memory */
	const char *function; /* that the file exports; NULL: not known */
};

/* Looks it up: as the dynamic linker has it, unless somebody who reads another process's heap puts his own
 * function here. */
extern struct report_place (*ma_report_find)(uintptr_t at);

/* Writes the frames of a stack, one a line: address, file and place in it, and the function where its file tells. */
void ma_report_stack(struct text *text, uint32_t stack);

/* Writes where the object that starts at `p` was allocated, and freed, as far as that is known. */
void ma_report_site(const void *p);

/* A byte in or behind an object of `size` bytes was written to that must not be: says where it lies, where the object was
 * allocated, and aborts. */
_Noreturn void ma_report_written(const char *fault, const void *at, const void *object, size_t size);

#endif /* MA_REPORT_H */
