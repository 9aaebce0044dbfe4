/* SPDX-License-Identifier: MIT */
/*
 * slab.c - owns the slab descriptors, the slots' list words and the lists of slabs by class.
 *
 * A slab is in one of these states; its owner moves it on, in ma_slab_refill() and ma_slab_event():
 *
 *   current   its slots are popped; one a class
 *   carving   has room for more slots; one a class, may be the current one, is on no list
 *   queued    has ready slots or remote frees, waits on its class's list. It goes to the tail when it gets its
 *             first free slot, so that slots gather before it is used again.
 *   full      has none; on no list. The first free finds it again: a local one by `used`, a remote one by NOTIFY:
 *             see slab_remote.c.
 */
#include "slab.h"

#include <string.h>

#include "slab_remote.h"
#include "source.h"

/* --- shape of a class --- */

/* Granules of the smallest slab of a class but the first: room for 31 slots of up to 2 KiB, for 15 and more of larger ones. */
static unsigned least_granules(size_t size)
{
	return (unsigned)ma_min((size * 32 + MA_GRANULE - 1) / MA_GRANULE, 4);
}

/* Granules of a class's first slab: room for 7 slots or more, as of many sizes a program has but a few objects at a time. */
static unsigned first_granules(size_t size)
{
	return (unsigned)((size * 8 + MA_GRANULE - 1) / MA_GRANULE);
}

/* Granules of the next one: more the more the class has, as what lies before the first slot and behind the last
 * is lost; but a slab is no large part of its class, because it goes back only when it is empty. */
#define SLAB_PART 8
static unsigned next_granules(const struct slab_bin *bin, size_t size)
{
	if (bin->bytes == 0)
		return first_granules(size);
	return (unsigned)ma_clamp(bin->bytes / SLAB_PART, least_granules(size), SLAB_MOST_GRANULES);
}

/* What will do before the heap grows, instead of so many; 0: nothing. */
static unsigned fewer_granules(unsigned granules, size_t size)
{
	if (granules > least_granules(size))
		return least_granules(size);
	return granules > first_granules(size) ? first_granules(size) : 0;
}

/* Bytes from the block's header to slot 0, so that slots keep the alignment of their size. It costs no slot that the
 * header would not. */
static size_t class_lead(size_t size)
{
	return size & -size;
}

/* Serves a rare class. */
static void *alloc_early(struct blocks *blocks, struct slab_bin *bin, size_t size,
			 const struct block_request *request, size_t *zero)
{
	struct mem_block *block = ma_block_alloc(blocks, request, zero);

	if (block == NULL)
		return NULL;
	bin->early += size;
	return ma_block_payload(block);
}

/* --- lists of slabs --- */

static void queue_append(struct slab_bin *bin, struct slab *slab)
{
	slab->next = NULL;
	slab->prev = bin->last;
	if (bin->last != NULL)
		bin->last->next = slab;
	else
		bin->first = slab;
	bin->last = slab;
	slab->queued = true;
}

static void queue_remove(struct slab_bin *bin, struct slab *slab)
{
	if (slab->prev != NULL)
		slab->prev->next = slab->next;
	else
		bin->first = slab->next;
	if (slab->next != NULL)
		slab->next->prev = slab->prev;
	else
		bin->last = slab->prev;
	slab->queued = false;
}

/* Leads the fast path to `distance` for all sizes of the class that it serves. */
static void direct_set(struct slabs *slabs, unsigned class, ptrdiff_t distance)
{
	size_t size = ma_slab_class_size(class);
	size_t below = class == 0 ? 0 : ma_slab_class_size(class - 1) / MA_UNIT + 1;

	for (size_t unit = below; unit <= size / MA_UNIT; unit++)
		slabs->direct[unit] = distance;
}

/* Makes `slab`, or none for NULL, the one that slots of the class are popped from. */
static void set_current(struct slabs *slabs, unsigned class, struct slab *slab)
{
	ptrdiff_t distance = slab == NULL ? 0 : (char *)slab - (char *)slabs;

	slabs->current[class] = distance;
	if (!slabs->hidden[class])
		direct_set(slabs, class, distance);
	if (slab != NULL)
		slab->used++;
}

void ma_slab_hide(struct slabs *slabs, unsigned class, bool hide)
{
	if (slabs->hidden[class] == hide)
		return;
	slabs->hidden[class] = hide;
	direct_set(slabs, class, hide ? 0 : slabs->current[class]);
}

