/* SPDX-License-Identifier: MIT */
/*
 * heaps.c - owns the list of all heaps, the idle ones among them, and the heaps lock.
 *
 * An idle heap belongs to whoever holds the heaps lock. A thread that starts takes one as it is; a thread that
 * would have to grow adopts its chunks, and the empty heap waits for the next thread; a thread that frees into
 * one visits it now and then, to take in what was freed. tests/model/heaps.pml proves it.
 *
 * fork: the lock is held across it, so idle heaps are whole in the child and can be used there. The heaps of
 * the parent's other threads may be in the middle of a change: in the child they are lost, that is, nobody
 * ever allocates from them, and a free into one is a push on a list that nobody reads.
 */
#include "heap.h"

#include "clock.h"
#include "large.h"
#include "lock.h"
#include "root.h"
#include "source.h"
#include "stacks.h"

/* An idle heap that nobody has taken for so long gives back what is free. So does one whose thread ends after so long: what is
 * purged and touched anew so seldom costs little. */
#define IDLE_MS 500

/* An idle heap is looked through once for so many full slabs and chunks that others freed into. */
#define VISIT_AFTER 64

static struct lock heaps_lock = MA_LOCK_INIT;
static struct heap main_heap; /* the first thread's: saves a mapping */
static MA_SHARED(struct heap *) all_heaps;
static struct heap *idle_heaps; /* the latest to become idle first: its memory is the likeliest in cache */
static MA_SHARED(unsigned) idle_with_chunks;
static unsigned last_number;
static MA_SHARED(int64_t) all_use, peak_use; /* --enable-stats: usable bytes, now and at most */

MA_ROOT(heaps, all_heaps);
MA_ROOT(heaps, idle_heaps);
MA_ROOT(heaps, last_number);
MA_ROOT_LOCK(heaps, heaps_lock);
MA_ROOT_STRUCT(heaps, heap);

/* Here and there a little of a heap is used: a huge page for it would be all waste. Of a mapping that is said as a whole, as
 * a part would make three mappings of it, and the kernel counts them. */
static void refuse_huge_pages(struct heap *heap, size_t size)
{
	if (heap == &main_heap)
		ma_source_huge((void *)ma_round_up((uintptr_t)&heap->slabs.map, ma_source_page()),
			       sizeof(heap->slabs.map) - ma_source_page(), false);
	else
		ma_source_huge(heap, size, false);
}

static struct heap *heap_new(void)
{
	size_t size = ma_round_up(sizeof(struct heap), ma_source_page());
	struct heap *heap = last_number == 0 ? &main_heap : ma_source_map(size, ma_source_page());

	if (heap == NULL)
		return NULL;
	refuse_huge_pages(heap, size);
	heap->number = ++last_number;
	heap->blocks.owner = heap;
	heap->blocks.on_break = heap == &main_heap;
	heap->next = ma_load_relaxed(&all_heaps);
	ma_store_release(&all_heaps, heap); /* pairs with ma_heaps_first() */
	return heap;
}

void ma_heaps_own(void (*see)(const void *start, size_t size, void *arg), void *arg)
{
	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next)
		if (heap->next != NULL) /* the first one lies among the variables */
			see(heap, ma_round_up(sizeof(*heap), ma_source_page()), arg);
}

struct heap *ma_heaps_first(void)
{
	return ma_load_acquire(&all_heaps); /* pairs with heap_new() */
}

/* Caller holds the lock. */
static void idle_add(struct heap *heap)
{
	ma_store_relaxed(&heap->idle, true);
	heap->next_idle = idle_heaps;
	idle_heaps = heap;
	if (heap->blocks.chunks != NULL)
		ma_store_relaxed(&idle_with_chunks, ma_load_relaxed(&idle_with_chunks) + 1);
}

/* Caller holds the lock. */
static void idle_remove(struct heap *heap)
{
	struct heap **at = &idle_heaps;

	while (*at != heap)
		at = &(*at)->next_idle;
	*at = heap->next_idle;
	ma_store_relaxed(&heap->idle, false);
	if (heap->blocks.chunks != NULL)
		ma_store_relaxed(&idle_with_chunks, ma_load_relaxed(&idle_with_chunks) - 1);
}

struct heap *ma_heaps_take(void)
{
	struct heap *heap;

	ma_lock(&heaps_lock);
	heap = idle_heaps;
	if (heap != NULL)
		idle_remove(heap);
	else
		heap = heap_new();
	ma_unlock(&heaps_lock);
	if (heap != NULL)
		heap->since = ma_clock_ms();
	return heap;
}

void ma_heaps_leave(struct heap *heap)
{
	uint64_t now = ma_clock_ms();

	ma_slab_drain(&heap->slabs, &heap->blocks);
	ma_quick_flush(&heap->blocks);
	heap->stale = now - heap->since < IDLE_MS;
	if (!heap->stale)
		ma_heap_trim(heap, 0);
	heap->since = now;
	ma_lock(&heaps_lock);
	idle_add(heap);
	ma_unlock(&heaps_lock);
}

