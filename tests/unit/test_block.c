/* SPDX-License-Identifier: MIT */
/*
 * The tiling against a model: before each step it is read as a list of blocks, the model says what the list must
 * be afterwards, and afterwards it is read again. So split, coalesce, best fit and resize are checked exactly.
 */
#include "unit.h"

#include "block_side.h"

static uint32_t units_for(size_t size)
{
	uint32_t units = (uint32_t)((size + sizeof(struct mem_block) + MA_UNIT - 1) / MA_UNIT);

	return units < BLOCK_LEAST_UNITS ? BLOCK_LEAST_UNITS : units;
}

static unsigned model_index(const struct tiling *model, const struct mem_block *block)
{
	unsigned i = 0;

	while (i < model->count && model->tile[i].block != block)
		i++;
	expect(i < model->count);
	return i;
}

/* Cuts tile `i` after `units`; the rest has the same state. */
static void model_cut(struct tiling *model, unsigned i, uint32_t units)
{
	memmove(&model->tile[i + 1], &model->tile[i], (model->count - i) * sizeof(model->tile[0]));
	model->count++;
	model->tile[i].units = units;
	model->tile[i + 1].block += units;
	model->tile[i + 1].units -= units;
}

static bool adjacent(const struct tiling *model, unsigned i)
{
	return i + 1 < model->count &&
	       model->tile[i].block + model->tile[i].units == model->tile[i + 1].block;
}

/* Joins tile `i` and the one to its right. */
static void model_join(struct tiling *model, unsigned i)
{
	model->tile[i].units += model->tile[i + 1].units;
	model->count--;
	memmove(&model->tile[i + 1], &model->tile[i + 2], (model->count - i - 1) * sizeof(model->tile[0]));
}

/* The tile that best fit takes; model->count if none serves. */
static unsigned model_best(const struct tiling *model, uint32_t units)
{
	unsigned best = model->count;

	for (unsigned i = 0; i < model->count; i++)
		if (model->tile[i].free && model->tile[i].units >= units &&
		    (best == model->count || model->tile[i].units < model->tile[best].units))
			best = i;
	return best;
}

/* Takes `units` from `lead` units after the start of the free tile `i`. */
static void model_take(struct tiling *model, unsigned i, uint32_t lead, uint32_t units)
{
	if (lead != 0)
		model_cut(model, i++, lead);
	if (model->tile[i].units >= units + BLOCK_LEAST_UNITS)
		model_cut(model, i, units);
	model->tile[i].free = false;
}

static void model_free(struct tiling *model, unsigned i)
{
	model->tile[i].free = true;
	if (adjacent(model, i) && model->tile[i + 1].free)
		model_join(model, i);
	if (i > 0 && adjacent(model, i - 1) && model->tile[i - 1].free)
		model_join(model, i - 1);
}

static bool model_resize(struct tiling *model, unsigned i, uint32_t units)
{
	bool right = adjacent(model, i) && model->tile[i + 1].free;
	uint32_t had = model->tile[i].units, most = right ? had + model->tile[i + 1].units : had;

	if (units > most)
		return false;
	if (units <= had && had - units < BLOCK_LEAST_UNITS)
		return true;
	if (right)
		model_join(model, i);
	if (most - units >= BLOCK_LEAST_UNITS) {
		model_cut(model, i, units);
		model->tile[i + 1].free = true;
	}
	return true;
}

/* --- steps: the model first, then the heap, then both are compared --- */

static void step_alloc(struct objects *objects, size_t size)
{
	unsigned best;
	struct mem_block *block;

	tiling_read(&before);
	best = model_best(&before, units_for(size));
	expect(best < before.count);
	block = take_plain(size);
	expect(block == before.tile[best].block);
	model_take(&before, best, 0, units_for(size));
	tiling_read(&after);
	tiling_is(&after, &before);
	objects_add(objects, ma_block_payload(block), size);
}

/* An aligned block: some free block that is large enough is cut into lead, block and rest. */
static void step_align(struct objects *objects, const struct block_request *request)
{
	struct mem_block *block;
	unsigned i = 0;

	tiling_read(&before);
	block = take(request);
	expect(block != NULL);
	while (before.tile[i].block + before.tile[i].units <= block)
		i++;
	expect(before.tile[i].free);
	model_take(&before, i, (uint32_t)(block - before.tile[i].block), units_for(request->size));
	tiling_read(&after);
	tiling_is(&after, &before);
	objects_add(objects, ma_block_payload(block), request->size);
}

