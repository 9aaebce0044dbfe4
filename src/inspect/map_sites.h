/* SPDX-License-Identifier: MIT */
/* map_sites.h - the sites of a heap map's objects, each of them once; see map_sites.c. */
#ifndef MA_MAP_SITES_H
#define MA_MAP_SITES_H

#include "base.h"
#include "text.h"

struct guarded;

/* What is not known has this index. */
#define MAP_NO_SITE UINT32_MAX

/* Objects, and how old they are, in milliseconds. */
struct map_sum {
	uint64_t objects, bytes, youngest, oldest;
};

struct map_entry {
	uint64_t key[2];
	struct map_sum sum;
};

/* Entries in the order in which they were met, and a hash table that finds them. All zero: empty. */
struct map_table {
	struct map_entry *entry;
	uint32_t *place; /* index + 1 of an entry; 0: none. Twice as many as there is room for entries. */
	uint32_t count, room;
};

struct map_sites {
	uint64_t now;		 /* ages are seen from here */
	struct map_table sites;	 /* by stack (its index + 1; 0: not known) and thread, and bytes asked for */
	struct map_table stacks; /* by number */
	struct map_table frames; /* by return address */
};

/* What is known of one object. */
struct map_site {
	uint32_t site; /* index in the table; MAP_NO_SITE: nothing is known */
	uint64_t age;  /* milliseconds */
};

void ma_map_sites_begin(struct map_sites *sites);
void ma_map_sites_end(struct map_sites *sites);

/* The site of the object in use that starts at `p`, and of a guarded one. `count`: it is to be summed up. */
struct map_site ma_map_sites_of(struct map_sites *sites, const void *p, size_t usable, bool count);
struct map_site ma_map_sites_of_guarded(struct map_sites *sites, const struct guarded *guarded, bool count);

/* Writes the tables as a JSON object. */
void ma_map_sites_json(struct map_sites *sites, struct text *text);

/* Writes which call stacks hold most bytes, the largest first, if any is known. */
void ma_map_sites_text(const struct map_sites *sites, struct text *text);

/* Writes an age as people read it: "17.3 s". */
void ma_map_sites_age(struct text *text, uint64_t ms);

#endif /* MA_MAP_SITES_H */
