/* SPDX-License-Identifier: MIT */
/*
 * lock.h - a lock for what is rare and short: the chunk registry, the list of heaps, the large objects. Never
 * held across a call of the program's, never taken on a thread's own allocation and free.
 *
 * Ranks, outermost first: heaps (heaps.c), chunks (chunk.c), large (large.c), stacks (stacks.c). fork takes them in that
 * order; but before them those of modes that are on (mode.c, guard.c, limit.c), of which nothing else takes two at a
 * time. A quarantine's own lock is the innermost. Who holds one is inside libma: see busy.h.
 */
#ifndef MA_LOCK_H
#define MA_LOCK_H

#include "base.h"
#include "busy.h"

#if MA_THREADS

#include <pthread.h>

struct lock {
	pthread_mutex_t mutex;
};
#define MA_LOCK_INIT                                                                                         \
	{                                                                                                    \
		PTHREAD_MUTEX_INITIALIZER                                                                    \
	}

MA_INLINE void ma_lock(struct lock *lock)
{
	ma_busy_begin();
	pthread_mutex_lock(&lock->mutex);
}

/* Does not wait: false if somebody holds it. */
MA_INLINE bool ma_lock_try(struct lock *lock)
{
	ma_busy_begin();
	if (pthread_mutex_trylock(&lock->mutex) == 0)
		return true;
	ma_busy_end();
	return false;
}

MA_INLINE void ma_unlock(struct lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
	ma_busy_end();
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

#endif

#endif /* MA_LOCK_H */
