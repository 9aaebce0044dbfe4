/* SPDX-License-Identifier: MIT */
/*
 * fit.h - the index of free blocks: exact best fit, the lowest address among equals.
 *
 * Free blocks stand in bins by size: one bin a size up to 4 KiB, then eight bins for each doubling. A bitmap
 * tells which bins are not empty. Each bin is a treap (Aragon and Seidel, 1989) ordered by (size, address)
 * whose priorities are a hash of the block's address, so that nothing but two links is stored, in the free
 * block itself, each with a check. A search costs the bitmap, and a walk down one treap: its length is logarithmic in the free
 * blocks of nearly this size only, and the steps are neighbours in memory as they are in the tree.
 *
 * The newest block waits outside of the bins until the next one comes: most are soon merged again, or are what the
 * next allocation takes (dlmalloc keeps a "designated victim" for the same reason; here it is one more candidate
 * of the exact best fit, never preferred).
 *
 * Threads: an index belongs to one heap and is touched by its owner only.
 */
#ifndef MA_FIT_H
#define MA_FIT_H

#include "base.h"

struct mem_block;

#define FIT_EXACT_BINS 256u
#define FIT_COARSE_BINS (8u * 11u) /* eight a doubling, from 4 KiB to a whole window */
#define FIT_BINS (FIT_EXACT_BINS + FIT_COARSE_BINS)
#define FIT_WORDS ((FIT_BINS + 63) / 64)

struct fit {
	uint64_t nonempty[FIT_WORDS]; /* bit per bin */
	uint64_t bin[FIT_BINS];	      /* links to the roots */
	struct mem_block *newest;     /* in no bin yet; NULL: none */
};

void ma_fit_insert(struct fit *fit, struct mem_block *block);
void ma_fit_remove(struct fit *fit, struct mem_block *block);

/* The smallest block of at least `units`, the lowest of equals; NULL if there is none. It stays in the index. */
struct mem_block *ma_fit_find(const struct fit *fit, uint32_t units);

/* The first bin that holds only blocks of at least `units`; for who walks the large ones. */
unsigned ma_fit_bin(uint32_t units);

/* Puts the newest into its bin. */
void ma_fit_settle(struct fit *fit);

/* Any block of a bin, NULL if it is empty; and the two that lie below it in the bin's tree. */
struct mem_block *ma_fit_root(const struct fit *fit, unsigned bin);
void ma_fit_children(const struct mem_block *block, struct mem_block **left, struct mem_block **right);

/* Can the links of a block in the index be such? For the audit. */
bool ma_fit_sound(const struct mem_block *block);

/* Is this very block in the index? For the audit. */
bool ma_fit_has(const struct fit *fit, const struct mem_block *block);

/* How many blocks are in the index. For the audit. */
size_t ma_fit_count(const struct fit *fit);

#endif /* MA_FIT_H */
