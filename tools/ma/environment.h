/* SPDX-License-Identifier: MIT */
/* environment.h - the variables through which a program gets libma and its options; see environment.c. */
#ifndef MA_ENVIRONMENT_H
#define MA_ENVIRONMENT_H

/* Has `library`, an absolute name, loaded into every program that this process executes from now on,
 * before whatever else is preloaded. Doing it twice is doing it once. */
void environment_preload(const char *library);

/* Sets libma's option `name` to `value` for those programs and keeps its other options. */
void environment_option(const char *name, const char *value);

#endif /* MA_ENVIRONMENT_H */
