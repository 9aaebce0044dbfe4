/* SPDX-License-Identifier: MIT */
/* hide.h - for tests that do on purpose what a compiler warns of, or would optimise away. */
#ifndef HIDE_H
#define HIDE_H

#include <stddef.h>

/* The same pointer, of which the compiler knows nothing. */
static inline void *hide(const void *p)
{
	__asm__ volatile("" : "+r"(p));
	return (void *)(size_t)p;
}

/* The same for a size. */
static inline size_t hide_size(size_t size)
{
	__asm__ volatile("" : "+r"(size));
	return size;
}

/* Where the compiler must take what p points to for read. */
static inline void look_at(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

#endif /* HIDE_H */
