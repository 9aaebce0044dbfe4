/* SPDX-License-Identifier: MIT */
/* map_text.h - a heap map as text, with the names of its code; see map_text.c. */
#ifndef MA_MAP_TEXT_H
#define MA_MAP_TEXT_H

#include <stdio.h>

/* Copies a map from `in` to `out`, and names the code in it. */
void map_text_write(FILE *in, FILE *out);

#endif /* MA_MAP_TEXT_H */
