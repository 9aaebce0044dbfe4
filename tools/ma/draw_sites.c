/* SPDX-License-Identifier: MIT */
/*
 * draw_sites.c - the sites of a heap map: its tables of call stacks, their code by name, and the runs that tell which
 * object of a chunk has which site.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "draw.h"
#include "message.h"

/* --- the tables --- */

static void read_frames(struct draw_map *map, const struct json_value *value)
{
	const struct json *json = &map->json;

	map->frame = draw_allocate(json_count(json, value), sizeof *map->frame);
	for (value = json_child(json, value); value != NULL; value = json_next(json, value))
		map->frame[map->frames++] = (struct leak_frame){
			.address = json_number(json_member(json, value, "address")),
			.object = json_string(json_member(json, value, "file")),
			.distance = json_number(json_member(json, value, "offset")),
			.function = json_string(json_member(json, value, "function")),
			.source = json_string(json_member(json, value, "source")),
			.line = (int)json_number(json_member(json, value, "line")),
		};
}

static void read_stacks(struct draw_map *map, const struct json_value *value)
{
	const struct json *json = &map->json;

	map->stack = draw_allocate(json_count(json, value), sizeof *map->stack);
	for (value = json_child(json, value); value != NULL; value = json_next(json, value)) {
		struct draw_stack *stack = &map->stack[map->stacks++];
		const struct json_value *frame = json_child(json, value);

		stack->frame = draw_allocate(json_count(json, value), sizeof *stack->frame);
		for (; frame != NULL; frame = json_next(json, frame)) {
			uint64_t index = json_number(frame);
			if (index < map->frames)
				stack->frame[stack->frames++] = (uint32_t)index;
		}
	}
}

/* Sums up the objects of a stack that several threads have, and several sizes. */
static void add_to_stack(struct draw_stack *stack, const struct draw_site *site)
{
	if (stack->objects == 0 || site->youngest < stack->youngest)
		stack->youngest = site->youngest;
	if (site->oldest > stack->oldest)
		stack->oldest = site->oldest;
	stack->objects += site->objects;
	stack->bytes += site->bytes;
}

static void read_list(struct draw_map *map, const struct json_value *value)
{
	const struct json *json = &map->json;

	map->site = draw_allocate(json_count(json, value), sizeof *map->site);
	for (value = json_child(json, value); value != NULL; value = json_next(json, value)) {
		struct draw_site *site = &map->site[map->sites++];
		uint64_t *const numbers[] = {&site->thread, &site->asked,    &site->objects,
					     &site->bytes,  &site->youngest, &site->oldest};
		const struct json_value *element = json_child(json, value);
		uint64_t stack = json_number(element); /* -1 is more than there are */

		site->stack = stack < map->stacks ? (size_t)stack : SIZE_MAX;
		for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
			element = json_next(json, element);
			*numbers[i] = json_number(element);
		}
		if (site->stack != SIZE_MAX)
			add_to_stack(&map->stack[site->stack], site);
	}
}

void draw_sites_read(struct draw_map *map)
{
	const struct json *json = &map->json;
	const struct json_value *sites = json_member(json, &json->value[1], "sites");

	read_frames(map, json_member(json, sites, "frames"));
	read_stacks(map, json_member(json, sites, "stacks"));
	read_list(map, json_member(json, sites, "list"));
}

void draw_sites_free(struct draw_map *map)
{
	for (size_t i = 0; i < map->frames; i++) {
		free(map->frame[i].object);
		free(map->frame[i].function);
		free(map->frame[i].source);
	}
	for (size_t i = 0; i < map->stacks; i++)
		free(map->stack[i].frame);
	free(map->frame);
	free(map->stack);
	free(map->site);
}

size_t draw_site_of(const struct draw_map *map, const struct json_value *object, uint64_t *age)
{
	const struct json_value *site = json_member(&map->json, object, "site");
	uint64_t index = json_number(site);

	*age = json_number(json_member(&map->json, object, "age_ms"));
	return site != NULL && index < map->sites ? (size_t)index : SIZE_MAX;
}

/* --- names --- */

static int by_file(const void *a, const void *b)
{
	const struct leak_frame *const *left = a, *const *right = b;
	int order = strcmp((*left)->object, (*right)->object);

	if (order != 0)
		return order;
	return ((*left)->distance > (*right)->distance) - ((*left)->distance < (*right)->distance);
}

/* Is the file what was loaded when the map was made? It is not if it was changed since. */
static bool is_the_same(const char *file, uint64_t time_ms)
{
	struct stat status;

	return stat(file, &status) == 0 && (uint64_t)status.st_ctime * 1000 <= time_ms;
}

static void copy_name(struct leak_frame *to, const struct leak_frame *from)
{
	free(to->function);
	to->function = from->function == NULL ? NULL : text_format("%s", from->function);
	to->source = from->source == NULL ? NULL : text_format("%s", from->source);
	to->line = from->line;
}

