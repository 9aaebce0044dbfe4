/* SPDX-License-Identifier: MIT */
/* place.h - where the other files of this installation, or of this build tree, are; see place.c. */
#ifndef MA_PLACE_H
#define MA_PLACE_H

/* Returns the absolute name of the file or folder `name`, to be freed, or NULL if it is not found or can't be
 * read. It is looked for
 *
 *   1. below the folder that the running command is in, in `build_folder`, as in a build tree;
 *   2. where an installation has it relative to the command, so that one that was moved as a whole, or is
 *      still in its DESTDIR, finds its own;
 *   3. in `configured_folder`, where this build was configured to install it. */
char *place_find(const char *name, const char *build_folder, const char *configured_folder);

#endif /* MA_PLACE_H */
