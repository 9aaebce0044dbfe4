/* SPDX-License-Identifier: MIT */
/*
 * fit_times.c - what a fit costs in time, by how many free blocks there are.
 *
 *   fit_times LIVE
 *
 * A simple heap, as in toy.c but with the free blocks on a list, keeps LIVE objects of 4 to 12 KiB, and replaces them at
 * random: one free, one malloc. After a while it has about as many free blocks as it will ever have; from then on it is
 * timed, in processor time. Four times, with another fit each; and then the same on libma.
 */
#include <ma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { HEADER = 16, LEAST = 32, MOST_LIVE = 1 << 13, HEAP = 1 << 29 };

enum fit { FIRST, NEXT, BEST, WORST, FITS };

static const char *const fit_names[] = {"first fit", "next fit", "best fit", "worst fit"};

/* Blocks tile the heap. Those that are free are on a list, by address; its links lie where the object was. */
struct block {
	uint32_t size, left_size; /* headers included; left_size 0: the first block */
	uint64_t used;
	struct block *previous, *next;
};

static char *heap;
static size_t end; /* of the last block */
static struct block *last, *free_list, *rover;
static enum fit fit;
static char *object[MOST_LIVE];

static uint32_t random_below(uint32_t bound)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) * bound >> 31);
}

static struct block *right(struct block *block)
{
	return block == last ? NULL : (struct block *)((char *)block + block->size);
}

static struct block *left(struct block *block)
{
	return block->left_size == 0 ? NULL : (struct block *)((char *)block - block->left_size);
}

/* Gives a block its size, and tells its right neighbour. */
static void set_size(struct block *block, size_t size)
{
	block->size = (uint32_t)size;
	if (block != last)
		right(block)->left_size = block->size;
}

/* Puts a free block on the list, behind the nearest free one to its left. */
static void link_free(struct block *block)
{
	struct block *before = left(block);

	while (before != NULL && before->used)
		before = left(before);
	block->used = 0;
	block->previous = before;
	block->next = before != NULL ? before->next : free_list;
	*(before != NULL ? &before->next : &free_list) = block;
	if (block->next != NULL)
		block->next->previous = block;
}

static void unlink_free(struct block *block)
{
	if (rover == block)
		rover = block->next;
	*(block->previous != NULL ? &block->previous->next : &free_list) = block->next;
	if (block->next != NULL)
		block->next->previous = block->previous;
}

static struct block *first_or_next(struct block *start, struct block *stop, size_t size)
{
	for (struct block *block = start; block != stop; block = block->next) {
		if (block->size >= size)
			return block;
	}
	return NULL;
}

static struct block *best_or_worst(size_t size)
{
	struct block *found = NULL;

	for (struct block *block = free_list; block != NULL; block = block->next) {
		if (block->size < size)
			continue;
		if (found == NULL || (fit == BEST ? block->size < found->size : block->size > found->size))
			found = block;
	}
	return found;
}

static struct block *find(size_t size)
{
	struct block *start = fit == NEXT && rover != NULL ? rover : free_list;

	if (fit == BEST || fit == WORST)
		return best_or_worst(size);
	struct block *found = first_or_next(start, NULL, size);

	return found != NULL ? found : first_or_next(free_list, start, size);
}

/* The heap grows by a block; a free one at its end grows with it. */
static struct block *grow(size_t size)
{
	struct block *block = last != NULL && !last->used ? last : (struct block *)(heap + end);
	size_t start = (size_t)((char *)block - heap);

	if (start + size > HEAP) {
		fputs("fit_times: the heap is full\n", stderr);
		exit(1);
	}
	if (block != last) {
		block->left_size = last != NULL ? last->size : 0;
		last = block;
		link_free(block);
	}
	block->size = (uint32_t)size;
	end = start + size;
	return block;
}

static void *simple_malloc(size_t size)
{
	size = HEADER + (size + 15) / 16 * 16;
	struct block *block = find(size);

	if (block == NULL)
		block = grow(size);
	rover = block->next;
	if (block->size - size >= LEAST) {
		struct block *rest = (struct block *)((char *)block + size);
		size_t rest_size = block->size - size;

		rest->left_size = (uint32_t)size;
		if (last == block)
			last = rest;
		set_size(rest, rest_size);
		block->size = (uint32_t)size;
		link_free(rest);
		rover = rest;
	}
	unlink_free(block);
	block->used = 1;
	return (char *)block + HEADER;
}

static void simple_free(void *payload)
{
	struct block *block = (struct block *)((char *)payload - HEADER);
	struct block *before = left(block), *behind = right(block);

	if (behind != NULL && !behind->used) {
		unlink_free(behind);
		if (last == behind)
			last = block;
		set_size(block, (size_t)block->size + behind->size);
	}
	if (before != NULL && !before->used) {
		unlink_free(before);
		if (last == block)
			last = before;
		set_size(before, (size_t)before->size + block->size);
		block = before;
	}
	link_free(block);
}

static int count_free(const struct ma_place *place, void *count)
{
	*(int *)count += place->kind == MA_BLOCK_FREE;
	return 0;
}

static int free_blocks(void)
{
	int count = 0;

	if (fit == FITS)
		ma_walk(count_free, &count);
	for (struct block *block = free_list; block != NULL; block = block->next)
		count++;
	return count;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time); /* whoever else runs does not count */
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Replaces objects at random, or fills empty places in order; nanoseconds for one. */
static double replace(int times, int live, int fill, void *(*allocate)(size_t), void (*release)(void *))
{
	double start = now();

	for (int i = 0; i < times; i++) {
		char **place = &object[fill ? (uint32_t)i : random_below((uint32_t)live)];

		if (!fill)
			release(*place);
		*place = allocate(4112 + random_below(8192));
		if (*place == NULL)
			exit(1);
	}
	return (now() - start) / times;
}

static void measure(const char *what, int live, void *(*allocate)(size_t), void (*release)(void *))
{
	heap = mmap(NULL, HEAP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (heap == MAP_FAILED)
		exit(1);
	end = 0;
	last = free_list = rover = NULL;
	replace(live, live, 1, allocate, release);
	replace(10 * live, live, 0, allocate, release);
	printf("%-10s %8.1f ns", what, replace(2 * live + 2000, live, 0, allocate, release));
	printf("   %5d free blocks\n", free_blocks());
	munmap(heap, HEAP);
}

int main(int argc, char **argv)
{
	int live = argc == 2 ? atoi(argv[1]) : 0;

	if (live < 1 || live > MOST_LIVE) {
		fprintf(stderr, "usage: fit_times LIVE, from 1 to %d objects\n", MOST_LIVE);
		return 2;
	}
	for (fit = FIRST; fit < FITS; fit++)
		measure(fit_names[fit], live, simple_malloc, simple_free);
	measure("libma", live, ma_malloc, ma_free);
	return 0;
}