/* Moves one chunk, if one can be moved; `from` is owned by the caller. No more than that: the thread that takes the idle
 * heap next would miss them, and grow it. */
static bool adopt_chunk(struct heap *heap, struct heap *from)
{
	struct chunk *next;

	ma_slab_drain(&from->slabs, &from->blocks);
	ma_quick_flush(&from->blocks);
	for (struct chunk *chunk = from->blocks.chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		if (!ma_slab_freeze(&from->slabs, &from->blocks, chunk))
			continue; /* somebody is about to tell the old owner something: another time */
		ma_block_adopt(&heap->blocks, &from->blocks, chunk);
		/* Pairs with the push that reads it, through ma_slab_arm(). */
		ma_store_relaxed(&chunk->owner, heap);
		ma_slab_adopt(&heap->slabs, &heap->blocks, &from->slabs, chunk);
		return true;
	}
	return false;
}

bool ma_heaps_adopt(struct heap *heap)
{
	struct heap *from;
	bool adopted = false;

	if (ma_load_relaxed(&idle_with_chunks) == 0) /* a hint: the next growth asks again */
		return false;
	ma_lock(&heaps_lock);
	for (from = idle_heaps; from != NULL; from = from->next_idle)
		if (from->blocks.chunks != NULL)
			break;
	if (from != NULL) {
		idle_remove(from);
		adopted = adopt_chunk(heap, from);
		idle_add(from);
	}
	ma_unlock(&heaps_lock);
	return adopted;
}

void ma_heaps_visit(struct heap *idle)
{
	ma_lock(&heaps_lock);
	if (ma_load_relaxed(&idle->idle) && ++idle->notices >= VISIT_AFTER) {
		idle->notices = 0;
		idle_remove(idle);
		ma_heap_collect(idle);
		idle->stale = true;
		idle_add(idle);
	}
	ma_unlock(&heaps_lock);
}

void ma_heaps_count(struct heap *heap)
{
	int64_t now;

	ma_add_relaxed(&all_use, heap->counts.use - heap->counts.told);
	heap->counts.told = heap->counts.use;
	now = ma_load_relaxed(&all_use);
	/* Of two that race, one may be lost: it is a figure for people. */
	if (now > ma_load_relaxed(&peak_use))
		ma_store_relaxed(&peak_use, now);
}

size_t ma_heaps_peak(void)
{
	return (size_t)ma_load_relaxed(&peak_use);
}

/* Caller holds the lock. */
static size_t trim_idle(struct heap *heap, size_t pad)
{
	bool had = heap->blocks.chunks != NULL;
	size_t given = ma_heap_trim(heap, pad);

	if (had && heap->blocks.chunks == NULL)
		ma_store_relaxed(&idle_with_chunks, ma_load_relaxed(&idle_with_chunks) - 1);
	heap->stale = false;
	return given;
}

size_t ma_heaps_trim_idle(size_t pad)
{
	size_t given = 0;

	ma_lock(&heaps_lock);
	for (struct heap *heap = idle_heaps; heap != NULL; heap = heap->next_idle)
		given += trim_idle(heap, pad);
	ma_unlock(&heaps_lock);
	return given;
}

void ma_heaps_age(void)
{
	static MA_SHARED(uint64_t) looked_at;
	uint64_t now;

	if (ma_load_relaxed(&idle_with_chunks) == 0) /* a hint, as the next: another time will do */
		return;
	now = ma_clock_ms();
	if (now - ma_load_relaxed(&looked_at) < IDLE_MS || !ma_lock_try(&heaps_lock))
		return;
	ma_store_relaxed(&looked_at, now);
	for (struct heap *heap = idle_heaps; heap != NULL; heap = heap->next_idle)
		if (heap->stale && now - heap->since >= IDLE_MS)
			trim_idle(heap, 0);
	ma_unlock(&heaps_lock);
}

bool ma_heaps_hold(void)
{
	if (!ma_lock_try(&heaps_lock))
		return false;
	if (ma_chunk_try_lock()) {
		if (ma_large_try_lock())
			return true;
		ma_chunk_unlock_all();
	}
	ma_unlock(&heaps_lock);
	return false;
}

void ma_heaps_let_go(void)
{
	ma_large_unlock_all();
	ma_chunk_unlock_all();
	ma_lock_release(&heaps_lock);
}

void ma_heaps_before_fork(void)
{
	ma_lock_keep(&heaps_lock);
	ma_chunk_lock_all();
	ma_large_lock_all();
	ma_stacks_lock_all();
}

void ma_heaps_after_fork_parent(void)
{
	ma_stacks_unlock_all();
	ma_heaps_let_go();
}

void ma_heaps_after_fork_child(struct heap *mine)
{
	for (struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next)
		if (heap != mine && !ma_load_relaxed(&heap->idle))
			heap->lost = true;
	ma_heaps_after_fork_parent();
}
