/* SPDX-License-Identifier: MIT */
/*
 * fits.c - replays one trace against four ways to choose a free block, and on libma's own heap.
 *
 *   fits NAME             a trace made here: queue, random or phases
 *   fits TRACE-FILE       a line is a size, or -N: free what the N-th line with a size got (record.c)
 *
 * For each way: the most memory that the heap took, beside the most that was in use at once, and how many free
 * blocks were looked at for an allocation.
 */
#include <ma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 1 << 20, HEADER = 16, LEAST = 32 };

enum fit { FIRST, NEXT, BEST, WORST, FITS };

static const char *const fit_names[] = {"first fit", "next fit", "best fit", "worst fit"};

/* A block of the simulated heap. The blocks tile it; those that are free are on a list, by address. */
struct block {
	size_t start, size; /* the header included */
	struct block *left, *right, *previous, *next;
	int used;
};

static long long event[EVENTS]; /* a size, or minus the number of an allocation */
static int events;
static struct block *heap, *spare, *free_list, *rover;
static size_t end; /* where the simulated heap ends */
static uint64_t looked;

static struct block *new_block(void)
{
	struct block *block = spare != NULL ? spare : malloc(sizeof *block);

	if (block == NULL)
		exit(1);
	if (spare != NULL)
		spare = block->next;
	memset(block, 0, sizeof *block);
	return block;
}

/* Puts a free block on the list, behind the nearest free one to its left. */
static void link_free(struct block *block)
{
	struct block *left = block->left;

	while (left != NULL && left->used)
		left = left->left;
	block->used = 0;
	block->previous = left;
	block->next = left != NULL ? left->next : free_list;
	if (block->next != NULL)
		block->next->previous = block;
	if (left != NULL)
		left->next = block;
	else
		free_list = block;
}

static void unlink_free(struct block *block)
{
	if (rover == block)
		rover = block->next;
	if (block->next != NULL)
		block->next->previous = block->previous;
	if (block->previous != NULL)
		block->previous->next = block->next;
	else
		free_list = block->next;
}

/* Inserts a block of `size` bytes to the right of `left`. */
static struct block *insert(struct block *left, size_t start, size_t size)
{
	struct block *block = new_block();

	block->start = start;
	block->size = size;
	block->left = left;
	block->right = left != NULL ? left->right : NULL;
	if (block->right != NULL)
		block->right->left = block;
	if (left != NULL)
		left->right = block;
	else
		heap = block;
	return block;
}

/* The one place where the four differ. */
static struct block *find(enum fit fit, size_t size)
{
	struct block *found = NULL, *start = fit == NEXT && rover != NULL ? rover : free_list;

	for (struct block *block = start; block != NULL;) {
		looked++;
		if (block->size >= size) {
			if (fit == FIRST || fit == NEXT)
				return block;
			if (found == NULL ||
			    (fit == BEST ? block->size < found->size : block->size > found->size))
				found = block;
		}
		block = block->next;
		if (fit == NEXT) { /* goes around once */
			if (block == NULL)
				block = free_list;
			if (block == start)
				return NULL;
		}
	}
	return found;
}

static struct block *simulated_alloc(enum fit fit, size_t size, struct block **last)
{
	size = size <= LEAST - HEADER ? LEAST : HEADER + (size + 15) / 16 * 16;
	struct block *block = find(fit, size);

	if (block == NULL) { /* the heap grows; a free block at its end grows with it */
		if (*last != NULL && !(*last)->used) {
			block = *last;
			end += size - block->size;
			block->size = size;
		} else {
			block = insert(*last, end, size);
			*last = block;
			end += size;
			link_free(block);
		}
	}
	if (block->size - size >= LEAST) {
		struct block *rest = insert(block, block->start + size, block->size - size);

		block->size = size;
		if (*last == block)
			*last = rest;
		link_free(rest);
		rover = rest;
	} else {
		rover = block->next;
	}
	unlink_free(block);
	block->used = 1;
	return block;
}

/* Makes one block of two. */
static struct block *merge(struct block *left, struct block *right, struct block **last)
{
	left->size += right->size;
	left->right = right->right;
	if (right->right != NULL)
		right->right->left = left;
	if (*last == right)
		*last = left;
	right->next = spare;
	spare = right;
	return left;
}

static void simulated_free(struct block *block, struct block **last)
{
	struct block *left = block->left, *right = block->right;

	if (right != NULL && !right->used) {
		unlink_free(right);
		merge(block, right, last);
	}
	if (left != NULL && !left->used) {
		unlink_free(left);
		block = merge(left, block, last);
	}
	link_free(block);
}

