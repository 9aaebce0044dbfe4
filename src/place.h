/* SPDX-License-Identifier: MIT */
/* place.h - what the report of a fault says of the place: the block or slot there, and its neighbours. */
#ifndef MA_PLACE_H
#define MA_PLACE_H

#include "base.h"

struct text;

/* What ma_fatal_around is for. Writes nothing for an address outside of libma's chunks. */
void ma_place_tell(struct text *line, const char *kind, const void *at);

#endif /* MA_PLACE_H */
