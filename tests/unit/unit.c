/* SPDX-License-Identifier: MIT */
/* unit.c - see unit.h. Its own memory is the C library's: only what is tested is in libma's heap. */
#include "unit.h"

#include <errno.h>
#include <stdarg.h>

#include "ma.h"

int unit_run(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < count; i++) {
		TCase *tcase = tcase_create(tests[i]->name);
		tcase_set_timeout(tcase, 60);
		tcase_add_test(tcase, tests[i]);
		suite_add_tcase(suite, tcase);
	}
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

/* --- children --- */

int unit_child(void (*act)(void *), void *arg, char *text, size_t room)
{
	int ends[2], status;
	size_t used = 0;
	ssize_t got;
	pid_t child;

	expect(pipe(ends) == 0);
	child = fork();
	expect(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		act(arg);
		_exit(0);
	}
	close(ends[1]);
	while (used < room - 1 && (got = read(ends[0], text + used, room - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	drop_emulators_line(text);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0)
		expect(errno == EINTR);
	return status;
}

/* Shows both texts if they differ. */
static void expect_text(const char *text, const char *expected)
{
	if (strcmp(text, expected) == 0)
		return;
	fprintf(stderr, "found:    %s\nexpected: %s\n", text, expected);
	abort();
}

void unit_dies(void (*act)(void *), void *arg, const char *expected, ...)
{
	char text[2048], line[2048];
	va_list rest;
	int status = unit_child(act, arg, text, sizeof(text));

	va_start(rest, expected);
	vsnprintf(line, sizeof(line), expected, rest);
	va_end(rest);
	strcat(line, "\n");
	expect_text(text, line);
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

void unit_says(void (*act)(void *), void *arg, const char *expected)
{
	char text[2048];
	int status = unit_child(act, arg, text, sizeof(text));

	expect_text(text, expected);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* --- objects --- */

void objects_begin(struct objects *objects, size_t room)
{
	objects->object = calloc(room, sizeof(objects->object[0]));
	objects->count = 0;
	objects->room = room;
	expect(objects->object != NULL);
}

void objects_end(struct objects *objects)
{
	free(objects->object);
}

void objects_add(struct objects *objects, void *at, size_t size)
{
	static uint64_t last_seed;

	expect(objects->count < objects->room);
	expect(at != NULL && (uintptr_t)at % _Alignof(max_align_t) == 0);
	last_seed += UINT64_C(1) << 40;
	objects->object[objects->count++] = (struct object){at, size, last_seed};
	pattern_fill(at, size, last_seed);
}

struct object objects_take(struct objects *objects, size_t n)
{
	struct object taken = objects->object[n];

	expect(pattern_holds(taken.at, taken.size, taken.seed));
	objects->object[n] = objects->object[--objects->count];
	return taken;
}

void objects_hold(const struct objects *objects)
{
	for (size_t i = 0; i < objects->count; i++) {
		const struct object *object = &objects->object[i];
		expect(pattern_holds(object->at, object->size, object->seed));
	}
}

/* --- the walk against the objects --- */

static int by_address(const void *a, const void *b)
{
	const char *left = ((const struct object *)a)->at, *right = ((const struct object *)b)->at;

	return (left > right) - (left < right);
}

struct comparison {
	const struct object *next, *end;
	const char *reached; /* all places so far end here or below */
	const char *slab_end;
};

static int compare_place(const struct ma_place *place, void *arg)
{
	struct comparison *comparison = arg;
	const char *at = place->address;

	expect(at >= comparison->reached && place->size > 0);
	if (place->kind == MA_BLOCK_SLAB) { /* its slots come next, inside it */
		comparison->slab_end = at + place->size;
		comparison->reached = at;
		expect(place->slot_size != 0);
		return 0;
	}
	comparison->reached = at + place->size;
	if (place->kind == MA_SLOT_FREE || place->kind == MA_SLOT_USED)
		expect(comparison->reached <= comparison->slab_end && place->size == place->slot_size);
	if (place->kind == MA_BLOCK_USED || place->kind == MA_SLOT_USED || place->kind == MA_LARGE_USED) {
		expect(comparison->next < comparison->end);
		expect(at == comparison->next->at);
		expect(place->size >= comparison->next->size);
		expect(place->size == ma_usable_size(at));
		comparison->next++;
	}
	return 0;
}

void objects_are_the_heap(const struct objects *objects)
{
	struct object *sorted = calloc(objects->count + 1, sizeof(*sorted));
	struct comparison comparison = {.next = sorted, .end = sorted + objects->count};

	expect(sorted != NULL);
	if (objects->count != 0)
		memcpy(sorted, objects->object, objects->count * sizeof(*sorted));
	qsort(sorted, objects->count, sizeof(*sorted), by_address);
	expect(ma_check() == 0);
	expect(ma_walk(compare_place, &comparison) == 0);
	expect(comparison.next == comparison.end);
	free(sorted);
}