static void step_free(struct objects *objects, size_t n)
{
	struct mem_block *block = ma_block_of(objects_take(objects, n).at);

	tiling_read(&before);
	model_free(&before, model_index(&before, block));
	give(block);
	tiling_read(&after);
	tiling_is(&after, &before);
}

static void step_resize(struct objects *objects, size_t n, size_t size)
{
	struct object *object = &objects->object[n];
	struct mem_block *block = ma_block_of(object->at);
	bool fits;

	tiling_read(&before);
	fits = model_resize(&before, model_index(&before, block), units_for(size));
	expect(ma_block_resize(&blocks, ma_chunk_of(block), block, size) == fits);
	tiling_read(&after);
	tiling_is(&after, &before);
	if (!fits)
		return;
	expect(pattern_holds(object->at, object->size < size ? object->size & ~(size_t)7 : size & ~(size_t)7,
			     object->seed));
	pattern_fill(object->at, size, object->seed);
	object->size = size;
}

static void step_any(struct objects *objects, struct random *random, size_t most)
{
	struct block_request request = {.size = 1 + random_size(random, most), .align = MA_UNIT};

	switch (random_below(random, objects->count == objects->room ? 2 : 5)) {
	case 0:
	case 1:
		if (objects->count == 0)
			break;
		if (random_once_in(random, 2))
			step_resize(objects, random_below(random, objects->count), request.size);
		else
			step_free(objects, random_below(random, objects->count));
		break;
	case 2:
		request.align = MA_UNIT << random_below(random, 8);
		request.offset = random_once_in(random, 2) ? MA_UNIT : 0;
		request.lazily = random_once_in(random, 2);
		step_align(objects, &request);
		break;
	default:
		step_alloc(objects, request.size);
	}
}

START_TEST(histories)
{
	struct random random = {5};
	struct objects objects;

	begin();
	blocks.steady = true;
	give(take_plain(3000000)); /* so that all of the rest is served without growth */
	for (size_t most = 64; most <= 100000; most *= 11) {
		objects_begin(&objects, 150000 / most < 300 ? 20 : 300);
		for (size_t step = 0; step < test_rounds(4000); step++)
			step_any(&objects, &random, most);
		objects_hold(&objects);
		while (objects.count > 0)
			step_free(&objects, random_below(&random, objects.count));
		objects_end(&objects);
		expect(after.count == 1 && after.tile[0].free);
	}
}
END_TEST

/* The same with growth, refusals, strangers on the break and give-back: the invariants hold, nothing is lost. */
START_TEST(histories_of_growth)
{
	struct random random = {6};
	struct objects objects;

	begin();
	objects_begin(&objects, 100);
	for (size_t step = 0; step < test_rounds(8000); step++) {
		scripted_relent();
		if (random_once_in(&random, 20))
			scripted_refuse(1, 1 + random_below(&random, 3));
		if (random_once_in(&random, 200))
			scripted_foreign((ptrdiff_t)random_size(&random, 100000));
		if (random_once_in(&random, 500))
			ma_block_trim(&blocks, random_size(&random, 1000000));
		if (objects.count < objects.room && random_once_in(&random, 2)) {
			size_t size = 1 + random_size(&random, 1000000);
			struct mem_block *block = take_plain(size);
			expect(block != NULL || scripted_refusals() > 0);
			if (block != NULL)
				objects_add(&objects, ma_block_payload(block), size);
		} else if (objects.count > 0) {
			give(ma_block_of(objects_take(&objects, random_below(&random, objects.count)).at));
		}
		if (step % 4 == 0)
			tiling_read(&after);
	}
	while (objects.count > 0)
		give(ma_block_of(objects_take(&objects, 0).at));
	ma_block_trim(&blocks, 0);
	tiling_read(&after);
	expect(blocks.dirty == 0);
	objects_end(&objects);
}
END_TEST

