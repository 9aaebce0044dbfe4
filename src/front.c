/* SPDX-License-Identifier: MIT */
/* front.c - what the fast paths fail over to: finding or giving the thread its heap, errno, and realloc. */
#include "front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "inspect/inspect.h"
#include "large.h"
#include "ma.h"
#include "mode.h"
#include "mode_short.h"
#include "options.h"
#include "place.h"
#include "redzone.h"
#include "source.h"

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* Every allocation that is not of the fast path. NULL: out of memory, or refused. */
static void *alloc_from(struct heap *heap, size_t size, size_t align, size_t *zero)
{
	void *p;

	if (MA_UNLIKELY(heap == NULL))
		return NULL;
	if (MA_UNLIKELY(ma_modes() != 0))
		return ma_mode_alloc(heap, size, align, zero);
	if (MA_UNLIKELY(!ma_mode_enter()))
		return NULL;
	p = align <= MA_UNIT ? ma_heap_alloc(heap, size, zero)
			     : ma_heap_alloc_aligned(heap, size, align, zero);
	ma_mode_leave();
	return p;
}

static __attribute__((noinline)) void *alloc_any(size_t size)
{
	size_t zero;
	void *p;

	if (size > PTRDIFF_MAX)
		return no_memory();
	p = alloc_from(ma_thread_bound(), size, MA_UNIT, &zero);
	return p != NULL ? p : no_memory();
}

void *ma_front_alloc_slow(size_t size)
{
	unsigned modes = ma_modes();
	void *p = NULL;

	if (MA_LIKELY(modes == 0))
		p = ma_heap_alloc_at_hand(ma_thread_heap, size);
	else if (modes & MODE_SHORT)
		p = ma_short_alloc(modes, size);
	return MA_LIKELY(p != NULL) ? p : alloc_any(size);
}

void *ma_front_alloc_aligned(size_t size, size_t align)
{
	struct slab *slab;
	size_t zero;
	void *p = ma_front_pop_for(ma_slab_aligned_size(size, align), size, &slab);

	if (MA_LIKELY(p != NULL))
		return p;
	if (size > PTRDIFF_MAX || align > PTRDIFF_MAX)
		return no_memory();
	p = alloc_from(ma_thread_bound(), size, align, &zero);
	return p != NULL ? p : no_memory();
}

/* The same as ma_front_size(), quickly if `p` is a slot of this thread's heap. */
static size_t size_quickly(const void *p, enum heap_place *place)
{
	const struct slab *slab = ma_slab_of_used(&ma_thread_heap->slabs, p);

	if (slab == NULL)
		return ma_front_size(p, place);
	*place = PLACE_SLOT;
	return slab->slot_size;
}

static void *calloc_slow(size_t bytes)
{
	enum heap_place place;
	unsigned modes = ma_modes();
	size_t zero;
	void *p;

	if (bytes > PTRDIFF_MAX)
		return no_memory();
	if (MA_UNLIKELY(modes & MODE_SHORT) && (p = ma_short_alloc(modes, bytes)) != NULL)
		return memset(p, 0, modes & MODE_REDZONE ? bytes : ma_short_usable(modes, bytes));
	p = alloc_from(ma_thread_bound(), bytes, MA_UNIT, &zero);
	if (p == NULL)
		return no_memory();
	zero = ma_min(size_quickly(p, &place), zero);
	if (MA_UNLIKELY(zero >= LARGE_MIN) && place == PLACE_LARGE) /* a block may have grown as large */
		ma_large_clear(p, zero);
	else
		memset(p, 0, zero);
	return p;
}

/* All that is usable is cleared, as ma_rezalloc() needs it. */
void *ma_front_calloc(size_t count, size_t size)
{
	struct slab *slab;
	size_t bytes;
	void *slot;

	if (__builtin_mul_overflow(count, size, &bytes))
		return no_memory();
	slot = ma_front_pop(bytes, &slab);
	return MA_LIKELY(slot != NULL) ? memset(slot, 0, slab->slot_size) : calloc_slow(bytes);
}

static enum heap_place free_from(struct heap *heap, void *p)
{
	enum heap_place place;

