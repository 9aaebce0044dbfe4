/* SPDX-License-Identifier: MIT */
/* Call stacks: each has one number, for good; many threads and many stacks; no memory. */
#include "unit.h"

#include <pthread.h>

#include "scripted_source.h"
#include "stacks.h"

/* The n-th of many different stacks. */
static unsigned make(uint64_t n, uintptr_t *frames)
{
	unsigned depth = 1 + (unsigned)(n % STACK_MOST);

	for (unsigned i = 0; i < depth; i++)
		frames[i] = (uintptr_t)(n * 0x9e3779b9 + i);
	return depth;
}

static bool is_the(uint64_t n, uint32_t number)
{
	uintptr_t frames[STACK_MOST];
	const uintptr_t *found;
	unsigned depth = make(n, frames);

	return ma_stacks_frames(number, &found) == depth &&
	       memcmp(found, frames, depth * sizeof(*frames)) == 0;
}

START_TEST(no_stack)
{
	uintptr_t frame = 1;
	const uintptr_t *frames;

	expect(ma_stacks_number(&frame, 0) == 0 && ma_stacks_frames(0, &frames) == 0);
	expect(ma_stacks_frames(UINT32_MAX, &frames) == 0 && ma_stacks_frames(1, &frames) == 0);
}
END_TEST

/* Enough for several segments, and for the table to grow. */
START_TEST(one_number_each)
{
	enum { MANY = 30000 };
	static uint32_t number[MANY];
	uintptr_t frames[STACK_MOST];
	size_t count, bytes;

	for (uint64_t n = 0; n < MANY; n++) {
		number[n] = ma_stacks_number(frames, make(n, frames));
		expect(number[n] != 0 && (n == 0 || number[n] > number[n - 1]));
	}
	for (uint64_t n = 0; n < MANY; n++) {
		expect(is_the(n, number[n]));
		expect(ma_stacks_number(frames, make(n, frames)) == number[n]);
	}
	ma_stacks_count(&count, &bytes);
	expect(count == MANY && bytes > MANY * (STACK_MOST / 2) * sizeof(uintptr_t));
}
END_TEST

START_TEST(too_deep_is_cut)
{
	uintptr_t frames[STACK_MOST + 5] = {0};
	const uintptr_t *found;
	uint32_t number = ma_stacks_number(frames, STACK_MOST + 5);

	expect(ma_stacks_frames(number, &found) == STACK_MOST &&
	       ma_stacks_number(frames, STACK_MOST) == number);
}
END_TEST

START_TEST(no_memory)
{
	uintptr_t frames[STACK_MOST];

	for (uint64_t nth = 1; nth < 4; nth++) {
		scripted_refuse(nth, UINT64_MAX);
		for (uint64_t n = 0; n < 3000; n++) {
			uint32_t number = ma_stacks_number(frames, make(n, frames));
			expect(number == 0 || is_the(n, number));
		}
		scripted_relent();
	}
	for (uint64_t n = 0; n < 3000; n++)
		expect(is_the(n, ma_stacks_number(frames, make(n, frames))));
}
END_TEST

#if MA_THREADS

static void *number_all(void *out)
{
	uintptr_t frames[STACK_MOST];
	uint32_t *number = out;

	for (uint64_t n = 0; n < 5000; n++)
		number[n] = ma_stacks_number(frames, make(n, frames));
	return NULL;
}

START_TEST(threads_agree)
{
	static uint32_t number[4][5000];
	pthread_t thread[4];

	for (unsigned i = 0; i < 4; i++)
		expect(pthread_create(&thread[i], NULL, number_all, number[i]) == 0);
	for (unsigned i = 0; i < 4; i++)
		expect(pthread_join(thread[i], NULL) == 0);
	for (uint64_t n = 0; n < 5000; n++) {
		expect(is_the(n, number[0][n]));
		for (unsigned i = 1; i < 4; i++)
			expect(number[i][n] == number[0][n]);
	}
}
END_TEST

#endif

int main(void)
{
	const TTest *const tests[] = {
		no_stack,
		one_number_each,
		too_deep_is_cut,
		no_memory,
#if MA_THREADS
		threads_agree,
#endif
	};

	return unit_run("stacks", tests, LENGTH(tests));
}
