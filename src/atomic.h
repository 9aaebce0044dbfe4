/* SPDX-License-Identifier: MIT */
/*
 * atomic.h - the only shared words of the library are read and written through these names, so that a build
 * without threads (MA_THREADS 0) has plain words in their place and not one atomic instruction.
 *
 * Each use says in a comment which other use it pairs with.
 */
#ifndef MA_ATOMIC_H
#define MA_ATOMIC_H

#include "base.h"

#if MA_THREADS

#include <stdatomic.h>

#define MA_SHARED(type) _Atomic(type)
#define ma_load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define ma_load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define ma_store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define ma_store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define ma_swap_acquire(p, v) atomic_exchange_explicit((p), (v), memory_order_acquire)
#define ma_swap_acq_rel(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define ma_add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define ma_add_acq_rel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define ma_cas_release(p, old, v)                                                                            \
	atomic_compare_exchange_weak_explicit((p), (old), (v), memory_order_release, memory_order_relaxed)
#define ma_cas_acq_rel(p, old, v)                                                                            \
	atomic_compare_exchange_weak_explicit((p), (old), (v), memory_order_acq_rel, memory_order_relaxed)
#define ma_cas_acquire(p, old, v)                                                                            \
	atomic_compare_exchange_strong_explicit((p), (old), (v), memory_order_acquire, memory_order_relaxed)

#else

#define MA_SHARED(type) type
#define ma_load_relaxed(p) (*(p))
#define ma_load_acquire(p) (*(p))
#define ma_store_relaxed(p, v) ((void)(*(p) = (v)))
#define ma_store_release(p, v) ((void)(*(p) = (v)))
#define ma_swap_acquire(p, v)                                                                                \
	__extension__({                                                                                      \
		__typeof__(*(p)) swapped_ = *(p);                                                            \
		*(p) = (v);                                                                                  \
		swapped_;                                                                                    \
	})
#define ma_swap_acq_rel(p, v) ma_swap_acquire((p), (v))
#define ma_add_relaxed(p, v) ((void)(*(p) += (v)))
#define ma_cas_release(p, old, v) (*(p) = (v), (void)(old), true)
#define ma_cas_acq_rel(p, old, v) (*(p) = (v), (void)(old), true)
#define ma_cas_acquire(p, old, v) (*(p) == *(old) ? (*(p) = (v), true) : (*(old) = *(p), false))

#endif

#endif /* MA_ATOMIC_H */
