/* SPDX-License-Identifier: MIT */
/*
 * base.h - what every file of the library may assume: the switches, the units, and the two kinds of check.
 *
 * MA_ASSERT states what libma itself must keep true; it is compiled in debug builds only, but type-checked
 * always. MA_CHECK states what a caller gave us, or what lies beside a caller's data; it is always on.
 */
#ifndef MA_BASE_H
#define MA_BASE_H

#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fatal.h"

#define MA_LIKELY(x) __builtin_expect(!!(x), 1)
#define MA_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define MA_INLINE static inline __attribute__((always_inline))
#define MA_COLD __attribute__((cold, noinline))
/* For small variables that every program writes: they share an OS page, which is written anyway, instead of having one
 * each among the large ones. */
#define MA_NEAR __attribute__((section(".data")))

#if MA_DEBUG
#define MA_ASSERT(cond) ((cond) ? (void)0 : ma_fatal("assertion failed: " #cond, NULL))
#else
#define MA_ASSERT(cond) ((void)sizeof((cond) ? 1 : 0))
#endif

#define MA_CHECK(cond, fault, at) (MA_LIKELY(cond) ? (void)0 : ma_fatal(fault, at))

/* The unit of every size and of every alignment: what alignof(max_align_t) asks for. */
#define MA_UNIT ((size_t)16)
static_assert(_Alignof(max_align_t) <= 16, "an address of a whole unit suits every object");

/* A granule is the smallest slab; a window is the largest chunk, and what the registry counts in. */
#define MA_GRANULE_SHIFT 14
#define MA_GRANULE ((size_t)1 << MA_GRANULE_SHIFT)
#define MA_WINDOW_SHIFT 22
#define MA_WINDOW ((size_t)1 << MA_WINDOW_SHIFT)
#define MA_GRANULES (MA_WINDOW / MA_GRANULE)
#define MA_HUGE_PAGE ((size_t)2 * 1024 * 1024)

/* Fibonacci hashing (Knuth, 1973): 2^64 over the golden ratio, made odd, spreads a factor over all bits above its own;
 * and the number that leads back from the product. */
#define MA_HASH UINT64_C(0x9e3779b97f4a7c15)
#define MA_UNHASH UINT64_C(0xf1de83e19937733d)
static_assert(MA_HASH * MA_UNHASH == 1, "the inverse modulo 2^64");

MA_INLINE size_t ma_round_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

MA_INLINE size_t ma_round_down(size_t n, size_t to)
{
	return n & ~(to - 1);
}

MA_INLINE size_t ma_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

MA_INLINE size_t ma_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

MA_INLINE size_t ma_clamp(size_t n, size_t low, size_t high)
{
	return ma_min(ma_max(n, low), high);
}

/* How many are set. The compiler's own, where there is no instruction for it, is a call into its library. */
MA_INLINE unsigned ma_count_bits(uint64_t bits)
{
	bits -= bits >> 1 & UINT64_C(0x5555555555555555);
	bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
	bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(bits * UINT64_C(0x0101010101010101) >> 56);
}

#endif /* MA_BASE_H */