	if (MA_UNLIKELY(ma_modes() != 0))
		return ma_mode_free(heap, p);
	if (MA_UNLIKELY(!ma_mode_enter())) {
		ma_signals_put(p); /* without room it stays in use */
		return PLACE_LARGE;
	}
	place = ma_heap_free(heap, p);
	ma_mode_leave();
	return place;
}

static __attribute__((noinline)) bool free_event(struct slab *slab)
{
	ma_front_event(slab);
	ma_short_leave(ma_modes());
	return true;
}

static __attribute__((noinline)) bool free_any(void *p)
{
	int saved = errno;
	bool known = p == NULL || free_from(ma_thread_own, p) != PLACE_STRANGE;

	errno = saved;
	return known;
}

static __attribute__((noinline)) bool free_slower(void *p)
{
	unsigned modes = ma_modes();
	struct slab *slab = NULL;
	size_t size;

	if (MA_UNLIKELY(modes & MODE_SHORT) && ma_short_enter(modes)) {
		slab = ma_short_look(modes, p, &size);
		if (slab != NULL && ma_short_free(modes, slab, p) == SLAB_EVENT)
			return free_event(slab);
		ma_short_leave(modes);
	}
	return slab != NULL || free_any(p);
}

bool ma_front_free_slow(void *p)
{
	return (MA_LIKELY(ma_modes() == 0) && ma_heap_free_at_hand(ma_thread_own, p)) || free_slower(p);
}

void ma_front_free_known(void *p)
{
	if (!ma_front_free_slow(p))
		ma_heap_report(p);
}

void ma_front_event(struct slab *slab)
{
	int saved;

	ma_busy_begin(); /* before anything is called */
	saved = errno;
	ma_heap_event(ma_thread_own, slab);
	errno = saved;
	ma_mode_leave();
}

size_t ma_front_size(const void *p, enum heap_place *place)
{
	size_t size = SIZE_MAX;

	*place = PLACE_SLOT;
	if (MA_UNLIKELY(ma_modes() != 0))
		return ma_mode_size(ma_thread_own, p, place);
	if (MA_UNLIKELY(!ma_mode_enter()))
		return size;
	size = ma_heap_size(ma_thread_own, p, place);
	ma_mode_leave();
	return size;
}

size_t ma_front_size_known(const void *ptr)
{
	enum heap_place place;
	size_t size = ma_front_size(ptr, &place);

	if (place == PLACE_STRANGE)
		ma_heap_report(ptr);
	return size;
}

bool ma_front_resize(void *p, size_t size)
{
	bool done;

	if (MA_UNLIKELY(ma_modes() != 0 && ma_mode_minds(p)))
		return ma_mode_resize(ma_thread_own, p, size);
	if (MA_UNLIKELY(!ma_mode_enter()))
		return false;
	done = ma_heap_resize(ma_thread_own, p, size);
	ma_mode_leave();
	return done;
}

/* Allocates anew and copies. What grows by small steps is likely to grow on: it gets an eighth to spare, so that
 * all that is copied stays in proportion to the final size. What is to be smaller stays as it is if memory is out: programs
 * rely on it. */
static void *realloc_move(void *p, size_t size, size_t had)
{
	bool creeps = size > had && size - had < had / 4 && size < LARGE_MIN / 2;
	void *moved = ma_front_alloc(creeps && ma_modes() == 0 ? size + size / 8 : size);

	if (moved == NULL)
		return size <= had ? p : NULL;
	memcpy(moved, p, ma_min(had, size));
	ma_front_free(p, ma_front_free_known);
	return moved;
}

/* The modes' short way, if it knows `p`: `*result` is then what realloc() returns. */
static bool resize_short(unsigned modes, void *p, size_t size, void **result)
{
	struct slab *slab;
	bool done = false;
	size_t had;

	if (!ma_short_enter(modes))
		return false;
	slab = ma_short_look(modes, p, &had);
	if (slab != NULL)
		done = ma_short_resize(modes, slab, p, had, size);
	ma_short_leave(modes);
	if (slab == NULL)
		return false;
	*result = done ? p : realloc_move(p, size, had);
	return true;
}

/* Of a large object, of `had` bytes. */
static void *resize_large(struct heap *heap, void *p, size_t size, size_t had)
{
	void *moved = ma_large_resize(p, size, true); /* its lock tells that we are inside */

	if (MA_STATS && moved != NULL)
		ma_heap_count_use(heap, (int64_t)ma_large_size(moved) - (int64_t)had);
	return moved;
}

