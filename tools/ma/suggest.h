/* SPDX-License-Identifier: MIT */
/* suggest.h - which known name a mistyped one may have meant; see suggest.c. */
#ifndef MA_SUGGEST_H
#define MA_SUGGEST_H

#include <stddef.h>

/* Returns how many letters have to be inserted, removed, replaced or swapped with their neighbour to make
 * `b` of `a`; SIZE_MAX for names too long to be compared. */
size_t suggest_distance(const char *a, const char *b);

/* Whether `meant` is near enough to `typed` to be suggested: one letter wrong, or two in a longer name. */
int suggest_is_near(const char *typed, const char *meant);

#endif /* MA_SUGGEST_H */
