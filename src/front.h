/* SPDX-License-Identifier: MIT */
/*
 * front.h - the way into the heap that the public functions and the overriding ones share: both fast paths,
 * inlined into each entry, and the slow ones behind them.
 *
 * An allocation of up to 4 KiB is: the thread's heap, its current slab for the size, a pop. A free is: the
 * thread's heap, the slab that the map has at the pointer, one multiplication that proves the pointer, a look
 * at the mark of free slots, a push. Everything else (another thread's memory, no memory, no heap yet, a mode,
 * a fault) shows as a pop or push that fails.
 */
#ifndef MA_FRONT_H
#define MA_FRONT_H

#include "heap.h"
#include "mode.h"
#include "thread.h"

/* Any size, any state; sets errno to ENOMEM when it returns NULL. */
void *ma_front_alloc_slow(size_t size);

/* Frees what the fast path could not; NULL too. False: libma doesn't know the pointer, nothing was done. */
bool ma_front_free_slow(void *p);

/* The same for a caller to whom an unknown pointer is a fault: reports it. */
void ma_front_free_known(void *p);

/* Usable bytes at `p`, and what it is; on PLACE_STRANGE 0. Never returns if the pointer is bad. SIZE_MAX: refused, nobody
 * knows. */
size_t ma_front_size(const void *p, enum heap_place *place);

/* The same for a caller to whom an unknown pointer is a fault: reports it. */
size_t ma_front_size_known(const void *p);

/* Resizes `p`, which is libma's, without moving it. */
bool ma_front_resize(void *p, size_t size);

/* `slab` reported an event. */
void ma_front_event(struct slab *slab);

/* Aligned to a power of two; sets errno to ENOMEM when it returns NULL. */
void *ma_front_alloc_aligned(size_t size, size_t align);

/* Zeroed; sets errno to ENOMEM when it returns NULL. */
void *ma_front_calloc(size_t count, size_t size);

/* The usual case of realloc(): is `p` a slot of this thread's heap that suits `size` too? Any pointer may be asked about. */
MA_INLINE bool ma_front_suits(const void *p, size_t size)
{
	const struct slab *slab = ma_slab_of_used(&ma_thread_heap->slabs, p);

	return MA_LIKELY(slab != NULL) && size <= slab->slot_size && size > slab->slot_size / 2 &&
	       MA_LIKELY(ma_modes() == 0);
}

/* realloc() in full; sets errno to ENOMEM when it returns NULL, but for a size of 0, which frees. `*strange`: libma doesn't
 * know the pointer, nothing was done. */
void *ma_front_realloc(void *p, size_t size, bool *strange);

/* The same for a caller to whom an unknown pointer is a fault: reports it. */
void *ma_front_realloc_known(void *p, size_t size);

/* The public functions of these names, without the mark (see inside.h): the overriding ones are these, too. */
void *ma_front_aligned_alloc(size_t alignment, size_t size);
int ma_front_posix_memalign(void **out, size_t alignment, size_t size);
void *ma_front_memalign(size_t alignment, size_t size);
void ma_front_free_sized(void *p, size_t size);
void ma_front_free_aligned_sized(void *p, size_t alignment, size_t size);

/* For a public function's fast path. `again`: it has found the mark. `inside`: it has set it, and failed; these end it. */
void *ma_front_alloc_again(size_t size);
void *ma_front_calloc_again(size_t bytes);
void ma_front_free_again(void *p);
void *ma_front_alloc_inside(size_t size);
void *ma_front_calloc_inside(size_t bytes);
void ma_front_free_inside(void *p);
void ma_front_event_inside(struct slab *slab);

/* Once, when the library is loaded. */
void ma_front_start(void);

/* Pops a slot for `size`, from `*slab`; NULL if this thread's heap has none ready. `asked` is counted. */
MA_INLINE void *ma_front_pop_for(size_t size, size_t asked, struct slab **slab)
{
	struct heap *heap = ma_thread_heap;
	void *slot;

	if (MA_UNLIKELY(size > SLAB_MAX))
		return NULL;
	*slab = ma_slab_direct(&heap->slabs, size);
	slot = ma_slab_pop(*slab);
	if (MA_STATS && slot != NULL)
		ma_heap_count_alloc(heap, asked, (*slab)->slot_size);
	return slot;
}

MA_INLINE void *ma_front_pop(size_t size, struct slab **slab)
{
	return ma_front_pop_for(size, size, slab);
}

MA_INLINE void *ma_front_alloc(size_t size)
{
	struct slab *slab;
	void *slot = ma_front_pop(size, &slab);

	return MA_LIKELY(slot != NULL) ? slot : ma_front_alloc_slow(size);
}

/* Pushes `p` where it belongs, if it is a slot of this thread's heap. On SLAB_EVENT `*slab` goes to
 * ma_front_event(), on other failures `p` to ma_front_free_slow(). */
MA_INLINE enum slab_push ma_front_push(void *p, struct slab **slab)
{
	struct heap *heap = ma_thread_heap;
	enum slab_push result;

	*slab = ma_slab_mapped(&heap->slabs, p);
	result = ma_slab_push(*slab, p);
	if (MA_STATS && result == SLAB_PUSHED)
		ma_heap_count_free(heap, (*slab)->slot_size);
	return result;
}

/* Frees `p` or hands it to `otherwise`, whose job is what libma does not know: written so that the fast path has
 * nothing to save across a call. */
MA_INLINE void ma_front_free(void *p, void (*otherwise)(void *p))
{
	struct slab *slab;

	switch (ma_front_push(p, &slab)) {
	case SLAB_PUSHED:
		return;
	case SLAB_EVENT:
		ma_front_event(slab);
		return;
	default:
		if (p != NULL) /* programs free so many that it pays to ask here already */
			otherwise(p);
	}
}

#endif /* MA_FRONT_H */
