/* SPDX-License-Identifier: MIT */
/*
 * fit.c - owns the bins and the links in free blocks' payloads. A link that was written over is noticed when it is
 * followed.
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
#include "block_link.h"

struct fit_node {
	uint64_t left, right; /* links */
};

static_assert(sizeof(struct fit_node) <= (BLOCK_LEAST_UNITS - 1) * MA_UNIT,
	      "the least block holds its links");

static struct fit_node *node(const struct mem_block *block)
{
	return ma_block_payload(block);
}

static bool before(const struct mem_block *a, const struct mem_block *b)
{
	return a->units != b->units ? a->units < b->units : a < b;
}

/* --- one treap --- */

/* Cuts `tree`, to which `link` leads, into what comes before `at` and what does not. */
static void treap_split(const struct mem_block *tree, uint64_t link, const struct mem_block *at,
			uint64_t *less, uint64_t *more)
{
	while (tree != NULL) {
		if (before(tree, at)) {
			*less = link;
			less = &node(tree)->right;
			tree = ma_link_follow(less);
			link = *less;
		} else {
			*more = link;
			more = &node(tree)->left;
			tree = ma_link_follow(more);
			link = *more;
		}
	}
	*less = *more = LINK_NONE;
}

/* Joins the trees at `less` and at `more`, where all of `less` comes before all of `more`, at `to`. */
static void treap_join(const uint64_t *less, const uint64_t *more, uint64_t *to)
{
	struct mem_block *low = ma_link_follow(less), *high = ma_link_follow(more);
	uint64_t low_link = *less, high_link = *more;

	while (low != NULL && high != NULL) {
		if (low_link > high_link) {
			*to = low_link;
			to = &node(low)->right;
			low = ma_link_follow(to);
			low_link = *to;
		} else {
			*to = high_link;
			to = &node(high)->left;
			high = ma_link_follow(to);
			high_link = *to;
		}
	}
	*to = low != NULL ? low_link : high_link;
}

static struct mem_block *treap_lowest(const uint64_t *root)
{
	struct mem_block *tree = ma_link_follow(root), *left;

	while ((left = ma_link_follow(&node(tree)->left)) != NULL)
		tree = left;
	return tree;
}

/* The first of the tree at `root` that has at least `units`, or NULL. */
static struct mem_block *treap_at_least(const uint64_t *root, uint32_t units)
{
	struct mem_block *best = NULL, *tree;

