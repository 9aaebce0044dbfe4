/* SPDX-License-Identifier: MIT */
/* fatal.h - how a fault ends: one line that names it, the address and what lies there, then abort(). */
#ifndef MA_FATAL_H
#define MA_FATAL_H

#include <stddef.h>

/* Writes "libma: FAULT: ADDRESS", without an address if that is NULL, and what there is to say of the place there;
 * aborts. Cannot allocate. */
_Noreturn void ma_fatal(const char *fault, const void *at);

/* The same, with what lies at the address: its kind ("slot", "block", …), its start and its usable bytes. */
_Noreturn void ma_fatal_place(const char *fault, const void *at, const char *kind, const void *start,
			      size_t size);

/* Begins the line "libma: FAULT: ADDRESS" that somebody else goes on with. */
struct text;
void ma_fatal_begin(struct text *line, const char *fault, const void *at);

/* Aborts, after somebody else has written the lines. */
_Noreturn void ma_fatal_end(void);

/* Called before the line ends, with the kind that ma_fatal_place() was given, or NULL: says what more there is to say
 * of the place, and what its neighbours are. NULL: nobody can. */
extern void (*ma_fatal_around)(struct text *line, const char *kind, const void *at);

/* Called after the line is written, with the start of what lies at the address, or else the address: writes what more is
 * known of it. NULL: nobody knows more. */
extern void (*ma_fatal_tell)(const void *start);

/* Writes "libma: TEXT" and, where it is not NULL, " 'DETAIL'", of which nothing is obeyed by a terminal. */
void ma_warn(const char *text, const char *detail);

/* The same, with what the errno means, if it is not 0. */
void ma_warn_error(const char *text, const char *detail, int error);

#endif /* MA_FATAL_H */
