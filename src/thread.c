/* SPDX-License-Identifier: MIT */
/*
 * thread.c - owns the thread-local pointer to a thread's heap, and hears of a thread's end and of fork.
 *
 * A thread without a heap points to ma_heap_none, from which every fast path fails over to the slow one, which
 * binds it. When a thread ends, the C library runs our destructor, in no fixed order among others': one that
 * frees after ours frees like any thread that has no heap, one that allocates binds a heap anew, and our
 * destructor runs again in the next of PTHREAD_DESTRUCTOR_ITERATIONS rounds.
 *
 * The key for that is made with the first heap: what the C library does for it touches pages that a program without
 * allocations has no other use for. To hear of fork is asked for at the start all the same: the C library allocates under
 * its lock when a program asks for that often, and must not be asked from in there.
 */
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "busy.h"
#include "inside.h"
#include "lock.h"
#include "signals.h"

MA_THREAD_LOCAL struct thread_front ma_thread_front = {.heap = &ma_heap_none};
MA_THREAD_LOCAL struct heap *ma_thread_own = &ma_heap_none;

static _Thread_local uint32_t number; /* 0: not asked for yet */
static pthread_key_t exit_key;
static MA_SHARED(bool) has_key;
static bool started;	    /* set before the program has a second thread */
static enum heap_view view; /* set then, too */

/* The Linux Standard Base has it. pthread_atfork() is the same, but a copy of it would be linked in behind all of our code,
 * where no small program has a page. */
extern int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void), void *library)
	__attribute__((weak));
extern void *__dso_handle __attribute__((visibility("hidden")));

static void at_fork(void (*before)(void), void (*parent)(void), void (*child)(void))
{
	if (__register_atfork != NULL)
		__register_atfork(before, parent, child, __dso_handle);
	else
		pthread_atfork(before, parent, child);
}

static void leave(struct heap *heap)
{
	ma_busy_begin();
	ma_thread_heap = ma_thread_own = &ma_heap_none;
	ma_heaps_leave(heap);
	ma_busy_end();
}

/* The heap of a thread that a signal handler ends while it is inside libma is half changed: nobody gets it. */
static void thread_exit(void *heap)
{
	if (ma_busy_interrupted == 0 && !ma_inside_is())
		leave(heap);
}

/* Are the locks kept? A bit for each fork that is under way, as what is called in the midst of one may fork: its own is the
 * lowest. */
static _Thread_local unsigned holds;

/* A handler that forks may have interrupted its own thread where that holds the locks: better a child that must not allocate
 * much than none. */
static void fork_before(void)
{
	bool may;

	ma_inside_settle();
	may = ma_busy_interrupted == 0 && (!ma_inside_is() || ma_busy == 0);
	holds = holds << 1 | may;
	if (may)
		ma_heaps_before_fork();
}

static bool fork_is_done(void)
{
	bool held = holds & 1;

	holds >>= 1;
	return held;
}

static void fork_parent(void)
{
	if (fork_is_done())
		ma_heaps_after_fork_parent();
}

static void fork_child(void)
{
	number = 0;
	if (!fork_is_done())
		return;
	if (ma_thread_own != &ma_heap_none)
		ma_store_relaxed(&ma_thread_own->thread, (int)ma_thread_number());
	ma_heaps_after_fork_child(ma_thread_own);
}

/* Is there a key, or can one be had now? */
static bool make_key(void)
{
	static struct lock lock = MA_LOCK_INIT;
	bool made;

	if (!ma_lock_try(&lock)) /* not waited for: a fork may have left it so */
		return false;
	made = ma_load_relaxed(&has_key) || pthread_key_create(&exit_key, thread_exit) == 0;
	ma_store_release(&has_key, made); /* pairs with hear_of_exit() */
	ma_unlock(&lock);
	return made;
}

void ma_thread_start(void)
{
	if (started)
		return;
	started = true;
	at_fork(fork_before, fork_parent, fork_child);
}

/* Has us hear of this thread's end. False: no memory for that. Without a key we don't, and the heap will be lost with its
 * thread: rather that than no heap, when the program has used up all keys. */
static bool hear_of_exit(struct heap *heap)
{
	if (!started) /* the first thread's heap, bound before, never leaves */
		return true;
	if (!ma_load_acquire(&has_key) && !make_key()) /* pairs with make_key() */
		return true;
	return pthread_setspecific(exit_key, heap) == 0;
}

struct heap *ma_thread_bind(void)
{
	int saved = errno;
	bool refused = ma_signals_interrupted() || ma_busy != 0; /* first: an interruption may be over */
	struct heap *heap = ma_thread_own;

	if (refused || heap != &ma_heap_none)
		return refused ? NULL : heap;
	heap = ma_heaps_take();
	if (heap == NULL)
		return NULL;
	ma_thread_own = heap; /* first: what follows may allocate */
	ma_store_relaxed(&heap->thread, (int)ma_thread_number());
	ma_thread_heap = ma_heap_seen(heap, view);
	if (!hear_of_exit(heap)) {
		leave(heap);
		heap = NULL;
	}
	errno = saved;
	return heap;
}

void ma_thread_set_view(enum heap_view new_view)
{
	view = new_view;
	if (ma_thread_own != &ma_heap_none)
		ma_thread_heap = ma_heap_seen(ma_thread_own, view);
}

uint32_t ma_thread_number(void)
{
	if (number == 0)
		number = (uint32_t)gettid();
	return number;
}

void ma_thread_at_fork(void (*before)(void), void (*after)(void))
{
	at_fork(before, after, after);
}
