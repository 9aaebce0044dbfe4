/* SPDX-License-Identifier: MIT */
/*
 * draw.h - pictures of heap maps that the library wrote as JSON, see ma_heap_map(3).
 *
 *   draw.c            the command `ma draw`, and the choice of a form
 *   draw_json.c       a reader of JSON, which keeps where in the text each value is
 *   draw_model.c      the map as structs, and as cells of any size
 *   draw_sites.c      where and when what lies in it was allocated
 *   draw_write.c      the JSON again, in the detail that there is room for
 *   draw_html.c       a page, made of draw_page.html and the JSON
 *   draw_svg.c, draw_terminal.c
 */
#ifndef MA_DRAW_H
#define MA_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "leaks.h"

/* --- JSON --- */

enum json_type { JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A value; of a string, the text is what lies between the quotes. Children and neighbours are places in the array. */
struct json_value {
	enum json_type type;
	uint32_t child, next; /* 0: there is none */
	const char *key, *text;
	size_t key_length, length;
};

struct json {
	struct json_value *value; /* value[1] is the whole */
	size_t count, room;
	const char *fault; /* where the text is no JSON, NULL if it is */
};

/* Reads one value at `*text`, and moves that behind it. */
void json_read(struct json *json, const char **text, const char *end);
void json_free(struct json *json);

const struct json_value *json_member(const struct json *json, const struct json_value *object,
				     const char *key);
const struct json_value *json_child(const struct json *json, const struct json_value *value);
const struct json_value *json_next(const struct json *json, const struct json_value *value);

/* How many values an array or an object has. */
size_t json_count(const struct json *json, const struct json_value *value);

/* calloc that ends the program if there is no memory. */
void *draw_allocate(size_t count, size_t size);

/* A number, or a string that holds one, decimal or behind 0x; 0 for anything else, and for NULL. */
uint64_t json_number(const struct json_value *value);

/* The text of a string, to be freed; NULL for anything else. */
char *json_string(const struct json_value *value);

/* --- the map --- */

struct draw_block {
	char kind;	/* 'u'sed, 'f'ree, 's'lab */
	uint32_t bytes; /* with its header */
	uint32_t slot_size, slots, carved, used, first;
	const char *bits; /* base64 of those of the slots in use; NULL: all or none of those carved are */
	size_t bits_length;
};

struct draw_chunk {
	uint64_t address, size, header, heap;
	const char *resident; /* base64 of a bit for each page */
	size_t resident_length;
	struct draw_block *block;
	size_t blocks;
	const char *sites; /* runs of its objects' sites; NULL: none is known */
	size_t sites_length;
	const struct json_value *value;
};

/* What is known of some objects; see ma_heap_map(3). */
struct draw_site {
	size_t stack; /* SIZE_MAX: not known */
	uint64_t thread, asked, objects, bytes, youngest, oldest;
};

struct draw_stack {
	uint32_t *frame; /* indexes, the innermost first */
	size_t frames;
	uint64_t objects, bytes, youngest, oldest;
};

struct draw_guarded {
	uint64_t address, size, held, resident;
	size_t site; /* SIZE_MAX: not known */
	uint64_t age;
};

struct draw_large {
	uint64_t address, size, resident;
	bool free;
	size_t site; /* SIZE_MAX: not known */
	uint64_t age;
};

struct draw_map {
	const char *text; /* the JSON that it was read from */
	size_t length;
	struct json json;
	uint64_t time_ms, page, process;
	uint64_t held, resident, used; /* bytes */
	struct draw_chunk *chunk;
	size_t chunks;
	struct draw_large *large;
	size_t larges;
	struct draw_guarded *guarded;
	size_t guardeds;
	struct draw_site *site;
	size_t sites;
	struct draw_stack *stack;
	size_t stacks;
	struct leak_frame *frame;
	size_t frames;
};

/* The maps of a film, or the only one. */
struct draw_film {
	char *text;
	struct draw_map *map;
	size_t maps;
};

/* Reads a file. Exits with a message if it can't be read, or holds something else. */
struct draw_film draw_read(const char *file);
void draw_free(struct draw_film *film);

/* Fills in a character for each cell of `cell` bytes of a chunk, as ma_heap_map(3) has them for 4 KiB. Returns how
 * many there are; `characters` has room for chunk->size / cell + 2. */
size_t draw_cells(const struct draw_map *map, const struct draw_chunk *chunk, uint64_t cell,
		  char *characters);

/* --- sites --- */

/* Reads the tables of a map, and frees them. */
void draw_sites_read(struct draw_map *map);
void draw_sites_free(struct draw_map *map);

/* Finds function, file and line of all frames of a film, as far as they can be found. */
void draw_sites_name(struct draw_film *film);

/* The index in a member "site", SIZE_MAX if there is none, and the age beside it. */
size_t draw_site_of(const struct draw_map *map, const struct json_value *object, uint64_t *age);

/* Walks the runs of a chunk's sites, object by object. All zero but `at` and `end`: before the first one. */
struct draw_runs {
	const char *at, *end;
	size_t site; /* SIZE_MAX: not known */
	uint64_t age, count, last_age;
};
void draw_runs_next(struct draw_runs *runs);

/* The code that a stack is: its innermost functions, "f at file.c:12 < g < main"; to be freed. */
char *draw_stack_name(const struct draw_map *map, size_t stack, size_t most);

/* The stacks in an order in which those that hold most bytes come first; `order` has room for map->stacks. */
void draw_stacks_sort(const struct draw_map *map, size_t *order);

/* Writes the array of frames, with what was found of them. */
void draw_frames_json(const struct draw_map *map, FILE *out);

/* An age as people read it: "17.3 s"; in a buffer that the next but three calls use again. */
const char *draw_age(uint64_t ms);

/* Bytes as people read them: "1.5 MiB"; in a buffer that the next but three calls use again. */
const char *draw_bytes(uint64_t bytes);

/* --- forms --- */

/* DRAW_JSON is the map itself, with the names of the code in it. */
enum draw_format { DRAW_TERMINAL, DRAW_HTML, DRAW_SVG, DRAW_JSON, DRAW_UNKNOWN };

/* By its name, or by the suffix of a file's. */
enum draw_format draw_format_named(const char *name);
enum draw_format draw_format_of_file(const char *file);

/* Returns the suffix of the file's name if it promises a form that there is not, else NULL. */
const char *draw_false_suffix(const char *file);

/* The form of a heap map in a file of that name: "html", "svg", "json", else "text". NULL: "text". */
const char *draw_map_format(const char *file);

/* Writes the JSON of a map as it was read, but with the names of its frames. */
void draw_json(const struct draw_map *map, FILE *out);

/* Writes the same to stand in a page, in some detail: see draw_write.c. */
enum draw_detail { DETAIL_ALL, DETAIL_SLOTS, DETAIL_BLOCKS, DETAIL_CELLS };
void draw_write(const struct draw_map *map, enum draw_detail detail, FILE *out);

void draw_html(const struct draw_film *film, FILE *out);
void draw_svg(const struct draw_map *map, FILE *out);
void draw_terminal(const struct draw_map *map, bool colour, FILE *out);

/* Draws the maps in `file`: of a film all as a page, else the last one. */
void draw_file(const char *file, enum draw_format format, bool colour, FILE *out);

#endif /* MA_DRAW_H */