/* Writes a slab, or none, into the map for all its granules. */
static void map_set(struct slabs *slabs, const struct slab *slab, bool present)
{
	ptrdiff_t distance = (const char *)slab - (const char *)slabs;
	const char *granule = (const char *)ma_round_down((uintptr_t)slab->start, MA_GRANULE);

	for (unsigned n = slab->granules; n > 0; n--, granule += MA_GRANULE) {
		ptrdiff_t *entry = &slabs->map[(uint32_t)(uintptr_t)granule >> MA_GRANULE_SHIFT];
		if (present)
			*entry = distance;
		else if (*entry == distance)
			*entry = 0;
	}
}

/* --- making, carving and giving back --- */

/* From here on so many slots are carved; the slots are ready, or on no list. */
static void set_carved(struct slab *slab, uint32_t carved)
{
	uint32_t limit = carved * slab->slot_size;

	slab->carved = carved;
	slab->limit = SLAB_LINK(limit);
	slab->bound = carved * (slab->inverse * slab->slot_size);
	ma_store_relaxed(&slab->shared_limit, limit); /* both are only compared with */
	ma_store_relaxed(&slab->shared_bound, slab->bound);
}

/* Seeds the order in which slots are carved; 0: the order of addresses. */
static uint64_t shuffle;

void ma_slab_shuffle(uint64_t seed)
{
	shuffle = seed;
}

/* Shuffled slots are gone through upwards in so many sweeps, and each slot's sweep is random: so nobody knows what will
 * lie beside an object. The sweeps are over no more bytes than this, or slots if these are more, as what is allocated
 * together is used together, and is the slower the more memory it is spread over. */
#define SWEEPS 4u
#define SWEEP_BYTES 512
#define SWEEP_SLOTS 8

/* Puts `count` slots from `offset` on before those that are ready. */
static void chain(struct slab *slab, uint32_t offset, uint32_t count)
{
	uint64_t random = (shuffle ^ (uintptr_t)(slab->start + offset)) * MA_HASH;
	unsigned mask = shuffle == 0 ? 0 : SWEEPS - 1;
	struct slot first[SWEEPS], *last[SWEEPS] = {&first[0], &first[1], &first[2], &first[3]};

	for (; count > 0; count--, offset += slab->slot_size) {
		struct slot *slot = (struct slot *)(slab->start + offset);
		unsigned sweep = (unsigned)(random >> 62) & mask;
		random = (random + 1) * MA_HASH;
		slot->free_in = slab;
		last[sweep]->next = SLAB_LINK(offset);
		last[sweep] = slot;
	}
	for (unsigned sweep = mask + 1; sweep-- > 0;) {
		last[sweep]->next = slab->ready;
		slab->ready = first[sweep].next; /* what was ready, if the sweep has none */
	}
}

static void carve(struct slab_bin *bin, struct blocks *blocks, struct slab *slab)
{
	size_t size = slab->slot_size, page = ma_source_page();
	uint32_t offset = slab->carved * slab->slot_size;
	char *from = slab->start + offset;
	size_t want = ma_clamp((size_t)bin->bytes * MA_GRANULE / 8, 1, 64 * 1024);
	size_t room = ma_round_up((uintptr_t)from + want, page) - (uintptr_t)from;
	uint32_t count = (uint32_t)ma_clamp(room / size, 1, slab->slots - slab->carved);
	uint32_t group = shuffle == 0 ? count : (uint32_t)ma_max(SWEEP_BYTES / size, SWEEP_SLOTS);

	ma_block_touch(blocks, ma_chunk_of_slab(slab), from, from + count * size);
	for (uint32_t left = count, n; left > 0; left -= n) { /* the last group first */
		n = (left - 1) % group + 1;
		chain(slab, offset + (left - n) * (uint32_t)size, n);
	}
	set_carved(slab, slab->carved + count);
}

static struct mem_block *slab_block(struct blocks *blocks, unsigned granules)
{
	struct block_request request = {
		.size = granules * MA_GRANULE - sizeof(struct mem_block),
		.align = MA_GRANULE,
		.offset = sizeof(struct mem_block),
		.lazily = true,
	};
	size_t zero;

	return ma_block_alloc(blocks, &request, &zero);
}

