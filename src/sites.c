/* SPDX-License-Identifier: MIT */
/*
 * sites.c - owns the side tables: one for each window in which an object was ever seen, found by a radix tree like the
 * chunks' registry, and never given back.
 *
 * An entry's two words, the second written first:
 *
 *     a    63 … 56        55 … 28      27 … 0
 *          time, low 8    freed        stack          0: nothing is known
 *     b    63 … 44        43 … 22      21 … 0
 *          time, high 20  thread       size, low 22   the rest of the size follows from the usable one
 *
 * Time is in units of 64 ms, of which 28 bits last for half a year.
 */
#include "sites.h"

#include "atomic.h"
#include "clock.h"
#include "root.h"
#include "source.h"
#include "stacks.h"

#if UINTPTR_MAX > UINT32_MAX
#define ADDRESS_BITS 48
#define LEAF_BITS 13
#else
#define ADDRESS_BITS 32
#define LEAF_BITS (ADDRESS_BITS - MA_WINDOW_SHIFT)
#endif
#define ROOT_BITS (ADDRESS_BITS - MA_WINDOW_SHIFT - LEAF_BITS)

#define STACK_MASK ((UINT64_C(1) << STACK_BITS) - 1)
#define THREAD_MASK ((UINT64_C(1) << 22) - 1)
#define SIZE_MASK ((UINT64_C(1) << 22) - 1)
#define TIME_SHIFT 6 /* of milliseconds */
#define TIME_MASK ((UINT64_C(1) << 28) - 1)
/* Freed, it is not known where. */
#define FREED_SOMEWHERE STACK_MASK

/* How much of a side table is made resident at once. */
#define STEP ((size_t)64 * 1024)
#define STEPS (MA_WINDOW / STEP)
/* So many side tables do without huge pages. */
#define HUGE_FROM 6

struct entry {
	MA_SHARED(uint64_t) a, b;
};
static_assert(sizeof(struct entry) == MA_UNIT, "an entry for each unit");

struct side {
	struct entry entry[MA_WINDOW / MA_UNIT]; /* first, so that huge pages fit */
	MA_SHARED(uint64_t) resident[STEPS / 64];
};

struct leaf {
	MA_SHARED(struct side *) side[(size_t)1 << LEAF_BITS];
};

static bool on;
static MA_SHARED(struct leaf *) root[(size_t)1 << ROOT_BITS];

MA_ROOT(sites, on);
MA_ROOT(sites, root);
MA_ROOT_STRUCT(sites, side);

/* Installs `new` of `bytes` where nothing is yet; returns what is there in the end. */
#define INSTALL(place, new, bytes)                                                                           \
	__extension__({                                                                                      \
		__typeof__(new) old_ = NULL, new_ = (new);                                                   \
		/* Pairs with the acquiring loads of the same place. */                                      \
		if (new_ != NULL && !ma_cas_acquire((place), &old_, new_)) {                                 \
			ma_source_unmap(new_, bytes);                                                        \
			new_ = old_;                                                                         \
		}                                                                                            \
		new_;                                                                                        \
	})

/*
 * A side table for a window in which an object of `size` begins. Once there are as many as a heap of 24 MiB has, it asks
 * for huge pages: they are touched in a fraction of the time, and a copy of the process, as `ma map` takes one, costs next
 * to nothing. Not where large objects lie, of which a window has one or two.
 */
static MA_COLD struct side *side_make(MA_SHARED(struct side *) *place, size_t size)
{
	static MA_SHARED(size_t) made;
	size_t bytes = ma_round_up(sizeof(struct side), ma_source_page());
	bool huge = size < MA_HUGE_PAGE && ma_load_relaxed(&made) >= HUGE_FROM;
	struct side *side = ma_source_map(bytes, huge ? MA_HUGE_PAGE : MA_UNIT);

	if (side != NULL && huge)
		ma_source_huge(side, MA_WINDOW, true);
	ma_store_relaxed(&made, ma_load_relaxed(&made) + 1); /* about so many */
	return INSTALL(place, side, bytes);
}

/* `size` is of the object for which it is to be made, SIZE_MAX: it is not to be made. */
static struct side *side_of(const void *p, size_t size)
{
	bool make = size != SIZE_MAX;
	uintptr_t window = (uintptr_t)p >> MA_WINDOW_SHIFT;
	size_t bytes = ma_round_up(sizeof(struct leaf), ma_source_page());
	MA_SHARED(struct side *) *place;
	struct leaf *leaf;
	struct side *side;