/* What take() checks, where it is hardest: small blocks that come and go at the edge of what was ever written. */
START_TEST(known_to_be_zero)
{
	struct random random = {7};
	struct objects objects;

	begin();
	objects_begin(&objects, 60);
	for (size_t step = 0; step < test_rounds(50000); step++) {
		size_t size = 1 + random_size(&random, random_once_in(&random, 20) ? 300000 : 300);
		if (objects.count > 0 && random_below(&random, 10) < 5)
			give(ma_block_of(objects_take(&objects, random_below(&random, objects.count)).at));
		else if (objects.count < objects.room)
			objects_add(&objects, ma_block_payload(take_plain(size)), size);
		if (random_once_in(&random, 300))
			ma_block_trim(&blocks, random_size(&random, 10000));
	}
	tiling_read(&after);
	objects_end(&objects);
}
END_TEST

START_TEST(lowest_of_equals)
{
	struct mem_block *block[9];

	begin();
	for (unsigned i = 0; i < LENGTH(block); i++)
		block[i] = take_plain(1000);
	for (unsigned i = 0; i < LENGTH(block); i++)
		expect(i == 0 || block[i] == ma_block_right(block[i - 1]));
	give(block[5]);
	give(block[1]);
	give(block[3]);
	expect(take_plain(1000) == block[1] && take_plain(990) == block[3] && take_plain(1000) == block[5]);
}
END_TEST

START_TEST(merging_on_all_sides)
{
	struct mem_block *block[5];

	begin();
	for (unsigned i = 0; i < LENGTH(block); i++)
		block[i] = take_plain(100);
	give(block[1]);
	expect(block[1]->units == 8 && ma_block_left(block[2]) == block[1]);
	give(block[3]);
	give(block[2]); /* both neighbours */
	expect(block[1]->units == 24 && ma_block_right(block[1]) == block[4]);
	give(block[0]); /* the right one; it is the chunk's first */
	expect(block[0]->units == 32 && ma_block_left(block[0]) == NULL);
	give(block[4]); /* the left one, and what lies above */
	tiling_read(&after);
	expect(after.count == 1 && after.tile[0].block == block[0]);
}
END_TEST

START_TEST(reluctance)
{
	struct mem_block *block;
	uint64_t requests;

	begin();
	blocks.reluctant = true;
	expect(take_plain(100) == NULL && scripted_requests() == 0);
	blocks.reluctant = false;
	block = take_plain(100);
	expect(block != NULL);
	requests = scripted_requests();
	blocks.reluctant = true;
	expect(take_plain(1000000) == NULL && scripted_requests() == requests);
	give(block);
	expect(take_plain(100) == block);
}
END_TEST

START_TEST(refusal_changes_nothing)
{
	begin();
	scripted_refuse(1, UINT64_MAX);
	expect(take_plain(100) == NULL && blocks.chunks == NULL && blocks.held == 0);
	scripted_relent();
	expect(take_plain(100) != NULL);
	tiling_read(&before);
	scripted_refuse(1, UINT64_MAX);
	expect(take_plain(1000000) == NULL);
	tiling_read(&after);
	tiling_is(&after, &before);
	scripted_relent();
	expect(take_plain(1000000) != NULL);
	tiling_read(&after);
}
END_TEST

START_TEST(inspection)
{
	struct mem_block *left, *block, *right;
	struct chunk *chunk;
	char *payload;

	begin();
	left = take_plain(100);
	block = take_plain(5000);
	right = take_plain(100);
	chunk = ma_chunk_of(block);
	payload = ma_block_payload(block);
	memset(payload, 0xff, ma_block_size(block));
	expect(ma_block_inspect(chunk, payload) == BLOCK_SOUND);
	for (size_t i = 1; i < ma_block_size(block); i++) {
		expect(ma_block_inspect(chunk, payload + i) == BLOCK_NOT_ONE);
		expect(ma_block_around(chunk, payload + i) == block);
	}
	expect(ma_block_inspect(chunk, chunk) == BLOCK_NOT_ONE);
	expect(ma_block_inspect(chunk, ma_chunk_end(chunk)) == BLOCK_NOT_ONE);
	ma_block_mark(block, BLOCK_SLAB);
	expect(ma_block_inspect(chunk, payload) == BLOCK_NOT_ONE);
	ma_block_mark(block, BLOCK_USED);
	give(left);
	expect(ma_block_inspect(chunk, ma_block_payload(left)) == BLOCK_IS_FREE);
	give(block); /* its header is inside its neighbour now */
	expect(ma_block_inspect(chunk, payload) == BLOCK_IS_FREE);
	expect(ma_block_around(chunk, payload) == left);
	expect(ma_block_inspect(chunk, ma_block_payload(right)) == BLOCK_SOUND);
}
END_TEST

