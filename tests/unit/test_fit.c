/* SPDX-License-Identifier: MIT */
/*
 * The index of free blocks against a plain list: exactly the smallest block that serves, the lowest of equals,
 * after any history of insertions and removals.
 */
#include "unit.h"

#include <sys/mman.h>

#include "block.h"
#include "fit.h"

#define PLACES 2048u
#define PLACE_UNITS 1024u
#define MOST_UNITS ((uint32_t)(MA_WINDOW / MA_UNIT))

/* Blocks of any size, whose payload is never touched but for the links: they may overlap. */
struct model {
	struct fit fit;
	struct mem_block *block[PLACES];
	unsigned count;
	char *memory;
	struct random random;
};

static void model_begin(struct model *model, uint64_t seed)
{
	memset(model, 0, sizeof(*model));
	model->random.state = seed;
	model->memory = mmap(NULL, PLACES * PLACE_UNITS * MA_UNIT, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	expect(model->memory != MAP_FAILED);
}

static void model_end(struct model *model)
{
	munmap(model->memory, PLACES * PLACE_UNITS * MA_UNIT);
}

static void model_insert(struct model *model, unsigned place, uint32_t units)
{
	size_t shift = random_below(&model->random, PLACE_UNITS - 4);
	struct mem_block *block =
		(struct mem_block *)(model->memory + (place * PLACE_UNITS + shift) * MA_UNIT);

	block->units = units;
	model->block[place] = block;
	model->count++;
	ma_fit_insert(&model->fit, block);
}

static void model_remove(struct model *model, unsigned place)
{
	ma_fit_remove(&model->fit, model->block[place]);
	expect(!ma_fit_has(&model->fit, model->block[place]));
	model->block[place] = NULL;
	model->count--;
}

static struct mem_block *model_find(const struct model *model, uint32_t units)
{
	struct mem_block *best = NULL;

	for (unsigned i = 0; i < PLACES; i++) {
		struct mem_block *block = model->block[i];
		if (block != NULL && block->units >= units && (best == NULL || block->units < best->units))
			best = block; /* places are in address order: the first of equals stays */
	}
	return best;
}

static void model_agrees(const struct model *model)
{
	expect(ma_fit_count(&model->fit) == model->count);
	for (unsigned i = 0; i < PLACES; i++)
		if (model->block[i] != NULL)
			expect(ma_fit_has(&model->fit, model->block[i]));
}

/* How sizes are drawn: each shape asks something else of the index. */
enum shape { ANY, EXACT, COARSE, EQUAL, NEAR, SHAPES };

static uint32_t draw(struct random *random, enum shape shape)
{
	switch (shape) {
	case EXACT:
		return 2 + (uint32_t)random_below(random, FIT_EXACT_BINS + 2);
	case COARSE:
		return FIT_EXACT_BINS - 2 + (uint32_t)random_below(random, MOST_UNITS - FIT_EXACT_BINS);
	case EQUAL:
		return random_once_in(random, 2) ? 48 : 4800;
	case NEAR: /* all in one or two bins of several sizes */
		return 10000 + (uint32_t)random_below(random, 600);
	default:
		return (uint32_t)random_size(random, MOST_UNITS - 2) + 2;
	}
}

static void run_history(enum shape shape, unsigned places, size_t steps)
{
	struct model model;

	model_begin(&model, 100 + shape);
	for (size_t step = 0; step < steps; step++) {
		unsigned place = (unsigned)random_below(&model.random, places);
		uint32_t units = draw(&model.random, shape);

		if (model.block[place] == NULL)
			model_insert(&model, place, units);
		else
			model_remove(&model, place);
		units = draw(&model.random, shape);
		expect(ma_fit_find(&model.fit, units) == model_find(&model, units));
		if (step % 1000 == 0)
			model_agrees(&model);
	}
	for (unsigned place = 0; place < PLACES; place++)
		if (model.block[place] != NULL)
			model_remove(&model, place);
	model_agrees(&model);
	expect(ma_fit_find(&model.fit, 2) == NULL);
	model_end(&model);
}

START_TEST(histories)
{
	for (enum shape shape = ANY; shape < SHAPES; shape++) {
		run_history(shape, 60, test_rounds(60000));
		run_history(shape, PLACES, test_rounds(6000));
	}
}
END_TEST

/* Best fit as a program uses it: what is found is taken out, until nothing serves any more. */
START_TEST(taken_in_order)
{
	struct model model;
	const struct mem_block *last = NULL;

	model_begin(&model, 7);
	for (unsigned place = 0; place < PLACES; place++)
		model_insert(&model, place, draw(&model.random, ANY));
	for (unsigned left = PLACES; left > 0; left--) {
		struct mem_block *found = ma_fit_find(&model.fit, 2);
		expect(found != NULL);
		if (last != NULL)
			expect(last->units < found->units || (last->units == found->units && last < found));
		last = found;
		ma_fit_remove(&model.fit, found);
	}
	expect(ma_fit_find(&model.fit, 2) == NULL && ma_fit_count(&model.fit) == 0);
	model_end(&model);
}
END_TEST

/* ma_fit_bin(units) and all bins above it hold blocks of at least `units` and no others do, but one. */
START_TEST(bins)
{
	struct model model;

	model_begin(&model, 1);
	for (uint32_t units = 2; units <= MOST_UNITS; units += 1 + units / 300) {
		unsigned bin = ma_fit_bin(units), holder = FIT_BINS;
		struct mem_block *left, *right;

		model_insert(&model, 0, units);
		ma_fit_settle(&model.fit);
		for (unsigned i = 0; i < FIT_BINS; i++)
			if (ma_fit_root(&model.fit, i) == model.block[0])
				holder = i;
		expect(holder < FIT_BINS);
		expect(holder == bin || holder == bin - 1);
		ma_fit_children(model.block[0], &left, &right);
		expect(left == NULL && right == NULL);
		model_remove(&model, 0);
		model_insert(&model, 0, units - 1);
		ma_fit_settle(&model.fit);
		for (unsigned i = bin; i < FIT_BINS; i++)
			expect(ma_fit_root(&model.fit, i) == NULL);
		model_remove(&model, 0);
	}
	model_end(&model);
}
END_TEST

/* The depth of a search must not follow the number of free blocks: it is their logarithm at most. */
static unsigned depth(const struct mem_block *block)
{
	struct mem_block *left, *right;
	unsigned below_left, below_right;

	if (block == NULL)
		return 0;
	ma_fit_children(block, &left, &right);
	below_left = depth(left);
	below_right = depth(right);
	return 1 + (below_left > below_right ? below_left : below_right);
}

START_TEST(depth_stays_small)
{
	enum { BLOCKS = 200000 };
	struct mem_block *block = mmap(NULL, BLOCKS * 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				       -1, 0);
	struct fit fit = {0};

	expect(block != MAP_FAILED);
	for (unsigned i = 0; i < BLOCKS; i++) { /* in address order, the worst for a tree without balance */
		block[i * 4].units = 4;
		ma_fit_insert(&fit, &block[i * 4]);
	}
	expect(depth(ma_fit_root(&fit, ma_fit_bin(4))) < 80);
	expect(ma_fit_find(&fit, 3) == block);
	for (unsigned i = 0; i < BLOCKS; i += 2)
		ma_fit_remove(&fit, &block[i * 4]);
	expect(ma_fit_count(&fit) == BLOCKS / 2);
	expect(ma_fit_find(&fit, 4) == &block[4]);
}
END_TEST

static void remove_stranger(void *arg)
{
	struct model *model = arg;
	struct mem_block stranger = {.units = 77};

	ma_fit_remove(&model->fit, &stranger);
}

START_TEST(missing_block_is_reported)
{
	struct model model;
	char text[256];

	model_begin(&model, 3);
	model_insert(&model, 0, 77);
	ma_fit_settle(&model.fit);
	expect(WIFSIGNALED(unit_child(remove_stranger, &model, text, sizeof(text))));
	expect(strstr(text, "libma: free block missing from its bin (a write after free?): 0x") == text);
	model_end(&model);
}
END_TEST

/* The newest block stands in no bin until another comes, and is found all the same: where it is the best, and only
 * there. */
START_TEST(newest_waits)
{
	struct model model;

	model_begin(&model, 4);
	model_insert(&model, 1, 50);
	expect(model.fit.newest == model.block[1] && ma_fit_root(&model.fit, 50) == NULL);
	expect(ma_fit_find(&model.fit, 40) == model.block[1] && ma_fit_find(&model.fit, 51) == NULL);
	model_agrees(&model);
	model_insert(&model, 0, 50); /* as good, and lower */
	expect(model.fit.newest == model.block[0] && ma_fit_root(&model.fit, 50) == model.block[1]);
	expect(ma_fit_find(&model.fit, 50) == model.block[0]);
	model_insert(&model, 2, 60); /* worse */
	expect(ma_fit_find(&model.fit, 50) == model.block[0] &&
	       ma_fit_find(&model.fit, 51) == model.block[2]);
	model_remove(&model, 2); /* never was in a bin */
	expect(model.fit.newest == NULL && ma_fit_find(&model.fit, 51) == NULL);
	model_agrees(&model);
	model_end(&model);
}
END_TEST

static void write_and_settle(void *arg)
{
	struct model *model = arg;

	((uint64_t *)ma_block_payload(model->block[0]))[1]++;
	ma_fit_settle(&model->fit);
}

static void write_and_remove(void *arg)
{
	struct model *model = arg;

	((uint64_t *)ma_block_payload(model->block[0]))[0] = 0;
	ma_fit_remove(&model->fit, model->block[0]);
}

static void write_size_and_settle(void *arg)
{
	struct model *model = arg;

	model->block[0]->units |= 0xc1000000;
	ma_fit_settle(&model->fit);
}

/* A size that leads beyond the bins. */
START_TEST(write_to_the_newest_header_is_reported)
{
	struct model model;
	char text[256];

	model_begin(&model, 5);
	model_insert(&model, 0, 77);
	expect(WIFSIGNALED(unit_child(write_size_and_settle, &model, text, sizeof(text))));
	expect(strstr(text, "libma: block header overwritten (an overflow of the block before it?): 0x") ==
	       text);
	model_end(&model);
}
END_TEST

START_TEST(write_to_the_newest_is_reported)
{
	void (*const writes[])(void *) = {write_and_settle, write_and_remove};
	struct model model;
	char text[256];

	model_begin(&model, 5);
	model_insert(&model, 0, 77);
	for (unsigned i = 0; i < LENGTH(writes); i++) {
		expect(WIFSIGNALED(unit_child(writes[i], &model, text, sizeof(text))));
		expect(strstr(text, "libma: free block overwritten (a write after free?): 0x") == text);
	}
	model_end(&model);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		histories,
		taken_in_order,
		bins,
		depth_stays_small,
		missing_block_is_reported,
		newest_waits,
		write_to_the_newest_is_reported,
		write_to_the_newest_header_is_reported,
	};

	return unit_run("fit", tests, LENGTH(tests));
}
