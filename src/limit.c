/* SPDX-License-Identifier: MIT */
/*
 * limit.c - owns the count of bytes held and the limits.
 *
 * `told` is set while the count is above the soft limit and that was told: once each time it rises above. A call is
 * never made while another one is running. One that runs in another thread while this one forks has no end in the child.
 */
#include "limit.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "atomic.h"
#include "lock.h"

static struct lock limit_lock = MA_LOCK_INIT; /* guards whom to call */
static struct limit_call call_back;
static MA_NEAR MA_SHARED(size_t) held, soft, hard;
static MA_SHARED(bool) told;
static MA_SHARED(pid_t) calling; /* the thread that is being called, 0: none */
static pid_t forking;		 /* the process; guarded by the lock, as is the next */
static bool forking_in_call;

static pid_t this_thread(void)
{
	return (pid_t)syscall(SYS_gettid);
}

void ma_limit_lock_all(void)
{
	ma_lock_keep(&limit_lock);
	forking = getpid();
	forking_in_call = ma_load_relaxed(&calling) == this_thread();
}

void ma_limit_unlock_all(void)
{
	if (getpid() != forking && !forking_in_call)
		ma_store_relaxed(&calling, 0); /* the child has this thread only */
	ma_lock_release(&limit_lock);
}

void ma_limit_set(size_t new_soft, size_t new_hard, void (*function)(size_t held, size_t wanted, void *arg),
		  void *arg)
{
	ma_lock(&limit_lock);
	call_back.function = function;
	call_back.arg = arg;
	ma_unlock(&limit_lock);
	ma_store_relaxed(&hard, new_hard);
	ma_store_relaxed(&soft, new_soft);
	ma_store_relaxed(&told, false);
}

bool ma_limit_take(size_t size)
{
	size_t most = ma_load_relaxed(&hard), old = ma_load_relaxed(&held);

	do {
		if (most != 0 && (old > most || size > most - old))
			return false;
	} while (!ma_cas_release(&held, &old, old + size)); /* a number: orders nothing */
	return true;
}

void ma_limit_give(size_t size)
{
	size_t old = ma_load_relaxed(&held);

	while (!ma_cas_release(&held, &old, old - size)) /* as above */
		continue;
	if (old - size <= ma_load_relaxed(&soft))
		ma_store_relaxed(&told, false);
}

bool ma_limit_calls(bool refused, struct limit_call *call)
{
	size_t above = ma_load_relaxed(&soft);
	pid_t nobody = 0;

	call->held = ma_load_relaxed(&held);
	if (!refused && (above == 0 || call->held <= above || ma_load_relaxed(&told)))
		return false;
	if (!ma_cas_acquire(&calling, &nobody, this_thread())) /* pairs with ma_limit_called() */
		return false;
	ma_lock(&limit_lock);
	call->function = call_back.function;
	call->arg = call_back.arg;
	ma_unlock(&limit_lock);
	if (call->function == NULL || (!refused && ma_load_relaxed(&told))) {
		ma_limit_called();
		return false;
	}
	if (!refused)
		ma_store_relaxed(&told, true);
	return true;
}

void ma_limit_called(void)
{
	ma_store_release(&calling, 0);
}