void draw_sites_name(struct draw_film *film)
{
	size_t count = 0, distinct = 0;
	struct leak_frame **all, *found;

	for (size_t i = 0; i < film->maps; i++)
		count += film->map[i].frames;
	all = draw_allocate(count, sizeof *all);
	found = draw_allocate(count, sizeof *found);
	count = 0;
	for (size_t i = 0; i < film->maps; i++)
		for (size_t n = 0; n < film->map[i].frames; n++) {
			struct leak_frame *frame = &film->map[i].frame[n];
			/* A map that ma has written once has the names in it. */
			if (frame->object != NULL && frame->source == NULL)
				all[count++] = frame;
		}
	qsort(all, count, sizeof *all, by_file);
	for (size_t i = 0; i < count; i++) {
		bool same = i > 0 && strcmp(all[i]->object, all[i - 1]->object) == 0;
		if (same && all[i]->distance == all[i - 1]->distance)
			continue;
		found[distinct].distance = all[i]->distance;
		/* Looked at once for each file. */
		if (same)
			found[distinct].object = found[distinct - 1].object;
		else if (is_the_same(all[i]->object, film->map[film->maps - 1].time_ms))
			found[distinct].object = all[i]->object;
		distinct++;
	}
	leaks_find_frames(found, distinct);
	for (size_t i = 0, from = 0; i < count; i++) {
		if (i > 0 && by_file(&all[i], &all[i - 1]) != 0)
			from++;
		if (found[from].function != NULL)
			copy_name(all[i], &found[from]);
	}
	for (size_t i = 0; i < distinct; i++) {
		free(found[i].function);
		free(found[i].source);
	}
	free(found);
	free(all);
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *draw_stack_name(const struct draw_map *map, size_t stack, size_t most)
{
	char *name = text_format("%s", "");

	if (stack >= map->stacks || map->stack[stack].frames == 0)
		return text_append(name, "(not known)");
	for (size_t i = 0; i < map->stack[stack].frames && i < most; i++) {
		const struct leak_frame *frame = &map->frame[map->stack[stack].frame[i]];

		if (i > 0)
			name = text_append(name, " < ");
		if (frame->function != NULL)
			name = text_append(name, "%s", frame->function);
		else if (frame->object != NULL)
			name = text_append(name, "%s+0x%llx", last_name(frame->object),
					   (unsigned long long)frame->distance);
		else
			name = text_append(name, "0x%llx", (unsigned long long)frame->address);
		if (frame->source != NULL && i == 0)
			name = text_append(name, " at %s:%d", last_name(frame->source), frame->line);
	}
	return name;
}

static const struct draw_map *sorted_map;

static int by_bytes(const void *a, const void *b)
{
	const size_t *left = a, *right = b;
	uint64_t l = sorted_map->stack[*left].bytes, r = sorted_map->stack[*right].bytes;

	return l != r ? (l < r) - (l > r) : (*left > *right) - (*left < *right);
}

void draw_stacks_sort(const struct draw_map *map, size_t *order)
{
	for (size_t i = 0; i < map->stacks; i++)
		order[i] = i;
	sorted_map = map;
	qsort(order, map->stacks, sizeof *order, by_bytes);
}

void draw_frames_json(const struct draw_map *map, FILE *out)
{
	putc('[', out);
	for (size_t i = 0; i < map->frames; i++) {
		const struct leak_frame *frame = &map->frame[i];

		fprintf(out, "%s\n{\"address\":\"0x%llx\"", i == 0 ? "" : ",",
			(unsigned long long)frame->address);
		if (frame->object != NULL) {
			fputs(",\"file\":", out);
			write_json_string(frame->object, out);
			fprintf(out, ",\"offset\":%llu", (unsigned long long)frame->distance);
		}
		if (frame->function != NULL) {
			fputs(",\"function\":", out);
			write_json_string(frame->function, out);
		}
		if (frame->source != NULL) {
			fputs(",\"source\":", out);
			write_json_string(frame->source, out);
			fprintf(out, ",\"line\":%d", frame->line);
		}
		putc('}', out);
	}
	putc(']', out);
}

/* --- runs --- */

/* A decimal number at runs->at, which is moved behind it. */
static uint64_t take_number(struct draw_runs *runs)
{
	uint64_t number = 0;

	while (runs->at < runs->end && *runs->at >= '0' && *runs->at <= '9')
		number = number * 10 + (uint64_t)(*runs->at++ - '0');
	return number;
}

static bool takes(struct draw_runs *runs, char c)
{
	if (runs->at >= runs->end || *runs->at != c)
		return false;
	runs->at++;
	return true;
}

void draw_runs_next(struct draw_runs *runs)
{
	if (runs->count > 0) {
		runs->count--;
		return;
	}
	runs->site = SIZE_MAX;
	if (runs->at >= runs->end)
		return;
	if (!takes(runs, '-'))
		runs->site = (size_t)take_number(runs);
	runs->count = takes(runs, '*') ? take_number(runs) : 1;
	if (takes(runs, '@'))
		runs->last_age = take_number(runs);
	runs->age = runs->last_age;
	if (runs->count > 0)
		runs->count--; /* this one */
	if (!takes(runs, ';'))
		runs->at = runs->end; /* no map of ours */
}

const char *draw_age(uint64_t ms)
{
	static char text[4][32];
	static unsigned turn;
	char *to = text[turn++ % 4];
	double seconds = (double)ms / 1000;

	if (seconds < 120)
		snprintf(to, sizeof text[0], "%.1f s", seconds);
	else if (seconds < 7200)
		snprintf(to, sizeof text[0], "%.0f min", seconds / 60);
	else if (seconds < 172800)
		snprintf(to, sizeof text[0], "%.1f h", seconds / 3600);
	else
		snprintf(to, sizeof text[0], "%.1f days", seconds / 86400);
	return to;
}
