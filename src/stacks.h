/* SPDX-License-Identifier: MIT */
/*
 * stacks.h - call stacks, each kept once and named by a number that takes its place wherever it is mentioned.
 *
 * A stack is a list of return addresses, the innermost first. Stacks are never forgotten: a program has few, next
 * to its allocations. Any thread may call anything here. The memory is source's own, never the heap's.
 */
#ifndef MA_STACKS_H
#define MA_STACKS_H

#include "base.h"

/* The most frames that a stack can have. */
#define STACK_MOST 64u

/* Bits that the number of a stack has. 0 is no stack. */
#define STACK_BITS 28

/* The number of the stack with these frames; 0 if there are none, or no memory. */
uint32_t ma_stacks_number(const uintptr_t *frames, unsigned depth);

/* The frames of a stack, which stay where they are; returns how many. None for 0 and for what is no stack. */
unsigned ma_stacks_frames(uint32_t stack, const uintptr_t **frames);

/* How many there are, and the bytes that they take. */
void ma_stacks_count(size_t *stacks, size_t *bytes);

/* Calls `see` for each piece of memory that they take. */
void ma_stacks_own(void (*see)(const void *start, size_t size, void *arg), void *arg);

/* Around fork. */
void ma_stacks_lock_all(void);
void ma_stacks_unlock_all(void);

#endif /* MA_STACKS_H */