static struct slab *slab_new(struct slabs *slabs, struct blocks *blocks, unsigned class)
{
	size_t size = ma_slab_class_size(class);
	unsigned granules = next_granules(&slabs->bin[class], size);
	struct mem_block *block = slab_block(blocks, granules);
	struct chunk *chunk;
	struct slab *slab;

	while (block == NULL && (granules = fewer_granules(granules, size)) != 0)
		block = slab_block(blocks, granules);
	if (block == NULL)
		return NULL;
	chunk = ma_chunk_of(block);
	slab = ma_chunk_take_slab(chunk);
	ma_block_mark(block, BLOCK_SLAB);
	slab->start = (char *)block + class_lead(size);
	slab->base = (uintptr_t)slab->start - (uint64_t)INT64_MIN;
	slab->inverse = UINT64_MAX / size + 1 + (size & (size - 1) ? 0 : 1);
	slab->inverse += slab->inverse & 1;
	slab->shared_inverse = slab->inverse;
	slab->slot_size = (uint32_t)size;
	set_carved(slab, 0);
	slab->ready = SLAB_LINK(SLAB_END);
	slab->used = 0;
	slab->slots = (uint32_t)((granules * MA_GRANULE - class_lead(size)) / size);
	slab->index = (uint8_t)(slab - chunk->slab);
	slab->class = (uint8_t) class;
	slab->granules = (uint8_t)granules;
	slab->full = slab->queued = false;
	ma_store_relaxed(&slab->remote, REMOTE_EMPTY);
	memset(&chunk->slab_at[ma_chunk_granule(block)], slab->index, granules);
	map_set(slabs, slab, true);
	slabs->bin[class].bytes += granules;
	return slab;
}

/* Gives back a slab that holds no live slot and is not the current one. */
static void slab_delete(struct slabs *slabs, struct blocks *blocks, struct slab *slab)
{
	struct slab_bin *bin = &slabs->bin[slab->class];
	struct chunk *chunk = ma_chunk_of_slab(slab);
	unsigned granules = slab->granules;
	struct mem_block *block = (struct mem_block *)ma_round_down((uintptr_t)slab->start, MA_GRANULE);

	if (slab->queued)
		queue_remove(bin, slab);
	if (bin->carving == slab)
		bin->carving = NULL;
	bin->bytes -= granules;
	map_set(slabs, slab, false);
	memset(&chunk->slab_at[ma_chunk_granule(block)], 0, granules);
	set_carved(slab, 0);
	ma_chunk_drop_slab(chunk, slab);
	ma_block_verify(block);
	ma_block_mark(block, BLOCK_USED);
	ma_block_free(blocks, chunk, block);
}

/* Puts a slab that is not current where its state says: to its class's list, or back to the blocks if it is empty
 * and not the only one the class has in reserve: a class that comes and goes shall not make a slab each time. */
static void settle(struct slabs *slabs, struct blocks *blocks, struct slab *slab)
{
	struct slab_bin *bin = &slabs->bin[slab->class];

	if (slab->used == 0 && ((bin->first != NULL && bin->first != slab) || bin->last != bin->first))
		slab_delete(slabs, blocks, slab);
	else if (!slab->queued && bin->carving != slab)
		queue_append(bin, slab);
}

/* The current slab has nothing ready: it becomes the carving one, or full. Another one, or none, is to be set. */
static void leave_current(struct slabs *slabs, struct slab *slab)
{
	slab->used--;
	if (slab->carved < slab->slots) {
		slabs->bin[slab->class].carving = slab;
		return;
	}
	if (slabs->bin[slab->class].carving == slab)
		slabs->bin[slab->class].carving = NULL;
	slab->full = true;
	slab->used = 1;
}

/* --- the slow path of allocation --- */

/* The current slab's next ready slot, after taking in what others freed into it; NULL if there is none. */
static void *pop_current(struct slab *slab)
{
	void *slot;

	if (slab->limit == 0)
		return NULL;
	if (slab->ready == SLAB_LINK(SLAB_END)) {
		/* A link that led to another place in the slab has shown by now: slots were left out, or were on the
		 * list twice. */
		if (slab->used != slab->carved + 1)
			ma_slab_damaged(slab);
		ma_slab_take_unless_pending(slab);
	}
	slot = ma_slab_pop(slab);
	if (slot == NULL && slab->ready != SLAB_LINK(SLAB_END))
		ma_slab_damaged(slab);
	return slot;
}