/* Without copying: NULL if it can't, or had better not. */
static void *resize(struct heap *heap, void *p, size_t size, size_t had, enum heap_place place)
{
	if (MA_UNLIKELY(ma_modes() != 0 && ma_mode_minds(p)))
		return ma_mode_resize(heap, p, size) ? p : NULL;
	switch (place) {
	case PLACE_SLOT:
		return size <= had && ma_heap_good_size(size) > had / 2 ? p : NULL;
	case PLACE_BLOCK:
		return size > had / 2 && ma_front_resize(p, size) ? p : NULL;
	default:
		return size >= LARGE_MIN / 2 ? resize_large(heap, p, size, had) : NULL;
	}
}

static void *resize_or_move(void *p, size_t size, bool *strange)
{
	unsigned modes = ma_modes();
	enum heap_place place;
	void *result;
	size_t had;

	if (MA_UNLIKELY(ma_mode_refuses()))
		return no_memory();
	if (MA_UNLIKELY(modes & MODE_SHORT) && resize_short(modes, p, size, &result))
		return result;
	had = size_quickly(p, &place);
	*strange = place == PLACE_STRANGE;
	if (*strange)
		return NULL;
	if (size > PTRDIFF_MAX)
		return no_memory();
	result = resize(ma_thread_own, p, size, had, place);
	if (result == NULL)
		result = realloc_move(p, size, had);
	/* What could be given back has been by now, and may have been in the way. */
	return result != NULL ? result : resize(ma_thread_own, p, size, had, place);
}

void *ma_front_realloc(void *p, size_t size, bool *strange)
{
	*strange = false;
	if (p == NULL)
		return ma_front_alloc(size);
	if (size != 0)
		return resize_or_move(p, size, strange);
	*strange = !ma_front_free_slow(p);
	return NULL;
}

void *ma_front_realloc_known(void *p, size_t size)
{
	bool strange;
	void *moved = ma_front_realloc(p, size, &strange);

	if (MA_UNLIKELY(strange))
		ma_heap_report(p);
	return moved;
}

/* --- what else the public functions and the overriding ones share --- */

