/* SPDX-License-Identifier: MIT */
/*
 * fit.c - owns the bins and the links in free blocks' payloads.
 *
 *         priority
 *            |            (48, 0x7000)            every node: smaller keys to the left, larger ones to the
 *            |            /          \            right; a parent's priority is not below its children's.
 *            |     (48, 0x2000)   (64, 0x1000)    The shape depends on the addresses only, never on the
 *            v            \                       order in which blocks were freed.
 *                     (48, 0x5000)
 */
#include "fit.h"

#include "block.h"

struct fit_node {
	struct mem_block *left, *right;
};

static struct fit_node *node(const struct mem_block *block)
{
	return ma_block_payload(block);
}

static uint64_t priority(const struct mem_block *block)
{
	return (uintptr_t)block *
	       UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing: distinct for distinct addresses */
}

static bool before(const struct mem_block *a, const struct mem_block *b)
{
	return a->units != b->units ? a->units < b->units : a < b;
}

/* --- one treap --- */

/* Cuts `tree` into what comes before `at` and what does not. */
static void treap_split(struct mem_block *tree, const struct mem_block *at, struct mem_block **less,
			struct mem_block **more)
{
	while (tree != NULL) {
		if (before(tree, at)) {
			*less = tree;
			less = &node(tree)->right;
			tree = *less;
		} else {
			*more = tree;
			more = &node(tree)->left;
			tree = *more;
		}
	}
	*less = *more = NULL;
}

/* Joins two trees of which all of `less` comes before all of `more`, at `*to`. */
static void treap_join(struct mem_block *less, struct mem_block *more, struct mem_block **to)
{
	while (less != NULL && more != NULL) {
		if (priority(less) > priority(more)) {
			*to = less;
			to = &node(less)->right;
			less = *to;
		} else {
			*to = more;
			to = &node(more)->left;
			more = *to;
		}
	}
	*to = less != NULL ? less : more;
}

static struct mem_block *treap_lowest(struct mem_block *tree)
{
	while (node(tree)->left != NULL)
		tree = node(tree)->left;
	return tree;
}

/* The first of `tree` that has at least `units`, or NULL. */
static struct mem_block *treap_at_least(struct mem_block *tree, uint32_t units)
{
	struct mem_block *best = NULL;

	while (tree != NULL) {
		if (tree->units >= units) {
			best = tree;
			tree = node(tree)->left;
		} else {
			tree = node(tree)->right;
		}
	}
	return best;
}

/* --- the bins --- */

/* The bin that a block of `units` stands in. */
static unsigned bin_of(uint32_t units)
{
	unsigned log;

	if (units < FIT_EXACT_BINS)
		return units;
	log = 31 - (unsigned)__builtin_clz(units);
	return FIT_EXACT_BINS + (log - 8) * 8 + ((units >> (log - 3)) & 7);
}

unsigned ma_fit_bin(uint32_t units)
{
	return bin_of(units - 1) + 1;
}

/* The first bin from `bin` on that is not empty; FIT_BINS if there is none. */
static unsigned bin_from(const struct fit *fit, unsigned bin)
{
	unsigned word = bin / 64;
	uint64_t bits;

	if (bin >= FIT_BINS)
		return FIT_BINS;
	bits = fit->nonempty[word] & (~UINT64_C(0) << (bin % 64));
	while (bits == 0) {
		if (++word == FIT_WORDS)
			return FIT_BINS;
		bits = fit->nonempty[word];
	}
	return word * 64 + (unsigned)__builtin_ctzll(bits);
}

void ma_fit_insert(struct fit *fit, struct mem_block *block)
{
	unsigned bin = bin_of(block->units);
	struct mem_block **at = &fit->bin[bin];
	uint64_t mine = priority(block);

	while (*at != NULL && priority(*at) > mine)
		at = before(*at, block) ? &node(*at)->right : &node(*at)->left;
	treap_split(*at, block, &node(block)->left, &node(block)->right);
	*at = block;
	fit->nonempty[bin / 64] |= UINT64_C(1) << (bin % 64);
}

void ma_fit_remove(struct fit *fit, struct mem_block *block)
{
	unsigned bin = bin_of(block->units);
	struct mem_block **at = &fit->bin[bin];

	while (*at != block) {
		MA_CHECK(*at != NULL, "free block missing from its bin (a write after free?)", block);
		at = before(*at, block) ? &node(*at)->right : &node(*at)->left;
	}
	treap_join(node(block)->left, node(block)->right, at);
	if (fit->bin[bin] == NULL)
		fit->nonempty[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
}

struct mem_block *ma_fit_find(const struct fit *fit, uint32_t units)
{
	unsigned bin = bin_of(units);
	struct mem_block *found;

	if (bin >= FIT_EXACT_BINS) { /* a bin of several sizes may hold smaller ones too */
		found = treap_at_least(fit->bin[bin], units);
		if (found != NULL)
			return found;
		bin++;
	}
	bin = bin_from(fit, bin);
	return bin == FIT_BINS ? NULL : treap_lowest(fit->bin[bin]);
}

struct mem_block *ma_fit_root(const struct fit *fit, unsigned bin)
{
	return fit->bin[bin];
}

void ma_fit_children(const struct mem_block *block, struct mem_block **left, struct mem_block **right)
{
	*left = node(block)->left;
	*right = node(block)->right;
}

bool ma_fit_has(const struct fit *fit, const struct mem_block *block)
{
	const struct mem_block *at = fit->bin[bin_of(block->units)];

	while (at != NULL && at != block)
		at = before(at, block) ? node(at)->right : node(at)->left;
	return at != NULL;
}

static size_t treap_count(const struct mem_block *tree)
{
	return tree == NULL ? 0 : 1 + treap_count(node(tree)->left) + treap_count(node(tree)->right);
}

size_t ma_fit_count(const struct fit *fit)
{
	size_t count = 0;

	for (unsigned bin = 0; bin < FIT_BINS; bin++)
		count += treap_count(fit->bin[bin]);
	return count;
}
