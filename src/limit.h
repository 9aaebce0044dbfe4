/* SPDX-License-Identifier: MIT */
/*
 * limit.h - how many bytes libma holds from the system for objects, and the most that it may: chunks and large objects,
 * cached ones too, in address space. Not counted are libma's own tables.
 *
 * Whoever takes memory for objects asks first, and tells what he gives back. Any thread may call anything here. What the
 * program wants to be told of (ma_set_limit()) is only noted; the mode layer calls it, where no lock is held.
 */
#ifndef MA_LIMIT_H
#define MA_LIMIT_H

#include "base.h"

/* Of the bytes held, the function to be called, and its argument. */
struct limit_call {
	void (*function)(size_t held, size_t wanted, void *arg);
	void *arg;
	size_t held;
};

/* Sets both limits in bytes, 0 for none, and whom to call; NULL: nobody. */
void ma_limit_set(size_t soft, size_t hard, void (*function)(size_t held, size_t wanted, void *arg),
		  void *arg);

/* Takes `size` bytes; false, and nothing done, if they would be too many. */
bool ma_limit_take(size_t size);
void ma_limit_give(size_t size);

/* Is somebody to be called: because the soft limit was passed, or, with `refused`, because the hard one refuses
 * something? Who is told so calls him, and then ma_limit_called(). */
bool ma_limit_calls(bool refused, struct limit_call *call);
void ma_limit_called(void);

/* Around fork. */
void ma_limit_lock_all(void);
void ma_limit_unlock_all(void);

#endif /* MA_LIMIT_H */