/* The next slab of the class to pop from, of those that there are; NULL if a new one is needed. */
static struct slab *next_slab(struct slabs *slabs, struct blocks *blocks, struct slab_bin *bin)
{
	struct slab *slab;

	if (bin->first == NULL)
		ma_slab_drain(slabs, blocks);
	slab = bin->first;
	if (slab != NULL)
		queue_remove(bin, slab);
	else
		slab = bin->carving;
	return slab;
}

void *ma_slab_refill(struct slabs *slabs, struct blocks *blocks, unsigned class,
		     const struct block_request *request, size_t *zero)
{
	struct slab_bin *bin = &slabs->bin[class];

	*zero = SIZE_MAX;
	for (;;) {
		struct slab *slab = ma_slab_current(slabs, class);
		void *slot = pop_current(slab);

		if (slot != NULL)
			return slot;
		if (slab != &slabs->none) {
			if (slab->carved < slab->slots &&
			    (bin->carving != slab || (bin->first == NULL && !ma_slab_drain(slabs, blocks)))) {
				carve(bin, blocks, slab);
				continue;
			}
			if (slab->carved == slab->slots && !ma_slab_arm(slab))
				continue; /* frees came from others meanwhile */
			leave_current(slabs, slab);
			/* next_slab() will then take in others' frees, and must not find this slab current. */
			if (bin->first == NULL)
				set_current(slabs, class, NULL);
		}
		slab = next_slab(slabs, blocks, bin);
		if (slab == NULL && ma_slab_is_rare(bin, blocks, ma_slab_class_size(class)))
			return alloc_early(blocks, bin, ma_slab_class_size(class), request, zero);
		if (slab == NULL) {
			slab = slab_new(slabs, blocks, class);
			if (slab == NULL)
				return NULL;
			bin->carving = slab;
		}
		set_current(slabs, class, slab);
	}
}

/* --- what frees bring about --- */

void ma_slab_event(struct slabs *slabs, struct blocks *blocks, struct slab *slab)
{
	if (slab->full) {
		slab->full = false;
		slab->used = slab->carved - 1;
		ma_slab_disarm(slab);
	}
	settle(slabs, blocks, slab);
}

/* Frees the blocks of a chunk that other threads have freed. */
static void drain_blocks(struct blocks *blocks, struct chunk *chunk)
{
	/* Pairs with push_remote(). */
	uint64_t word = ma_swap_acq_rel(&chunk->slab[0].remote, REMOTE_EMPTY | REMOTE_NOTIFY);
	uint64_t offset = ma_slab_remote_first(word);
	struct slot *slot = NULL;

	/* The last one may take the chunk with it: nothing of the chunk is looked at behind it. */
	for (uint32_t left = ma_slab_remote_count(word); left > 0; left--) {
		const void *before = slot;
		int64_t next;
		MA_CHECK(ma_slab_is_payload(chunk, offset),
			 "list of freed blocks overwritten (a write after free?)", before);
		slot = (struct slot *)((char *)chunk + offset);
		next = slot->next;
		MA_CHECK(ma_block_inspect(chunk, slot) == BLOCK_SOUND, "double free of a block", slot);
		MA_CHECK(left > 1 || next == SLAB_LINK(SLAB_END),
			 "list of freed blocks overwritten (a write after free?)", slot);
		offset = (uint64_t)(next - INT64_MIN);
		ma_quick_free(blocks, chunk, ma_block_of(slot));
	}
}

static void drain_slab(struct slabs *slabs, struct blocks *blocks, struct slab *slab)
{
	if (slab->full) {
		slab->full = false;
		slab->used = slab->carved;
	}
	ma_slab_take_remote(slab);
	if (!ma_slab_is_current(slabs, slab))
		settle(slabs, blocks, slab);
}

bool ma_slab_drain(struct slabs *slabs, struct blocks *blocks)
{
	struct slab *slab, *next;

	if (ma_load_relaxed(&slabs->pending) == NULL)
		return false;
	slab = ma_swap_acquire(&slabs->pending, NULL); /* pairs with ma_slab_notify() */
	for (; slab != NULL; slab = next) {
		next = slab->pending;
		if (slab->index == 0)
			drain_blocks(blocks, ma_chunk_of_slab(slab));
		else
			drain_slab(slabs, blocks, slab);
	}
	return true;
}

