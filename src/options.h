/* SPDX-License-Identifier: MIT */
/* options.h - what MA_OPTIONS said; see ma_options(7). Written once, before main(); read by anyone. */
#ifndef MA_OPTIONS_H
#define MA_OPTIONS_H

#include <limits.h>

#include "base.h"

struct options {
	size_t sites;	    /* keep the site of one in so many allocations; 0: of none */
	size_t sites_depth; /* frames of a stack */
	bool free_sites;    /* the stacks of frees, too */
	bool fill;	    /* new memory and freed memory get a pattern */
	bool zero_on_free;  /* freed memory is cleared */
	bool stats;	    /* write a summary to standard error at exit */
	char map[PATH_MAX]; /* write the heap map to this file at exit; "-": standard error; "": don't */
};

extern struct options ma_options;

/* Reads a string as MA_OPTIONS holds one; warns of what it can't read and ignores it. NULL is empty. */
void ma_options_read(const char *string);

#endif /* MA_OPTIONS_H */
