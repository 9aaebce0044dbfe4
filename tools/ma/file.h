/* SPDX-License-Identifier: MIT */
/* file.h - the files that ma reads and writes; see file.c. */
#ifndef MA_FILE_H
#define MA_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Returns 0 if a file called `path` can be written, else the error that writing it would meet. It is not touched. */
int file_check(const char *path);

/* Returns the name of something in the folder for files that do not stay, to be freed. Exits if MA_OPTIONS could not hold
 * it. */
char *file_temporary(const char *name);

/* Removes a folder that has files alone. */
void file_remove_folder(const char *folder);

/* Returns 0 if a folder has room for some small files, else the error that writing them would meet. */
int file_check_room(const char *folder);

/* Opens a file to be written, one at a time, which takes the place of what has its name when it is closed. NULL: errno says
 * why it can't be. */
FILE *file_create(const char *path);

/* Closes a file that was written; standard output and standard error stay open. False if not all of it could be written,
 * with errno; then what file_create() would have replaced is still there. */
bool file_close(FILE *file);

/* Returns all that `file` has, and its length, in memory of its own, with room for one byte more. Exits if that can't be
 * read, or is more than `most` bytes: not every file has an end. `name` is for the message. */
char *file_read(FILE *file, const char *name, size_t most, size_t *length);

#endif /* MA_FILE_H */