	while ((tree = ma_link_follow(root)) != NULL) {
		if (tree->units >= units) {
			best = tree;
			root = &node(tree)->left;
		} else {
			root = &node(tree)->right;
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

/* A bin that was never used is zero, and has no bit. */
static bool is_empty(const struct fit *fit, unsigned bin)
{
	return (fit->nonempty[bin / 64] >> (bin % 64) & 1) == 0;
}

static void tree_insert(struct fit *fit, struct mem_block *block)
{
	unsigned bin = bin_of(block->units);
	uint64_t *at = &fit->bin[bin], mine = ma_link_to(block);
	const struct mem_block *tree;

	if (is_empty(fit, bin))
		*at = LINK_NONE;
	fit->nonempty[bin / 64] |= UINT64_C(1) << (bin % 64);
	while ((tree = ma_link_follow(at)) != NULL && *at > mine)
		at = before(tree, block) ? &node(tree)->right : &node(tree)->left;
	treap_split(tree, *at, block, &node(block)->left, &node(block)->right);
	*at = mine;
}

static void tree_remove(struct fit *fit, struct mem_block *block)
{
	unsigned bin = bin_of(block->units);
	uint64_t *at = &fit->bin[bin];
	const struct mem_block *tree;

	while ((tree = ma_link_follow(at)) != block) {
		MA_CHECK(tree != NULL, "free block missing from its bin (a write after free?)", block);
		at = before(tree, block) ? &node(tree)->right : &node(tree)->left;
	}
	treap_join(&node(block)->left, &node(block)->right, at);
	if (fit->bin[bin] == LINK_NONE)
		fit->nonempty[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
}

/* The best of all but the newest. */
static struct mem_block *tree_find(const struct fit *fit, uint32_t units)
{
	unsigned bin = bin_of(units);
	struct mem_block *found;

	if (bin >= FIT_EXACT_BINS) { /* a bin of several sizes may hold smaller ones too */
		found = is_empty(fit, bin) ? NULL : treap_at_least(&fit->bin[bin], units);
		if (found != NULL)
			return found;
		bin++;
	}
	bin = bin_from(fit, bin);
	return bin == FIT_BINS ? NULL : treap_lowest(&fit->bin[bin]);
}

/* --- the newest --- */

/* It has links too, so that a write to it is noticed when it leaves its place, as one to any other is. */
static struct mem_block *newest_take(struct fit *fit)
{
	struct mem_block *block = fit->newest;
	const struct fit_node *links = node(block);

	MA_CHECK(links->left == LINK_NONE && links->right == LINK_NONE,
		 "free block overwritten (a write after free?)", links);
	fit->newest = NULL;
	return block;
}

void ma_fit_settle(struct fit *fit)
{
	if (fit->newest == NULL)
		return;
	/* Nobody has proved its header since it was put there, and such a size leads beyond the bins. */
	MA_CHECK(fit->newest->units <= MA_WINDOW / MA_UNIT,
		 "block header overwritten (an overflow of the block before it?)", fit->newest);
	tree_insert(fit, newest_take(fit));
}

void ma_fit_insert(struct fit *fit, struct mem_block *block)
{
	ma_fit_settle(fit);
	*node(block) = (struct fit_node){LINK_NONE, LINK_NONE};
	fit->newest = block;
}

void ma_fit_remove(struct fit *fit, struct mem_block *block)
{
	if (block == fit->newest)
		newest_take(fit);
	else
		tree_remove(fit, block);
}

struct mem_block *ma_fit_find(const struct fit *fit, uint32_t units)
{
	struct mem_block *found = tree_find(fit, units), *newest = fit->newest;

	if (newest != NULL && newest->units >= units && (found == NULL || before(newest, found)))
		return newest;
	return found;
}

struct mem_block *ma_fit_root(const struct fit *fit, unsigned bin)
{
	return is_empty(fit, bin) ? NULL : ma_link_follow(&fit->bin[bin]);
}

void ma_fit_children(const struct mem_block *block, struct mem_block **left, struct mem_block **right)
{
	*left = ma_link_follow(&node(block)->left);
	*right = ma_link_follow(&node(block)->right);
}

/* --- the audit's: what is damaged is told of, not fatal --- */

bool ma_fit_sound(const struct mem_block *block)
{
	const struct fit_node *links = node(block);

	return ma_link_is_sound(&links->left) && ma_link_is_sound(&links->right);
}

/* The block below `parent`, if its priority is not above that one's: so what is followed does not run in a circle. */
static const struct mem_block *below(const struct mem_block *parent, const uint64_t *at)
{
	const struct mem_block *child = ma_link_peek(at);

	return child != NULL && *at < ma_link_to(parent) ? child : NULL;
}

bool ma_fit_has(const struct fit *fit, const struct mem_block *block)
{
	unsigned bin = bin_of(block->units);
	const struct mem_block *at = ma_fit_root(fit, bin);

	if (block == fit->newest)
		return true;
	while (at != NULL && at != block)
		at = below(at, before(at, block) ? &node(at)->right : &node(at)->left);
	return at != NULL;
}

static size_t treap_count(const struct mem_block *tree)
{
	return tree == NULL ? 0
			    : 1 + treap_count(below(tree, &node(tree)->left)) +
				      treap_count(below(tree, &node(tree)->right));
}

size_t ma_fit_count(const struct fit *fit)
{
	size_t count = fit->newest != NULL;

	for (unsigned bin = 0; bin < FIT_BINS; bin++)
		count += treap_count(ma_fit_root(fit, bin));
	return count;
}
