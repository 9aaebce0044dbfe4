/* SPDX-License-Identifier: MIT */
/* library.h - where the library to be preloaded is; see library.c. */
#ifndef MA_LIBRARY_H
#define MA_LIBRARY_H

/* Returns the absolute name of libma-preload.so, to be freed. Exits with EXIT_OWN_FAILURE if it is not
 * found. */
char *library_find(void);

#endif /* MA_LIBRARY_H */
