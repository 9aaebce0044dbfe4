/* SPDX-License-Identifier: MIT */
/*
 * C++'s operators, called by their mangled names from a program without a C++ library, whose two functions that
 * matter stand here: the one that gives the new handler, and the one that throws.
 */
#include "unit.h"

#include <setjmp.h>
#include <stdlib.h>

#include "ma.h"

#define ALIGN "St11align_val_t"
#define NOTHROW "RKSt9nothrow_t"

#if SIZE_MAX == UINT32_MAX
#define SIZED "j"
#else
#define SIZED "m"
#endif

/* The operators. */
#define OPERATOR(result, name, mangled, ...) extern result name(__VA_ARGS__) __asm__(mangled)

OPERATOR(void *, new_one, "_Znw" SIZED, size_t);
OPERATOR(void *, new_array, "_Zna" SIZED, size_t);
OPERATOR(void *, new_one_nothrow, "_Znw" SIZED NOTHROW, size_t, const void *);
OPERATOR(void *, new_array_nothrow, "_Zna" SIZED NOTHROW, size_t, const void *);
OPERATOR(void *, new_one_aligned, "_Znw" SIZED ALIGN, size_t, size_t);
OPERATOR(void *, new_array_aligned, "_Zna" SIZED ALIGN, size_t, size_t);
OPERATOR(void *, new_one_aligned_nothrow, "_Znw" SIZED ALIGN NOTHROW, size_t, size_t, const void *);
OPERATOR(void *, new_array_aligned_nothrow, "_Zna" SIZED ALIGN NOTHROW, size_t, size_t, const void *);

OPERATOR(void, delete_one, "_ZdlPv", void *);
OPERATOR(void, delete_array, "_ZdaPv", void *);
OPERATOR(void, delete_one_sized, "_ZdlPv" SIZED, void *, size_t);
OPERATOR(void, delete_array_sized, "_ZdaPv" SIZED, void *, size_t);
OPERATOR(void, delete_one_nothrow, "_ZdlPv" NOTHROW, void *, const void *);
OPERATOR(void, delete_array_nothrow, "_ZdaPv" NOTHROW, void *, const void *);
OPERATOR(void, delete_one_aligned, "_ZdlPv" ALIGN, void *, size_t);
OPERATOR(void, delete_array_aligned, "_ZdaPv" ALIGN, void *, size_t);
OPERATOR(void, delete_one_sized_aligned, "_ZdlPv" SIZED ALIGN, void *, size_t, size_t);
OPERATOR(void, delete_array_sized_aligned, "_ZdaPv" SIZED ALIGN, void *, size_t, size_t);
OPERATOR(void, delete_one_aligned_nothrow, "_ZdlPv" ALIGN NOTHROW, void *, size_t, const void *);
OPERATOR(void, delete_array_aligned_nothrow, "_ZdaPv" ALIGN NOTHROW, void *, size_t, const void *);

typedef void new_handler(void);
extern new_handler *get_handler(void) __asm__("_ZSt15get_new_handlerv");
extern void throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv");

static new_handler *handler;
static jmp_buf thrown;
static int handled;

new_handler *get_handler(void)
{
	return handler;
}

void throw_bad_alloc(void)
{
	longjmp(thrown, 1);
}

static void *ours(void *p, size_t align)
{
	expect(p != NULL && (uintptr_t)p % align == 0 && ma_usable_size(p) >= 100);
	return p;
}

START_TEST(every_operator)
{
	delete_one(ours(new_one(100), 16));
	delete_array(ours(new_array(100), 16));
	delete_one_sized(ours(new_one(100), 16), 100);
	delete_array_sized(ours(new_array(100), 16), 100);
	delete_one_nothrow(ours(new_one_nothrow(100, ""), 16), "");
	delete_array_nothrow(ours(new_array_nothrow(100, ""), 16), "");
	for (size_t align = 1; align <= 1 << 22; align *= 2) {
		delete_one_aligned(ours(new_one_aligned(100, align), align), align);
		delete_array_aligned(ours(new_array_aligned(100, align), align), align);
		delete_one_sized_aligned(ours(new_one_aligned(100, align), align), 100, align);
		delete_array_sized_aligned(ours(new_array_aligned(100, align), align), 100, align);
		delete_one_aligned_nothrow(ours(new_one_aligned_nothrow(100, align, ""), align), align, "");
		delete_array_aligned_nothrow(ours(new_array_aligned_nothrow(100, align, ""), align), align,
					     "");
	}
	delete_one(NULL);
	delete_array_sized_aligned(NULL, 10, 64);
	delete_one(new_one(0));
	expect(ma_check() == 0);
}
END_TEST

static volatile size_t too_large = SIZE_MAX - 100;

START_TEST(failures_that_return)
{
	expect(new_one_nothrow(too_large, "") == NULL && new_array_nothrow(too_large, "") == NULL);
	expect(new_one_aligned_nothrow(too_large, 64, "") == NULL);
	expect(new_array_aligned_nothrow(too_large, 64, "") == NULL);
}
END_TEST

START_TEST(failures_that_throw)
{
	volatile int throws = 0;

	if (setjmp(thrown) != 0)
		throws++;
	if (throws == 0)
		new_one(too_large);
	if (throws == 1)
		new_array(too_large);
	if (throws == 2)
		new_one_aligned(too_large, 64);
	if (throws == 3)
		new_array_aligned(too_large, 64);
	expect(throws == 4);
}
END_TEST

/* Helps nothing twice, then gives up. */
static void handle(void)
{
	if (++handled == 3)
		handler = NULL;
}

START_TEST(handler_is_asked_until_it_gives_up)
{
	handler = handle;
	if (setjmp(thrown) == 0) {
		new_one(too_large);
		abort();
	}
	expect(handled == 3);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {every_operator, failures_that_return, failures_that_throw,
				      handler_is_asked_until_it_gives_up};

	return unit_run("override_new", tests, LENGTH(tests));
}
