/* SPDX-License-Identifier: MIT */
/*
 * lock.h - a lock for what is rare and short: the chunk registry, the list of heaps, the large objects. Never
 * held across a call of the program's, never taken on a thread's own allocation and free.
 *
 * Ranks, outermost first: heaps (heaps.c), chunks (chunk.c), large (large.c), stacks (stacks.c). fork takes them in that
 * order; but before them those of modes that are on (mode.c, guard.c, limit.c), of which nothing else takes two at a
 * time. A quarantine's own lock is the innermost. Who holds one is inside libma: see busy.h.
 *
 * A thread that forks *keeps* them: while it does, its own calls pass them by, as others' functions may be called before the
 * fork when ours have been already, and may allocate. Nothing is half changed then, and it is not inside.
 */
#ifndef MA_LOCK_H
#define MA_LOCK_H

#include "atomic.h"
#include "base.h"
#include "busy.h"

#if MA_THREADS

#include <pthread.h>

struct lock {
	pthread_mutex_t mutex;
	MA_SHARED(volatile unsigned *) keeper; /* the ma_busy of the thread that keeps it; NULL: none does */
	unsigned kept;			       /* times; the keeper's */
};
#define MA_LOCK_INIT                                                                                         \
	{                                                                                                    \
		PTHREAD_MUTEX_INITIALIZER, NULL, 0                                                           \
	}

/* No order is needed to know whether one is it. */
MA_INLINE bool ma_lock_is_kept(struct lock *lock)
{
	return MA_UNLIKELY(ma_load_relaxed(&lock->keeper) == &ma_busy);
}

MA_INLINE void ma_lock(struct lock *lock)
{
	ma_busy_begin();
	if (!ma_lock_is_kept(lock))
		pthread_mutex_lock(&lock->mutex);
}

/* Does not wait: false if somebody holds it. */
MA_INLINE bool ma_lock_try(struct lock *lock)
{
	ma_busy_begin();
	if (ma_lock_is_kept(lock) || pthread_mutex_trylock(&lock->mutex) == 0)
		return true;
	ma_busy_end();
	return false;
}

MA_INLINE void ma_unlock(struct lock *lock)
{
	if (!ma_lock_is_kept(lock))
		pthread_mutex_unlock(&lock->mutex);
	ma_busy_end();
}

/* These nest. */
MA_INLINE void ma_lock_keep(struct lock *lock)
{
	ma_lock(lock);
	lock->kept++;
	ma_store_relaxed(&lock->keeper, &ma_busy);
	ma_busy_end();
}

/* The same for who holds it without keeping it. */
MA_INLINE void ma_lock_release(struct lock *lock)
{
	if (ma_lock_is_kept(lock)) {
		ma_busy_begin();
		if (--lock->kept == 0)
			ma_store_relaxed(&lock->keeper, NULL);
	}
	ma_unlock(lock);
}

#else

struct lock {
	char none;
};
#define MA_LOCK_INIT                                                                                         \
	{                                                                                                    \
		0                                                                                            \
	}

MA_INLINE void ma_lock(struct lock *lock)
{
	(void)lock;
	ma_busy_begin();
}

MA_INLINE bool ma_lock_try(struct lock *lock)
{
	(void)lock;
	ma_busy_begin();
	return true;
}

MA_INLINE void ma_unlock(struct lock *lock)
{
	(void)lock;
	ma_busy_end();
}

MA_INLINE void ma_lock_keep(struct lock *lock)
{
	ma_lock(lock);
}

MA_INLINE void ma_lock_release(struct lock *lock)
{
	ma_unlock(lock);
}

#endif

#endif /* MA_LOCK_H */
