/* SPDX-License-Identifier: MIT */
/* program.h - finding a program as a shell does, and why libma can't serve it; see program.c. */
#ifndef MA_PROGRAM_H
#define MA_PROGRAM_H

/* Finds the file that execvp(3) would run for `name`. Returns 0 and the file in `*path`, which the caller
 * frees; or ENOENT if there is none, or the error that keeps the one there is from being run. */
int program_find(const char *name, char **path);

/* Returns why the dynamic loader will not put `library` into the program at `path`, as the text "'FILE'
 * is ..." to be freed, or NULL if nothing is known to hinder it. */
char *program_obstacle(const char *path, const char *library);

#endif /* MA_PROGRAM_H */
