/* SPDX-License-Identifier: MIT */
/* options.h - what MA_OPTIONS said; see ma_options(7). Written once, before main(); read by anyone. */
#ifndef MA_OPTIONS_H
#define MA_OPTIONS_H

#include <limits.h>

#include "base.h"
#include "ma.h"

/* The file of a report; "-": standard error; "": there is none. Room is left for the end of a temporary name. */
#define OPTION_PATH_MAX (PATH_MAX - 32)

/* The form of a report, if it is not as the file's name says. */
struct option_format {
	bool given;
	enum ma_format format;
};

struct options {
	size_t guard;		     /* guard one in so many objects; 0: none */
	size_t guard_rate;	     /* if not all: at most so many in a second; 0: any number */
	bool guard_low;		     /* at the start of their pages */
	size_t sites;		     /* keep the site of an object in so many bytes; 1: of all; 0: of none */
	size_t sites_depth;	     /* frames of a stack */
	bool free_sites;	     /* the stacks of frees, too */
	size_t fill;		     /* new memory gets this byte, or 1: a pattern; freed memory too. 0: no */
	size_t quarantine;	     /* bytes of freed objects that are kept back; 0: none */
	bool huge_pages;	     /* large heaps ask for them */
	bool redzone;		     /* bytes behind each object are watched */
	bool sigaction;		     /* sigaction() is the C library's own: the preload library only */
	bool signals;		     /* signal handlers may allocate and free, in any program */
	bool shuffle;		     /* slots are handed out in no order */
	bool zero_on_free;	     /* freed memory is cleared */
	bool deepbind;		     /* dlopen() keeps RTLD_DEEPBIND: the preload library only */
	size_t limit;		     /* bytes that libma may hold; 0: any number */
	bool limit_cgroup;	     /* what the control group may have, instead */
	char stats[OPTION_PATH_MAX]; /* the statistics, at exit */
	struct option_format stats_format;
	size_t stats_every;	     /* seconds: write them so often, too; 0: at exit only */
	char leaks[OPTION_PATH_MAX]; /* a leak report, at exit */
	char map[OPTION_PATH_MAX];   /* the heap map, at exit */
	struct option_format map_format;
	size_t map_every; /* milliseconds: add a map to the file so often; 0: at exit only */
	char map_on_abort[OPTION_PATH_MAX]; /* the heap map, when a signal is about to end the process */
};

extern struct options ma_options;

/* Reads a string as MA_OPTIONS holds one; warns of what it can't read and ignores it. False: it is empty, or NULL, and the
 * options were not touched, so that they cost no memory. */
bool ma_options_read(const char *string);

/* The format of the name that stands in `length` bytes. False if there is none of that name. */
bool ma_options_format(enum ma_format *format, const char *name, size_t length);

#endif /* MA_OPTIONS_H */