/* The n-th slab of a chunk, NULL if there is none. */
static struct slab *slab_of_index(struct chunk *chunk, unsigned index)
{
	return chunk->slab_in_use[index / 64] >> (index % 64) & 1 ? &chunk->slab[index] : NULL;
}

/* Gives back a slab that is not full, the current one too. False: it holds a live slot. */
static bool delete_if_empty(struct slabs *slabs, struct blocks *blocks, struct slab *slab)
{
	bool current = ma_slab_is_current(slabs, slab);

	if (slab->used != current)
		return false;
	if (current)
		set_current(slabs, slab->class, NULL);
	slab->used = 0;
	slab_delete(slabs, blocks, slab);
	return true;
}

void ma_slab_collect(struct slabs *slabs, struct blocks *blocks, struct chunk *chunk)
{
	blocks->steady = true;
	for (unsigned i = 1; i < MA_GRANULES; i++) {
		struct slab *slab = slab_of_index(chunk, i);
		if (slab == NULL || slab->full)
			continue;
		ma_slab_take_unless_pending(slab);
		delete_if_empty(slabs, blocks, slab);
	}
	blocks->steady = false;
}

void ma_slab_recount(struct slabs *slabs, struct blocks *blocks, struct chunk *chunk)
{
	blocks->steady = true;
	for (unsigned i = 1; i < MA_GRANULES; i++) {
		struct slab *slab = slab_of_index(chunk, i);
		uint32_t ready = slab == NULL ? UINT32_MAX : ma_slab_count_ready(slab);
		if (ready == UINT32_MAX || (slab->full && ready == 0))
			continue;
		if (!slab->full)
			slab->used = slab->carved - ready + ma_slab_is_current(slabs, slab);
		if (slab->full || slab->used == 0) /* pushed, and the event was not seen to */
			ma_slab_event(slabs, blocks, slab);
	}
	blocks->steady = false;
}

bool ma_slab_shed(struct slabs *slabs, struct blocks *blocks)
{
	bool any = false;

	for (unsigned class = 0; class < SLAB_CLASSES; class ++) {
		struct slab_bin *bin = &slabs->bin[class];
		struct slab *slab = ma_slab_current(slabs, class);
		if (slab != &slabs->none)
			any = delete_if_empty(slabs, blocks, slab) || any;
		if (bin->carving != NULL)
			any = delete_if_empty(slabs, blocks, bin->carving) || any;
		if (bin->first != NULL)
			any = delete_if_empty(slabs, blocks, bin->first) || any;
	}
	return any;
}

/* --- a chunk changes hands --- */

bool ma_slab_freeze(struct slabs *slabs, struct blocks *blocks, struct chunk *chunk)
{
	unsigned done = 0;

	for (; done < MA_GRANULES; done++) {
		struct slab *slab = slab_of_index(chunk, done);
		if (slab != NULL && !ma_slab_disarm(slab))
			break;
	}
	if (done == MA_GRANULES)
		return true;
	blocks->steady = true;
	for (unsigned i = 0; i < done; i++) {
		struct slab *slab = slab_of_index(chunk, i);
		if (slab == NULL || (i != 0 && !slab->full) || ma_slab_arm(slab))
			continue;
		if (i == 0)
			drain_blocks(blocks, chunk);
		else
			drain_slab(slabs, blocks, slab);
	}
	blocks->steady = false;
	return false;
}

void ma_slab_adopt(struct slabs *slabs, struct blocks *blocks, struct slabs *from, struct chunk *chunk)
{
	blocks->steady = true;
	for (unsigned i = 1; i < MA_GRANULES; i++) {
		struct slab *slab = slab_of_index(chunk, i);
		struct slab_bin *bin, *old;
		if (slab == NULL)
			continue;
		bin = &slabs->bin[slab->class];
		old = &from->bin[slab->class];
		if (slab->queued)
			queue_remove(old, slab);
		if (old->carving == slab)
			old->carving = NULL;
		if (ma_slab_is_current(from, slab)) {
			set_current(from, slab->class, NULL);
			slab->used--;
		}
		old->bytes -= slab->granules;
		bin->bytes += slab->granules;
		map_set(from, slab, false);
		map_set(slabs, slab, true);
		if (slab->full && ma_slab_arm(slab))
			continue;
		drain_slab(slabs, blocks, slab);
	}
	if (!ma_slab_arm(&chunk->slab[0]))
		drain_blocks(blocks, chunk);
	blocks->steady = false;
}
