/* SPDX-License-Identifier: MIT */
/* Guarded objects: what they hold, what reaches beyond them, and what happens when there is no room. */
#include "unit.h"

#include <signal.h>
#include <unistd.h>

#include "guard.h"
#include "ma.h"
#include "mode.h"
#include "options.h"
#include "scripted_source.h"

static const struct guard_caller nobody;

static char *take(size_t size)
{
	return ma_guard_alloc(size, 16, nobody);
}

START_TEST(holds_what_is_written)
{
	struct random random = {5};
	struct objects objects;

	expect(ma_guard_start(true, false));
	objects_begin(&objects, 200);
	for (size_t step = 0; step < test_rounds(20000); step++) {
		if (objects.count < 10 || (objects.count < 200 && random_once_in(&random, 2))) {
			size_t size = random_size(&random, 20000),
			       align = (size_t)16 << random_below(&random, 6);
			void *p = ma_guard_alloc(size, align, nobody);
			expect(ma_guard_has(p) && (uintptr_t)p % align == 0 && ma_guard_size(p) == size);
			objects_add(&objects, p, size);
		} else {
			ma_guard_free(objects_take(&objects, random_below(&random, objects.count)).at,
				      nobody);
		}
	}
	objects_hold(&objects);
	objects_end(&objects);
}
END_TEST

/* A small area is gone through many times, by objects of several pages, around such that stay. */
START_TEST(goes_round)
{
	struct objects objects;
	size_t had = 0;

	expect(ma_guard_start(false, false));
	objects_begin(&objects, 3000);
	for (size_t step = 0; step < 5000; step++) {
		char *p = take(step % 16000);
		if (p == NULL)
			break;
		had++;
		if (step % 50 == 0)
			objects_add(&objects, p, step % 16000);
		else
			ma_guard_free(p, nobody);
	}
	expect(had > 1000);
	while (objects.count > 0)
		ma_guard_free(objects_take(&objects, 0).at, nobody);
	for (size_t step = 0; step < 5000; step++)
		ma_guard_free(take(step % 16000), nobody);
	objects_end(&objects);
}
END_TEST

START_TEST(full)
{
	struct objects objects;
	char *p;

	expect(ma_guard_start(false, false));
	objects_begin(&objects, 3000);
	while ((p = take(100)) != NULL)
		objects_add(&objects, p, 100);
	expect(objects.count > 400);
	expect(take(100) == NULL && take(1000000) == NULL && ma_guard_alloc(1, 8192, nobody) == NULL);
	objects_hold(&objects);
	while (objects.count > 0)
		ma_guard_free(objects_take(&objects, 0).at, nobody);
	expect(take(100) != NULL);
	objects_end(&objects);
}
END_TEST

START_TEST(no_memory)
{
	scripted_refuse(1, UINT64_MAX);
	expect(!ma_guard_start(true, false) && !ma_guard_has(&nobody) && !ma_guard_has(NULL));
	scripted_relent();
	scripted_refuse(2, 1); /* the largest area */
	expect(ma_guard_start(true, false));
	scripted_refuse(1, UINT64_MAX);
	expect(take(100) == NULL);
	scripted_relent();
	expect(take(100) != NULL);
}
END_TEST

/* --- faults: each ends with a line that begins so --- */

enum fault {
	READ_AFTER_FREE,
	WRITE_AFTER_FREE,
	READ_BEHIND,
	WRITE_BEHIND,
	WRITE_SOON_BEHIND,
	WRITE_SOON_BEFORE,
	READ_BEFORE,
	DOUBLE_FREE,
	INTERIOR,
	NEVER,
	FAULTS
};

/* Other machines do not say which it was. */
#if defined(__x86_64__) || defined(__i386__)
#define READ "read"
#define WRITE "write"
#else
#define READ "access"
#define WRITE "access"
#endif

static const char *const lines[FAULTS] = {
	[READ_AFTER_FREE] = "libma: " READ " after free: 0x",
	[WRITE_AFTER_FREE] = "libma: " WRITE " after free: 0x",
	[READ_BEHIND] = "libma: " READ " behind an object: 0x",
	[WRITE_BEHIND] = "libma: " WRITE " behind an object: 0x",
	[WRITE_SOON_BEHIND] = "libma: memory behind an object was written to: 0x",
	[WRITE_SOON_BEFORE] = "libma: memory before an object was written to: 0x",
	[READ_BEFORE] = "libma: " READ " before an object: 0x",
	[DOUBLE_FREE] = "libma: double free: 0x",
	[INTERIOR] = "libma: invalid pointer, not the start of an allocation: 0x",
	[NEVER] = "libma: invalid pointer, not the start of an allocation: 0x",
};

static void commit(void *arg)
{
	enum fault fault = (enum fault)(uintptr_t)arg;
	char *object, *other;
	volatile char *p, *q;

	ma_guard_start(true, fault == READ_BEFORE);
	object = take(100); /* so it ends 12 bytes before its page does */
	other = take(100);
	p = object;
	q = other;
	expect(p != NULL && q != NULL);
	switch (fault) {
	case READ_AFTER_FREE:
	case WRITE_AFTER_FREE:
		ma_guard_free(object, nobody);
		if (fault == READ_AFTER_FREE)
			(void)p[50];
		else
			p[0] = 1;
		break;
	case READ_BEHIND:
		(void)p[112];
		break;
	case WRITE_BEHIND:
		p[130] = 1;
		break;
	case WRITE_SOON_BEHIND:
		p[100] = 1;
		ma_guard_free(object, nobody);
		break;
	case WRITE_SOON_BEFORE:
		q[-1] = 1;
		ma_guard_free(other, nobody);
		break;
	case READ_BEFORE:
		(void)q[-1];
		break;
	case DOUBLE_FREE:
		ma_guard_free(object, nobody);
		ma_guard_free(object, nobody);
		break;
	case INTERIOR:
		ma_guard_size(object + 16);
		break;
	default:
		ma_guard_free(other + 100000, nobody);
	}
}

