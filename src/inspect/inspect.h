/* SPDX-License-Identifier: MIT */
/*
 * inspect.h - the readers of the heap: walk, check, statistics and map. They change nothing, allocate nothing, and
 * see every heap; another thread's should be quiet meanwhile.
 *
 *   walk.c, check.c   ma_walk(), ma_check()
 *   stats.c           ma_stats(): the heap in numbers
 *   stats_print.c     the same as text, JSON, OpenMetrics and XML
 *   map.c             ma_heap_map(); map_text.c and map_json.c are its forms, pins.c tells what pins memory,
 *                     map_sites.c who holds it
 *   residency.c       what of it is backed by memory
 *   output.c          what MA_OPTIONS asks for: at exit, and now and then, when timer.c says so
 */
#ifndef MA_INSPECT_H
#define MA_INSPECT_H

#include "base.h"
#include "ma.h"

struct heap;
struct text;

/* How many classes there is room for in struct ma_stats. */
#define STATS_CLASSES (sizeof(((struct ma_stats *)NULL)->by_class) / sizeof(struct ma_class_stats))

/* Fills in all of `stats` but its first three members: of all heaps, or of one alone. */
void ma_stats_collect(struct ma_stats *stats, const struct heap *only);

/* Writes them in a format. False: there is no such one. */
bool ma_stats_write(struct text *text, enum ma_format format);

/* Once the options are read: prepares for what they ask. */
void ma_inspect_start(void);

/* Does what MA_OPTIONS asked for at exit. */
void ma_inspect_at_exit(void);

#endif /* MA_INSPECT_H */
