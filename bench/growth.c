/* SPDX-License-Identifier: MIT */
/*
 * growth.c - the workload `growth`: what grows by realloc.
 *
 *   vector  two vectors of numbers, which grow by half whenever they are full: one up to 256 MiB, the other,
 *           beside it and in its way, up to an eighth of that
 *   string  thousands of strings, to which a few letters are appended at a time, exactly
 */
#include <config.h>

#include <string.h>

#include "workload.h"

enum kind { KIND_VECTOR, KIND_STRING };

enum { SIDE_SHARE = 8, LONGEST_PIECE = 48, LONGEST_STRING = 16384 };

struct vector {
	uint64_t *numbers;
	size_t count, room;
};

/* Makes room for more, or returns false if the vector is as large as it may be. */
static bool vector_grow(struct worker *worker, struct vector *vector, size_t most)
{
	size_t room = vector->room == 0 ? 8 : vector->room + vector->room / 2;
	uint64_t *numbers;

	if (vector->room == most)
		return false;
	room = room < most ? room : most;
	numbers = realloc(vector->numbers, room * sizeof *numbers);
	if (numbers == NULL)
		give_up("no memory for %zu numbers", room);
	worker_count(worker, (int64_t)((room - vector->room) * sizeof *numbers));
	vector->numbers = numbers;
	vector->room = room;
	return true;
}

/* Fills the vector's room and lets it grow once. Returns whether it did. */
static bool vector_step(struct worker *worker, struct vector *vector, size_t most)
{
	for (; vector->count < vector->room; vector->count++)
		vector->numbers[vector->count] = vector->count;
	return vector_grow(worker, vector, most);
}

static void vector_free(struct worker *worker, struct vector *vector)
{
	for (size_t i = 0; i < vector->count; i += 64) {
		if (vector->numbers[i] != i)
			give_up("the vector's number %zu was overwritten", i);
	}
	worker->checksum += vector->count;
	worker_count(worker, -(int64_t)(vector->room * sizeof *vector->numbers));
	free(vector->numbers);
}

static void run_vectors(struct worker *worker)
{
	uint64_t times = parameter("vectors");
	size_t most = (scaled_parameter("mebibytes") << 20) / sizeof(uint64_t);

	for (uint64_t i = 0; i < times; i++) {
		struct vector main = {NULL, 0, 0}, side = {NULL, 0, 0};

		while (vector_step(worker, &main, most))
			vector_step(worker, &side, most / SIDE_SHARE);
		vector_free(worker, &main);
		vector_free(worker, &side);
	}
}

struct string {
	char *text;
	uint32_t length;
};

static void string_free(struct worker *worker, struct string *string)
{
	if (string->length > 0 && (string->text[0] != 'a' || string->text[string->length - 1] != 'z'))
		give_up("the string at %p was overwritten", (void *)string->text);
	worker->checksum += string->length;
	worker_count(worker, -(int64_t)string->length);
	free(string->text);
	*string = (struct string){NULL, 0};
}

static void string_append(struct worker *worker, struct string *string, uint32_t length)
{
	char *text = realloc(string->text, string->length + length);

	if (text == NULL)
		give_up("no memory for %u letters", string->length + length);
	if (string->length > 0 && text[string->length - 1] != 'z')
		give_up("realloc lost the end of the string at %p", (void *)text);
	memset(text + string->length, 'a', length - 1);
	text[string->length + length - 1] = 'z';
	worker_count(worker, length);
	string->text = text;
	string->length += length;
}

static void run_strings(struct worker *worker)
{
	uint64_t appends = scaled_parameter("appends");
	uint32_t live = (uint32_t)parameter("strings");
	struct string *strings = own_memory(live * sizeof *strings);

	for (uint64_t i = 0; i < appends; i++) {
		struct string *string = &strings[random_below(&worker->random, live)];
		uint32_t piece = random_between(&worker->random, 2, LONGEST_PIECE);

		/* The longer a string is, the sooner it ends, so that most are short. */
		if (random_below(&worker->random, LONGEST_STRING) < string->length)
			string_free(worker, string);
		string_append(worker, string, piece);
	}
	for (uint32_t i = 0; i < live; i++)
		string_free(worker, &strings[i]);
}

static void run(void)
{
	struct worker worker;

	worker_start(&worker, 0, NULL);
	if ((enum kind)parameter("kind") == KIND_VECTOR)
		run_vectors(&worker);
	else
		run_strings(&worker);
	worker_end(&worker);
}

static const struct parameter parameters[] = {
	{"kind", KIND_VECTOR, "vector|string", "what grows"},
	{"vectors", 1, NULL, "how often a vector grows from nothing"},
	{"mebibytes", 256, NULL, "how far"},
	{"appends", 8000000, NULL, "how often letters are appended to a string"},
	{"strings", 4000, NULL, "how many there are"},
	{NULL, 0, NULL, NULL},
};

const struct workload workload_growth = {"growth", "vectors and strings that grow by realloc", run,
					 parameters};