START_TEST(faults)
{
	for (uintptr_t fault = 0; fault < FAULTS; fault++) {
		char text[4096];
		int status = unit_child(commit, (void *)fault, text, sizeof(text));
		if (strncmp(text, lines[fault], strlen(lines[fault])) != 0)
			fprintf(stderr, "expected '%s', found '%s'\n", lines[fault], text);
		expect(strncmp(text, lines[fault], strlen(lines[fault])) == 0);
		expect(fault == NEVER || strstr(text, "guarded object of 100 bytes at 0x") != NULL);
		expect(strstr(text, "libma: allocated by thread 0:\n") != NULL);
		expect((strstr(text, "libma: freed by thread 0:\n") != NULL) ==
		       (fault <= WRITE_AFTER_FREE || fault == DOUBLE_FREE));
		expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}
END_TEST

/* In the midst of an object of several pages; behind it, further than its page; and where no object is near. */
static void commit_far(void *which)
{
	size_t page = (size_t)getpagesize();
	char *object;
	volatile char *p;

	ma_guard_start(true, false);
	p = object = take(3 * page);
	expect(p != NULL);
	if (which == (void *)2)
		(void)p[200 * page];
	ma_guard_free(object, nobody);
	(void)p[which == (void *)0 ? page + 900 : 3 * page + 10];
}

START_TEST(far_faults)
{
	static const char *const expected[] = {
		"libma: " READ " after free: 0x",
		"libma: " READ " after free: 0x",
		"libma: access to a guard page: 0x",
	};
	int page = getpagesize();
	char where[2][100];

	snprintf(where[0], sizeof(where[0]), " lies %d bytes into a guarded object of %d bytes at 0x",
		 page + 900, 3 * page);
	snprintf(where[1], sizeof(where[1]), " lies 10 bytes behind a guarded object of %d bytes at 0x",
		 3 * page);
	for (uintptr_t which = 0; which < LENGTH(expected); which++) {
		char text[4096];
		int status = unit_child(commit_far, (void *)which, text, sizeof(text));
		expect(strncmp(text, expected[which], strlen(expected[which])) == 0);
		expect(which == 2 ? strstr(text, "object") == NULL : strstr(text, where[which]) != NULL);
		expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}
END_TEST

/* --- signals that are not for us --- */

static void handled(int number)
{
	_exit(number == SIGSEGV ? 42 : 43);
}

static void handled_with_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	_exit(info->si_addr == (void *)24 ? 50 + (number == SIGSEGV) : 44);
}

static volatile int *volatile nowhere = (volatile int *)24;

static void fault_elsewhere(void *how)
{
	struct sigaction action = {0};

	if (how == (void *)1)
		action.sa_handler = handled;
	if (how == (void *)2) {
		action.sa_sigaction = handled_with_info;
		action.sa_flags = SA_SIGINFO;
	}
	if (how == (void *)3)
		action.sa_handler = SIG_IGN;
	sigaction(SIGSEGV, &action, NULL);
	ma_guard_start(true, false);
	if (how == (void *)4)
		raise(SIGSEGV);
	else
		*nowhere = 1;
}

START_TEST(faults_elsewhere_are_passed_on)
{
	char text[100];
	int status;

	for (uintptr_t how = 0; how < 5; how++) {
		status = unit_child(fault_elsewhere, (void *)how, text, sizeof(text));
		if (how == 1 || how == 2)
			expect(WIFEXITED(status) && WEXITSTATUS(status) == (how == 1 ? 42 : 51));
		else
			expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
		expect(*text == '\0');
	}
}
END_TEST

/* --- through the mode --- */

/* What the heap grows by is counted, though most of it is the fast path's. */
START_TEST(sampling)
{
	size_t guarded = 0, made = 0;

	ma_options_read("guard=500,guard_rate=0");
	ma_mode_start(NULL, 0);
	for (size_t i = 0; i < 400000; i++) {
		void *p = ma_malloc(64), *q = i % 7 == 0 ? ma_malloc(i % 1000) : NULL;
		expect(p != NULL);
		guarded += (size_t)ma_guard_has(p) + ma_guard_has(q);
		made += 1 + (q != NULL);
		if (ma_guard_has(p))
			ma_free(p);
		if (ma_guard_has(q))
			ma_free(q);
	}
	if (guarded < made / 550 || guarded > made / 450)
		fprintf(stderr, "%zu of %zu\n", guarded, made);
	expect(guarded >= made / 550 && guarded <= made / 450);
	expect(ma_check() == 0);
}
END_TEST

START_TEST(realloc_of_guarded)
{
	ma_options_read("guard=all");
	ma_mode_start(NULL, 0);
	for (size_t size = 1; size < 5000000; size *= 3) {
		char *p = ma_malloc(size);
		expect(ma_guard_has(p) && ma_usable_size(p) == size);
		pattern_fill(p, size, size);
		p = ma_realloc(p, size * 2);
		expect(pattern_holds(p, size, size) && ma_usable_size(p) == size * 2);
		p = ma_realloc(p, size);
		expect(pattern_holds(p, size, size) && ma_expand(p, size) == p &&
		       ma_expand(p, size + 1) == NULL);
		ma_free(p);
		p = ma_calloc(1, size);
		expect(pattern_is_zero(p, size));
		ma_free(p);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		far_faults,
		holds_what_is_written,
		goes_round,
		full,
		no_memory,
		faults,
		faults_elsewhere_are_passed_on,
		sampling,
		realloc_of_guarded,
	};

	return unit_run("guard", tests, LENGTH(tests));
}