static bool is_power_of_two(size_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

void *ma_front_aligned_alloc(size_t alignment, size_t size)
{
	if (!is_power_of_two(alignment)) {
		errno = EINVAL;
		return NULL;
	}
	return ma_front_alloc_aligned(size, alignment);
}

int ma_front_posix_memalign(void **out, size_t alignment, size_t size)
{
	int saved = errno;
	void *p;

	if (!is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
		return EINVAL;
	p = ma_front_alloc_aligned(size, alignment);
	errno = saved;
	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

void *ma_front_memalign(size_t alignment, size_t size)
{
	size_t power = MA_UNIT;

	while (power < alignment && power <= PTRDIFF_MAX / 2)
		power *= 2;
	if (power < alignment) {
		errno = EINVAL;
		return NULL;
	}
	return ma_front_alloc_aligned(size, power);
}

void ma_front_free_sized(void *ptr, size_t size)
{
	size_t usable = ptr == NULL ? SIZE_MAX : ma_front_size_known(ptr);

	if (size > usable)
		ma_fatal_place("sized free with a size that the allocation can't have", ptr, "allocation",
			       ptr, usable);
	ma_front_free(ptr, ma_front_free_known);
}

void ma_front_free_aligned_sized(void *ptr, size_t alignment, size_t size)
{
	if (ptr != NULL && (!is_power_of_two(alignment) || ((uintptr_t)ptr & (alignment - 1)) != 0))
		ma_fatal("sized free with an alignment that the allocation can't have", ptr);
	ma_front_free_sized(ptr, size);
}

/* --- what the public functions' fast paths fail over to --- */

/* `alloc` is ma_front_alloc_slow() or calloc_slow(). */
MA_INLINE void *alloc_again(void *(*alloc)(size_t bytes), size_t bytes)
{
	unsigned call = ma_inside_begin_slow();
	void *p = alloc(bytes);

	ma_inside_end(call);
	return p;
}

MA_INLINE void *alloc_inside(void *(*alloc)(size_t bytes), size_t bytes)
{
	bool locks = ma_inside_locks();
	void *p = locks ? NULL : alloc(bytes);

	ma_inside_leave();
	return locks ? alloc_again(alloc, bytes) : p;
}

void *ma_front_alloc_again(size_t size)
{
	return alloc_again(ma_front_alloc_slow, size);
}

void *ma_front_alloc_inside(size_t size)
{
	return alloc_inside(ma_front_alloc_slow, size);
}

void *ma_front_calloc_again(size_t bytes)
{
	return alloc_again(calloc_slow, bytes);
}

void *ma_front_calloc_inside(size_t bytes)
{
	return alloc_inside(calloc_slow, bytes);
}

void ma_front_free_again(void *p)
{
	unsigned call = ma_inside_begin_slow();

	ma_front_free_known(p);
	ma_inside_end(call);
}

void ma_front_free_inside(void *p)
{
	if (ma_inside_locks()) {
		ma_inside_leave();
		ma_front_free_again(p);
		return;
	}
	if (p != NULL)
		ma_front_free_known(p);
	ma_inside_leave();
}

void ma_front_event_inside(struct slab *slab)
{
	if (ma_inside_locks()) { /* takes back what was pushed */
		ma_front_free_inside(ma_slab_pop(slab));
		return;
	}
	ma_front_event(slab);
	ma_inside_leave();
}

/* All that a program's call can lead through here. */
#define ENTRY(function) (void (*)(void))(function)
static void (*const entries[])(void) = {
	ENTRY(ma_malloc),
	ENTRY(ma_free),
	ENTRY(ma_calloc),
	ENTRY(ma_realloc),
	ENTRY(ma_reallocarray),
	ENTRY(ma_rezalloc),
	ENTRY(ma_expand),
	ENTRY(ma_aligned_alloc),
	ENTRY(ma_posix_memalign),
	ENTRY(ma_memalign),
	ENTRY(ma_free_sized),
	ENTRY(ma_free_aligned_sized),
	ENTRY(ma_front_alloc_slow),
	ENTRY(ma_front_calloc),
	ENTRY(ma_front_alloc_aligned),
	ENTRY(ma_front_realloc),
	ENTRY(ma_front_resize),
	ENTRY(ma_front_free_slow),
	ENTRY(ma_front_free_known),
	ENTRY(alloc_any),
	ENTRY(free_any),
	ENTRY(free_slower),
	ENTRY(ma_front_realloc_known),
	ENTRY(ma_front_aligned_alloc),
	ENTRY(ma_front_posix_memalign),
	ENTRY(ma_front_memalign),
	ENTRY(ma_front_alloc_again),
	ENTRY(ma_front_alloc_inside),
	ENTRY(ma_front_calloc_again),
	ENTRY(ma_front_calloc_inside),
	ENTRY(ma_front_free_again),
	ENTRY(ma_front_free_inside),
};

/* Other libraries' constructors, which ran before, have allocated without the modes. */
static int note_early(const struct ma_place *place, void *arg)
{
	(void)arg;
	if (place->kind == MA_SLOT_USED || place->kind == MA_BLOCK_USED || place->kind == MA_LARGE_USED)
		ma_redzone_add_early(place->address);
	return 0;
}

static MA_COLD void start_modes(void)
{
	if (!ma_options.huge_pages)
		ma_source_refuse_huge();
	ma_mode_start(entries, sizeof(entries) / sizeof(entries[0]));
	if (ma_modes() & MODE_REDZONE)
		ma_walk(note_early, NULL);
	ma_inspect_start();
}

static bool done, asked; /* is started; the options ask for something */

void ma_front_start(void)
{
	static char name[] = "MA_OPTIONS"; /* not in .rodata, of which a small program needs nothing else */

	if (done)
		return;
	done = true;
	ma_fatal_around = ma_place_tell;
	ma_busy_start();
	ma_thread_start();
	asked = ma_options_read(secure_getenv(name));
	if (asked)
		start_modes();
}

__attribute__((constructor)) static void front_load(void)
{
	ma_front_start();
}

__attribute__((destructor)) static void front_unload(void)
{
	if (!asked)
		return;
	ma_inspect_at_exit();
	ma_mode_flush(); /* the last look at what was freed */
}