START_TEST(every_flipped_bit_shows)
{
	struct mem_block *block;
	unsigned char *byte;

	begin();
	take_plain(100);
	block = take_plain(100);
	byte = (unsigned char *)block;
	for (unsigned bit = 0; bit < 8 * sizeof(*block); bit++) {
		byte[bit / 8] ^= (unsigned char)(1 << bit % 8);
		expect(!ma_block_is_sound(block));
		expect(ma_block_inspect(ma_chunk_of(block), ma_block_payload(block)) == BLOCK_DAMAGED);
		byte[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	expect(ma_block_is_sound(block));
	memcpy(block + 2, block, sizeof(*block)); /* a header is good for its own address only */
	expect(!ma_block_is_sound(block + 2));
}
END_TEST

static void free_it(void *block)
{
	give(block);
}

static void grow_it(void *block)
{
	expect(!ma_block_resize(&blocks, ma_chunk_of(block), block, 10000));
}

#define OVERWRITTEN                                                                                          \
	"libma: block header overwritten (an overflow of the block before it?): %p is the header of a "      \
	"block of 112 bytes at %p, between "

START_TEST(overwritten_neighbours)
{
	struct mem_block *left, *block, *right;

	begin();
	left = take_plain(100);
	block = take_plain(100);
	right = take_plain(100);
	take_plain(100);
	right->units ^= 1;
	unit_dies(free_it, block,
		  OVERWRITTEN "a used block of 112 bytes at %p and a used block of 112 bytes at %p",
		  (void *)right, (void *)(right + 1), (void *)(block + 1), (void *)(right + 9));
	unit_dies(grow_it, block,
		  OVERWRITTEN "a used block of 112 bytes at %p and a used block of 112 bytes at %p",
		  (void *)right, (void *)(right + 1), (void *)(block + 1), (void *)(right + 9));
	right->units ^= 1;
	left->state = 0;
	unit_dies(free_it, block, OVERWRITTEN "the chunk's start and a used block of 112 bytes at %p",
		  (void *)left, (void *)(left + 1), (void *)(block + 1));
	left->state = BLOCK_USED;
	unit_says(free_it, block, "");
}
END_TEST

static void take_it(void *arg)
{
	(void)arg;
	take_plain(100);
}

START_TEST(overwritten_free_block)
{
	struct mem_block *block;

	begin();
	block = take_plain(100);
	take_plain(100);
	give(block);
	unit_says(take_it, NULL, "");
	block->left_units ^= 4;
	unit_dies(take_it, NULL, OVERWRITTEN "the chunk's start and a used block of 112 bytes at %p",
		  (void *)block, (void *)(block + 1), (void *)(block + 9));
}
END_TEST

START_TEST(adoption)
{
	static struct blocks other;
	struct random random = {9};
	struct mem_block *block[100];
	struct chunk *next;

	begin();
	for (unsigned i = 0; i < LENGTH(block); i++)
		block[i] = take_plain(1 + random_size(&random, 300000));
	for (unsigned i = 0; i < LENGTH(block); i += 3)
		give(block[i]);
	tiling_read(&before);
	other.owner = &other;
	for (struct chunk *chunk = blocks.chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		ma_block_adopt(&other, &blocks, chunk);
	}
	expect(blocks.chunks == NULL && blocks.held == 0 && ma_fit_count(&blocks.fit) == 0 &&
	       blocks.dirty == 0);
	blocks = other;
	tiling_read(&after);
	tiling_is(&after, &before);
	expect(take_plain(100) != NULL);
	tiling_read(&after);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		histories,
		histories_of_growth,
		known_to_be_zero,
		lowest_of_equals,
		merging_on_all_sides,
		reluctance,
		refusal_changes_nothing,
		inspection,
		every_flipped_bit_shows,
		overwritten_neighbours,
		overwritten_free_block,
		adoption,
	};

	return unit_run("block", tests, LENGTH(tests));
}
