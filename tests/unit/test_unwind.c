/* SPDX-License-Identifier: MIT */
/* Walks find the callers that the C library's backtrace() finds: two ways that have nothing in common. */
#include "unit.h"

#include <execinfo.h>
#include <pthread.h>
#include <stdlib.h>

#include "stacks.h"
#include "unwind.h"

#define MOST 64

static _Thread_local struct unwind_memos memos;

/* Walks from itself, as from a function inside libma. */
static __attribute__((noinline)) uint32_t number_here(void)
{
	struct unwind_registers here;

	ma_unwind_here(&here);
	return ma_unwind_number(&here, &memos, MOST);
}

/* Both walks end in this function; the frames from its caller on must be the same. */
static __attribute__((noinline)) unsigned compare(void)
{
	uintptr_t frames[MOST];
	void *others[MOST];
	unsigned depth = ma_unwind(frames, MOST);
	int other_depth = backtrace(others, MOST);

	for (unsigned round = 0; round < 2; round++) { /* the second time by a memo */
		uint32_t number = number_here();
		const uintptr_t *numbered;
		expect(ma_stacks_frames(number, &numbered) == depth);
		for (unsigned i = 1; i < depth; i++)
			expect(frames[i] == numbered[i]);
	}
#if defined(                                                                                                 \
	__i386__) /* gcc's main() realigns the stack: its caller would take more to find than a rule holds */
	expect(depth >= 3 && other_depth >= (int)depth && other_depth <= (int)depth + 3);
#else
	expect(depth >= 3 && other_depth >= (int)depth && other_depth <= (int)depth + 1);
#endif
	for (unsigned i = 1; i < depth; i++)
		expect(frames[i] == (uintptr_t)others[i]);
	return depth;
}

static volatile unsigned sink;

static __attribute__((noinline)) unsigned plain(unsigned levels)
{
	return levels == 0 ? compare() : plain(levels - 1) + (sink != 0);
}

/* The frame's size is known at run time only: its table goes by the frame pointer. */
static __attribute__((noinline)) unsigned sized(unsigned levels)
{
	char *room = __builtin_alloca(levels * 40 + 8);

	memset(hide(room), 1, levels * 40 + 8);
	return levels == 0 ? compare() : sized(levels - 1) + (*(volatile char *)room == 0);
}

static __attribute__((noinline)) unsigned roomy(unsigned levels)
{
	char room[70000];

	memset(hide(room), 1, sizeof(room));
	return levels == 0 ? plain(1) : roomy(levels - 1) + (*(volatile char *)room == 0);
}

/* Callers that differ though all frames lie where they did before. */
static __attribute__((noinline)) unsigned one_way(void)
{
	return plain(2) + (sink != 0);
}

static __attribute__((noinline)) unsigned other_way(void)
{
	return plain(2) + (sink == 1);
}

static int by_order(const void *a, const void *b)
{
	compare();
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

START_TEST(same_as_backtrace)
{
	int numbers[] = {3, 1, 2};

	for (unsigned levels = 0; levels < 20; levels++) {
		unsigned depth = plain(levels);
		expect(plain(levels + 1) == depth + 1);
		sized(levels);
	}
	roomy(10);
	for (unsigned i = 0; i < 20; i++) {
		one_way();
		other_way();
		expect((i % 3 == 0 ? one_way : other_way)() > 3);
	}
	qsort(numbers, LENGTH(numbers), sizeof(numbers[0]), by_order);
}
END_TEST

/* Twice: the second time all rules are in the cache. */
START_TEST(same_from_the_cache)
{
	expect(plain(3) == plain(3));
}
END_TEST

static void *in_thread(void *arg)
{
	(void)arg;
	sink = 0;
	plain(5);
	sized(5);
	return NULL;
}

START_TEST(on_a_thread_s_stack)
{
	pthread_t thread;

	expect(pthread_create(&thread, NULL, in_thread, NULL) == 0);
	expect(pthread_join(thread, NULL) == 0);
}
END_TEST

START_TEST(as_deep_as_asked)
{
	uintptr_t frames[MOST] = {0};

	for (unsigned most = 0; most < 4; most++) {
		expect(ma_unwind(frames, most) == most);
		expect(frames[most] == 0);
	}
}
END_TEST

static void own_frame(void)
{
	uintptr_t frames[MOST];

	expect(ma_unwind(frames, MOST) >= 2);
	expect(frames[0] < (uintptr_t)&own_frame || frames[0] - (uintptr_t)&own_frame > 200);
}

/* Linked statically, libma's frames are known by name. */
START_TEST(own_frames_are_left_out)
{
	static void (*const entries[])(void) = {own_frame};

	ma_unwind_start(entries, 1);
	own_frame();
}
END_TEST

static __attribute__((noinline)) unsigned below_entry(uintptr_t *frames)
{
	return ma_unwind(frames, MOST) + (sink != 0);
}

static __attribute__((noinline)) unsigned entry(uintptr_t *frames)
{
	return below_entry(frames) + (sink != 0);
}

/* And so is what lies between the entry and the walk, which no list names. */
START_TEST(own_frames_behind_an_entry)
{
	static void (*const entries[])(void) = {(void (*)(void))entry};
	uintptr_t frames[MOST], others[MOST];

	sink = 0;
	ma_unwind_start(NULL, 0);
	expect(below_entry(others) >= 2 && others[0] - (uintptr_t)&below_entry < 200);
	ma_unwind_start(entries, 1);
	expect(entry(frames) >= 2);
	expect(frames[0] - (uintptr_t)&below_entry >= 200 && frames[0] - (uintptr_t)&entry >= 200);
	expect(below_entry(others) >= 2 && others[0] - (uintptr_t)&below_entry < 200); /* not by an entry */
}
END_TEST

/* Registers that lead nowhere end the walk, and no more. */
START_TEST(nonsense)
{
	uintptr_t here[64] = {0}, frames[MOST];
	struct unwind_registers from = {.pc = (uintptr_t)&plain + 4, .sp = (uintptr_t)here, .fp = 8};

	ma_unwind_start(NULL, 0);
	expect(ma_unwind_from(&from, frames, MOST) == 1 && frames[0] == from.pc);
	from.pc = 16;
	expect(ma_unwind_from(&from, frames, MOST) == 1 && ma_unwind_from(&from, frames, 0) == 0);
	from.pc = (uintptr_t)&sized + 4;
	from.fp = (uintptr_t)here - 64;
	expect(ma_unwind_from(&from, frames, MOST) == 1);
	for (unsigned i = 0; i < LENGTH(here); i++)
		here[i] = (uintptr_t)&plain + 4;
	from.pc = (uintptr_t)&plain + 4;
	expect(ma_unwind_from(&from, frames, MOST) <= MOST);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		same_as_backtrace, same_from_the_cache,	    on_a_thread_s_stack,
		as_deep_as_asked,  own_frames_are_left_out, own_frames_behind_an_entry,
		nonsense,
	};

	ma_unwind_start(NULL, 0);
	return unit_run("unwind", tests, LENGTH(tests));
}
