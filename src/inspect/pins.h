/* SPDX-License-Identifier: MIT */
/* pins.h - what keeps memory from being given back: see pins.c. */
#ifndef MA_PINS_H
#define MA_PINS_H

#include "heap.h"

/* A chunk of which an eighth or less is in use. */
struct pinned {
	struct chunk *chunk;
	size_t held;	 /* bytes of it */
	size_t resident; /* of them: backed by memory */
	size_t used;	 /* of them: in use */
	size_t pins;	 /* blocks in use, and slabs that have slots in use */
};

/* What stands at the top of the break. */
struct pinned_break {
	struct chunk *chunk;   /* the topmost one; NULL: there is none */
	struct mem_block *pin; /* the last block of it in use; NULL: there is none */
	const char *end;       /* where the break is */
	size_t above;	       /* free bytes between the pin and there */
	size_t below;	       /* free bytes just below the pin: if it went, they could go as well */
};

/* Finds the pinned chunks that waste most, those first. Returns how many, `room` at most; `*all` is how many there
 * are, and `*wasted` their bytes that are resident and not in use. */
unsigned ma_pins_find(struct pinned *found, unsigned room, size_t *all, size_t *wasted);

/* The first pin of a chunk behind `after` (NULL: of all), NULL if there is none. */
struct mem_block *ma_pins_next(struct chunk *chunk, struct mem_block *after);

/* The slab that a pin is, NULL if it is a plain block. */
const struct slab *ma_pins_slab(struct chunk *chunk, const struct mem_block *pin);

struct pinned_break ma_pins_break(void);

#endif /* MA_PINS_H */