	if (window >> (LEAF_BITS + ROOT_BITS) != 0)
		return NULL;
	leaf = ma_load_acquire(&root[window >> LEAF_BITS]); /* pairs with INSTALL */
	if (leaf == NULL && make)
		leaf = INSTALL(&root[window >> LEAF_BITS], (struct leaf *)ma_source_map(bytes, MA_UNIT),
			       bytes);
	if (leaf == NULL)
		return NULL;
	place = &leaf->side[window & (((uintptr_t)1 << LEAF_BITS) - 1)];
	side = ma_load_acquire(place); /* pairs with INSTALL */
	return side == NULL && make ? side_make(place, size) : side;
}

/* The entry of what starts at `p`; NULL if there is none, and none is to be made or can be. `size` as above. */
MA_INLINE struct entry *entry_of(const void *p, size_t size)
{
	struct side *side = side_of(p, size);
	size_t offset = (uintptr_t)p & (MA_WINDOW - 1), step = offset / STEP;
	uint64_t bit = UINT64_C(1) << (step % 64), resident;

	if (side == NULL)
		return NULL;
	if (size != SIZE_MAX) {
		/* Two threads may do so at once, or one of two bits be lost: both do no harm. */
		resident = ma_load_relaxed(&side->resident[step / 64]);
		if (MA_UNLIKELY((resident & bit) == 0)) {
			char *from = (char *)side->entry + step * STEP;
			ma_source_populate(from, from + STEP);
			ma_store_relaxed(&side->resident[step / 64], resident | bit);
		}
	}
	return &side->entry[offset / MA_UNIT];
}

bool ma_sites_on(void)
{
	return on;
}

void ma_sites_start(void)
{
	on = true;
}

void ma_sites_set(const void *p, uint32_t stack, uint32_t thread, size_t size)
{
	struct entry *entry = entry_of(p, size);
	uint64_t time = ma_clock_ms() >> TIME_SHIFT & TIME_MASK;

	if (entry == NULL)
		return;
	ma_store_relaxed(&entry->b, time >> 8 << 44 | (thread & THREAD_MASK) << 22 | (size & SIZE_MASK));
	/* Who looks up an object was given it by its thread, which orders more than this could. */
	ma_store_relaxed(&entry->a, time << 56 | (stack & STACK_MASK));
}

void ma_sites_set_freed(const void *p, uint32_t stack)
{
	struct entry *entry = entry_of(p, SIZE_MAX);
	uint64_t a;

	if (entry == NULL)
		return;
	a = ma_load_relaxed(&entry->a) & ~(STACK_MASK << STACK_BITS);
	ma_store_relaxed(&entry->a, a | (stack != 0 ? stack : FREED_SOMEWHERE) << STACK_BITS);
}

void ma_sites_forget(const void *p)
{
	struct entry *entry = entry_of(p, SIZE_MAX);

	if (entry == NULL || ma_load_relaxed(&entry->a) == 0) /* not to touch what was never written */
		return;
	ma_store_relaxed(&entry->a, 0);
	ma_store_relaxed(&entry->b, 0);
}

bool ma_sites_get(const void *p, size_t usable, struct site *site)
{
	const struct entry *entry = entry_of(p, SIZE_MAX);
	uint64_t a, b, freed;

	if (entry == NULL)
		return false;
	a = ma_load_relaxed(&entry->a);
	b = ma_load_relaxed(&entry->b);
	if ((a | b) == 0)
		return false;
	freed = a >> STACK_BITS & STACK_MASK;
	*site = (struct site){
		.stack = (uint32_t)(a & STACK_MASK),
		.freed = freed == FREED_SOMEWHERE ? 0 : (uint32_t)freed,
		.alive = freed == 0,
		.thread = (uint32_t)(b >> 22 & THREAD_MASK),
		.time = (b >> 44 << 8 | a >> 56) << TIME_SHIFT,
		/* The largest size up to `usable` that ends in the bits that were kept. */
		.size = usable - ((usable - (size_t)b) & SIZE_MASK),
	};
	return true;
}

uint64_t ma_sites_age(const struct site *site, uint64_t now)
{
	uint64_t all = TIME_MASK << TIME_SHIFT | ((1u << TIME_SHIFT) - 1), age = (now - site->time) & all;

	return age > all / 2 ? 0 : age; /* it is younger than `now` */
}

void ma_sites_own(void (*see)(const void *start, size_t size, void *arg), void *arg)
{
	for (size_t i = 0; i < (size_t)1 << ROOT_BITS; i++) {
		struct leaf *leaf = ma_load_acquire(&root[i]); /* pairs with INSTALL */
		if (leaf == NULL)
			continue;
		for (size_t n = 0; n < (size_t)1 << LEAF_BITS; n++) {
			const struct side *side = ma_load_acquire(&leaf->side[n]); /* pairs with INSTALL */
			if (side != NULL)
				see(side, sizeof(*side), arg);
		}
	}
}
