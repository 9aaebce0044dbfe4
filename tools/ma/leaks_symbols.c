/* SPDX-License-Identifier: MIT */
/*
 * leaks_symbols.c - finds what a frame is, through elfutils' libdw: the function in the symbol tables, file and line in
 * the debugging information, which may be in a file of its own, found by the object's build-id or .gnu_debuglink.
 *
 * libdw finds the unit that has an address by a table (.debug_aranges) that not every compiler writes, clang not for one.
 * Without it the units' own ranges are gathered, once for an object.
 *
 * Names of C++ are made readable by the C++ library, if it is there: it is loaded when the first one is met.
 */
#include <config.h>

#include "leaks.h"

#include <dlfcn.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "message.h"

/* Addresses that a unit of debugging information has. */
struct range {
	Dwarf_Addr from, to;
	Dwarf_Addr bias; /* of them to the unit's own */
	Dwarf_Die unit;
};

/* An object whose symbols were looked for. */
struct object {
	struct object *next;
	const char *path;
	Dwfl *dwfl;
	Dwfl_Module *module; /* NULL: it can't be read */
	GElf_Addr start;     /* where it begins, as if it were loaded */
	bool gathered;
	struct range *range; /* by address, once they are gathered */
	size_t ranges, room;
};

static struct object *open_object(const char *path)
{
	static char *debug_path; /* the standard one */
	static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
						 .find_debuginfo = dwfl_standard_find_debuginfo,
						 .section_address = dwfl_offline_section_address,
						 .debuginfo_path = &debug_path};
	struct object *object = calloc(1, sizeof(*object));

	if (object == NULL)
		return NULL;
	object->path = path;
	object->dwfl = dwfl_begin(&callbacks);
	if (object->dwfl == NULL)
		return object;
	dwfl_report_begin(object->dwfl);
	object->module = dwfl_report_elf(object->dwfl, path, path, -1, 0x10000000, false);
	dwfl_report_end(object->dwfl, NULL, NULL);
	if (object->module != NULL)
		dwfl_module_info(object->module, NULL, &object->start, NULL, NULL, NULL, NULL, NULL);
	return object;
}

static struct object *find_object(struct object **all, const char *path)
{
	struct object *object;

	for (object = *all; object != NULL; object = object->next)
		if (strcmp(object->path, path) == 0)
			return object;
	object = open_object(path);
	if (object != NULL) {
		object->next = *all;
		*all = object;
	}
	return object;
}

static void close_objects(struct object *object)
{
	while (object != NULL) {
		struct object *next = object->next;

		if (object->dwfl != NULL)
			dwfl_end(object->dwfl);
		free(object->range);
		free(object);
		object = next;
	}
}

/* The name as people write it, to be freed. */
static char *readable_name(const char *name)
{
	typedef char *demangle_function(const char *name, char *into, size_t *room, int *status);
	static demangle_function *demangle;
	static bool looked;
	char *readable = NULL;
	int status;

	if (!looked && strncmp(name, "_Z", 2) == 0) {
		void *library = dlopen("libstdc++.so.6", RTLD_LAZY);
		void *found = library == NULL ? NULL : dlsym(library, "__cxa_demangle");

		memcpy(&demangle, &found, sizeof(demangle));
		looked = true;
	}
	if (demangle != NULL && strncmp(name, "_Z", 2) == 0)
		readable = demangle(name, NULL, NULL, &status);
	/* Without the version of a symbol of the C library. */
	return readable != NULL ? readable : text_format("%.*s", (int)strcspn(name, "@"), name);
}

/* --- file and line --- */

static void add_range(struct object *object, const struct range *range)
{
	if (object->ranges == object->room) {
		object->room = object->room * 2 + 64;
		object->range = realloc(object->range, object->room * sizeof(*range));
		if (object->range == NULL)
			fail(EXIT_OWN_FAILURE, "out of memory");
	}
	object->range[object->ranges++] = *range;
}

static int by_address(const void *a, const void *b)
{
	const struct range *left = a, *right = b;

	return (left->from > right->from) - (left->from < right->from);
}

static void gather_ranges(struct object *object)
{
	struct range range;
	Dwarf_Die *unit = NULL;

	object->gathered = true;
	while ((unit = dwfl_module_nextcu(object->module, unit, &range.bias)) != NULL) {
		Dwarf_Addr base, from, to;
		ptrdiff_t next = 0;

		range.unit = *unit;
		while ((next = dwarf_ranges(unit, next, &base, &from, &to)) > 0) {
			range.from = from + range.bias;
			range.to = to + range.bias;
			add_range(object, &range);
		}
	}
	if (object->ranges > 0)
		qsort(object->range, object->ranges, sizeof(range), by_address);
}

/* The source file, by the units' ranges, and the line; NULL: it is not known. */
static const char *source_by_ranges(struct object *object, GElf_Addr address, int *line)
{
	size_t low = 0, high;
	struct range *range;
	Dwarf_Line *found;

	if (!object->gathered)
		gather_ranges(object);
	for (high = object->ranges; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (object->range[middle].from <= address)
			low = middle + 1;
		else
			high = middle;
	}
	range = low == 0 ? NULL : &object->range[low - 1];
	if (range == NULL || address >= range->to)
		return NULL;
	found = dwarf_getsrc_die(&range->unit, address - range->bias);
	return found == NULL || dwarf_lineno(found, line) != 0 ? NULL : dwarf_linesrc(found, NULL, NULL);
}

static const char *source_of(struct object *object, GElf_Addr address, int *number)
{
	Dwfl_Line *line = dwfl_module_getsrc(object->module, address);

	return line != NULL ? dwfl_lineinfo(line, NULL, number, NULL, NULL, NULL)
			    : source_by_ranges(object, address, number);
}

static void find_symbol(struct object **all, struct leak_frame *frame)
{
	struct object *object = frame->object == NULL ? NULL : find_object(all, frame->object);
	const char *name, *source;
	GElf_Off offset;
	GElf_Addr address;
	GElf_Sym symbol;

	if (object == NULL || object->module == NULL)
		return;
	/* The byte before: the call, not what it returns to. */
	address = object->start + frame->distance - 1;
	name = dwfl_module_addrinfo(object->module, address, &offset, &symbol, NULL, NULL, NULL);
	if (name != NULL) {
		free(frame->function);
		frame->function = readable_name(name);
	}
	source = source_of(object, address, &frame->line);
	if (source != NULL)
		frame->source = text_format("%s", source);
}

void leaks_find_symbols(struct leak_report *report)
{
	struct object *all = NULL;

	for (size_t i = 0; i < report->processes; i++)
		for (size_t n = 0; n < report->process[i].groups; n++) {
			struct leak_group *group = &report->process[i].group[n];
			for (size_t k = 0; k < group->frames; k++)
				find_symbol(&all, &group->frame[k]);
		}
	close_objects(all);
}

void leaks_find_frames(struct leak_frame *frame, size_t frames)
{
	struct object *all = NULL;

	for (size_t i = 0; i < frames; i++)
		find_symbol(&all, &frame[i]);
	close_objects(all);
}