static void simulate(enum fit fit, void **object, size_t *size)
{
	size_t live = 0, peak_live = 0, peak_end = 0, calls = 0;
	struct block *last = NULL;
	int allocations = 0;

	heap = spare = free_list = rover = NULL;
	end = looked = 0;
	for (int i = 0; i < events; i++) {
		if (event[i] >= 0) {
			size[++allocations] = (size_t)event[i];
			object[allocations] = simulated_alloc(fit, (size_t)event[i], &last);
			live += (size_t)event[i];
			calls++;
		} else {
			simulated_free(object[-event[i]], &last);
			live -= size[-event[i]];
		}
		peak_live = live > peak_live ? live : peak_live;
		peak_end = end > peak_end ? end : peak_end;
	}
	printf("%-10s %8zu KiB for %8zu KiB live: %.3f, %8.1f looks\n", fit_names[fit], peak_end / 1024,
	       peak_live / 1024, (double)peak_end / (double)peak_live, (double)looked / (double)calls);
}

struct extent {
	size_t bytes, last_free;
	const void *chunk;
};

/*
 * Adds up a heap, but for what was never used: free blocks at the end of a chunk, and slots not yet carved,
 * which a walk does not visit.
 */
static int add(const struct ma_place *place, void *arg)
{
	struct extent *extent = arg;

	if (place->kind == MA_LARGE_FREE)
		return 0;
	if (place->chunk != extent->chunk)
		extent->bytes -= extent->last_free;
	extent->chunk = place->chunk;
	extent->last_free = 0;
	if (place->kind == MA_SLOT_FREE || place->kind == MA_SLOT_USED)
		extent->bytes += place->size;
	else if (place->kind == MA_BLOCK_SLAB)
		extent->bytes += HEADER;
	else
		extent->bytes += place->size + HEADER;
	if (place->kind == MA_BLOCK_FREE)
		extent->last_free = place->size + HEADER;
	return 0;
}

static void on_libma(void **object, size_t *size)
{
	size_t live = 0, peak_live = 0, peak_end = 0, seen = 0;
	int allocations = 0;

	for (int i = 0; i < events; i++) {
		if (event[i] >= 0) {
			size[++allocations] = (size_t)event[i];
			object[allocations] = ma_malloc((size_t)event[i]);
			live += (size_t)event[i];
		} else {
			ma_free(object[-event[i]]);
			live -= size[-event[i]];
		}
		if (live > peak_live) {
			peak_live = live;
			if (live > seen + seen / 64) { /* a look at each new peak would take too long */
				struct extent extent = {0, 0, NULL};

				ma_walk(add, &extent);
				seen = live;
				extent.bytes -= extent.last_free;
				peak_end = extent.bytes > peak_end ? extent.bytes : peak_end;
			}
		}
	}
	printf("%-10s %8zu KiB for %8zu KiB live: %.3f\n", "libma", peak_end / 1024, peak_live / 1024,
	       (double)peak_end / (double)peak_live);
}

static uint32_t random_below(uint32_t bound)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) * bound >> 31);
}

/* Sizes as programs have them: mostly small, seldom large. */
static long long some_size(void)
{
	return 8 + (long long)random_below(56) + (random_below(8) == 0 ? random_below(1000) : 0) +
	       (random_below(64) == 0 ? random_below(20000) : 0);
}

/* Makes a trace; `number` has the allocations that are still live. */
static int make_trace(const char *name, int *number)
{
	enum { LIVE = 3000, COUNT = 40000 };
	int live = 0, allocations = 0, oldest = 0;

	if (strcmp(name, "queue") != 0 && strcmp(name, "random") != 0 && strcmp(name, "phases") != 0)
		return 0;
	while (allocations++ < COUNT) {
		/* In phases: half of all that lives goes at once, and sizes change. */
		if (name[0] == 'p' && live == LIVE) {
			for (int i = 0; i < LIVE / 2; i++) {
				int victim = (int)random_below((uint32_t)live);

				event[events++] = -number[victim];
				number[victim] = number[--live];
			}
		}
		if (name[0] != 'p' && live == LIVE) {
			int victim = name[0] == 'q' ? oldest++ % LIVE : (int)random_below(LIVE);

			event[events++] = -number[victim];
			number[victim] = allocations;
		} else {
			number[live++] = allocations;
		}
		event[events++] = (name[0] == 'p' && allocations / LIVE % 2 == 1 ? 3 : 1) * some_size();
	}
	return 1;
}

static int read_trace(const char *name)
{
	FILE *file = fopen(name, "r");

	if (file == NULL)
		return 0;
	while (events < EVENTS && fscanf(file, "%lld", &event[events]) == 1)
		events++;
	fclose(file);
	return events > 0;
}

int main(int argc, char **argv)
{
	static void *object[EVENTS];
	static size_t size[EVENTS];
	static int number[EVENTS];

	if (argc != 2 || (!make_trace(argv[1], number) && !read_trace(argv[1]))) {
		fputs("usage: fits queue|random|phases|TRACE-FILE\n", stderr);
		return 2;
	}
	for (enum fit fit = FIRST; fit < FITS; fit++)
		simulate(fit, object, size);
	on_libma(object, size);
	return 0;
}
