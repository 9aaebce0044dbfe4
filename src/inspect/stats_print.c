/* SPDX-License-Identifier: MIT */
/*
 * stats_print.c - ma_stats_print(): the statistics as text for people, as JSON, for OpenMetrics' scrapers and as
 * glibc's malloc_info(3) writes them. JSON and OpenMetrics go through one table of all figures.
 */
#include <errno.h>
#include <unistd.h>

#include "heap.h"
#include "inspect.h"
#include "mode.h"
#include "residency.h"
#include "text.h"

/* --- the figures and their names --- */

enum figure_type {
	TYPE_SIZE,  /* size_t */
	TYPE_LONG,  /* unsigned long long */
	TYPE_COUNT, /* the same, and there only if libma counts */
	TYPE_COUNT_SIZE,
};

static const struct figure {
	/* No pointers: these would be relocated, and an OS page be written, in every program. */
	char key[24]; /* in JSON: the member of struct ma_stats */
	unsigned char type;
	unsigned short offset; /* of the member */
	char family[28];       /* of OpenMetrics; those of one family follow each other */
	char label[20];	       /* "": the family has this one only */
	char help[52];	       /* of the family, at its first; else "" */
} figures[] = {
#define FIGURE(member, type, family, label, help)                                                            \
	{                                                                                                    \
#member, type, offsetof(struct ma_stats, member), family, label, help                        \
	}
	FIGURE(break_bytes, TYPE_SIZE, "libma_held_bytes", "source=\"break\"", "Address space held."),
	FIGURE(mapped_bytes, TYPE_SIZE, "libma_held_bytes", "source=\"chunks\"", ""),
	FIGURE(large_bytes, TYPE_SIZE, "libma_held_bytes", "source=\"large\"", ""),
	FIGURE(cached_bytes, TYPE_SIZE, "libma_held_bytes", "source=\"cached\"", ""),
	FIGURE(resident_bytes, TYPE_SIZE, "libma_resident_bytes", "", "Of what is held: backed by memory."),
	FIGURE(huge_bytes, TYPE_SIZE, "libma_huge_bytes", "", "Chunks for which huge pages were asked."),
	FIGURE(mappings, TYPE_SIZE, "libma_mappings", "", "Mappings held, the break as one."),
	FIGURE(peak_chunk_bytes, TYPE_SIZE, "libma_peak_chunk_bytes", "",
	       "The most that each heap's chunks had, summed up."),
	FIGURE(peak_resident_bytes, TYPE_SIZE, "libma_peak_resident_bytes", "",
	       "The most that the whole process had resident."),
	FIGURE(used_bytes, TYPE_SIZE, "libma_used_bytes", "", "Usable bytes of what the program holds."),
	FIGURE(used_blocks, TYPE_SIZE, "libma_objects", "kind=\"block\"", "Objects that the program holds."),
	FIGURE(used_slots, TYPE_SIZE, "libma_objects", "kind=\"slot\"", ""),
	FIGURE(large_objects, TYPE_SIZE, "libma_objects", "kind=\"large\"", ""),
	FIGURE(used_block_bytes, TYPE_SIZE, "libma_used_chunk_bytes", "kind=\"block\"",
	       "Usable bytes of what the program holds in chunks."),
	FIGURE(used_slot_bytes, TYPE_SIZE, "libma_used_chunk_bytes", "kind=\"slot\"", ""),
	FIGURE(free_blocks, TYPE_SIZE, "libma_free_places", "kind=\"block\"", "Free blocks and slots."),
	FIGURE(free_slots, TYPE_SIZE, "libma_free_places", "kind=\"slot\"", ""),
	FIGURE(free_bytes, TYPE_SIZE, "libma_free_bytes", "kind=\"block\"", "Their bytes."),
	FIGURE(free_slot_bytes, TYPE_SIZE, "libma_free_bytes", "kind=\"slot\"", ""),
	FIGURE(uncarved_bytes, TYPE_SIZE, "libma_free_bytes", "kind=\"uncarved\"", ""),
	FIGURE(free_resident_bytes, TYPE_SIZE, "libma_free_resident_bytes", "",
	       "Of free blocks: backed by memory."),
	FIGURE(largest_free, TYPE_SIZE, "libma_largest_free_bytes", "", "The largest free block."),
	FIGURE(top_bytes, TYPE_SIZE, "libma_top_bytes", "", "The free block that ends at the break."),
	FIGURE(overhead_bytes, TYPE_SIZE, "libma_overhead_bytes", "",
	       "Headers, and what is left over in slabs."),
	FIGURE(heaps, TYPE_SIZE, "libma_heaps", "", "Heaps, of threads that run or have ended."),
	FIGURE(idle_heaps, TYPE_SIZE, "libma_idle_heaps", "", "Heaps whose thread has ended."),
	FIGURE(chunks, TYPE_SIZE, "libma_chunks", "", "Chunks."),
	FIGURE(slabs, TYPE_SIZE, "libma_slabs", "", "Slabs."),
	FIGURE(brk_calls, TYPE_LONG, "libma_system_calls", "call=\"brk\"", "System calls for memory."),
	FIGURE(mmap_calls, TYPE_LONG, "libma_system_calls", "call=\"mmap\"", ""),
	FIGURE(munmap_calls, TYPE_LONG, "libma_system_calls", "call=\"munmap\"", ""),
	FIGURE(mremap_calls, TYPE_LONG, "libma_system_calls", "call=\"mremap\"", ""),
	FIGURE(madvise_calls, TYPE_LONG, "libma_system_calls", "call=\"madvise\"", ""),
	FIGURE(allocations, TYPE_COUNT, "libma_allocations", "", "Successful calls that allocate."),
	FIGURE(frees, TYPE_COUNT, "libma_frees", "", "Calls that free."),
	FIGURE(remote_frees, TYPE_COUNT, "libma_remote_frees", "",
	       "Of them: of what another thread's heap owns."),
	FIGURE(allocated_bytes, TYPE_COUNT, "libma_allocated_bytes", "", "Bytes asked for, in all."),
	FIGURE(peak_used_bytes, TYPE_COUNT_SIZE, "libma_peak_used_bytes", "",
	       "The most usable bytes that the program held."),
#undef FIGURE
};

#define FIGURES (sizeof(figures) / sizeof(figures[0]))

static bool figure_is_known(const struct figure *figure, const struct ma_stats *stats)
{
	return stats->counted != 0 || figure->type < TYPE_COUNT;
}

static bool figure_is_counter(const struct figure *figure)
{
	return figure->type == TYPE_LONG || figure->type == TYPE_COUNT;
}

static uint64_t figure_value(const struct figure *figure, const struct ma_stats *stats)
{
	const char *at = (const char *)stats + figure->offset;

	if (figure_is_counter(figure))
		return *(const unsigned long long *)at;
	return *(const size_t *)at;
}

/* --- JSON --- */

static void json_key(struct text *text, const char *key, const char *before)
{
	ma_text_string(text, before);
	ma_text_quoted(text, key);
	ma_text_string(text, ": ");
}

static void json_figure(struct text *text, const char *key, uint64_t value, const char *before)
{
	json_key(text, key, before);
	ma_text_decimal(text, value);
}

static void json_class(struct text *text, const struct ma_class_stats *class)
{
	json_figure(text, "slot_size", class->slot_size, "{");
	json_figure(text, "slabs", class->slabs, ", ");
	json_figure(text, "slab_bytes", class->slab_bytes, ", ");
	json_figure(text, "used_slots", class->used_slots, ", ");
	json_figure(text, "free_slots", class->free_slots, ", ");
	json_figure(text, "uncarved_bytes", class->uncarved_bytes, ", ");
	ma_text_char(text, '}');
}

static void json_heap(struct text *text, const struct heap *heap)
{
	struct ma_stats stats = {0};

	ma_stats_collect(&stats, heap);
	json_figure(text, "number", heap->number, "{");
	json_figure(text, "thread", (uint64_t)ma_load_relaxed(&heap->thread), ", ");
	json_key(text, "idle", ", ");
	ma_text_string(text, ma_load_relaxed(&heap->idle) ? "true" : "false");
	json_figure(text, "chunks", stats.chunks, ", ");
	json_figure(text, "held_bytes", stats.break_bytes + stats.mapped_bytes, ", ");
	json_figure(text, "resident_bytes", stats.resident_bytes, ", ");
	json_figure(text, "used_bytes", stats.used_bytes, ", ");
	json_figure(text, "free_bytes", stats.free_bytes, ", ");
	ma_text_char(text, '}');
}

/* External: what of the free blocks is not in the largest. Internal: what of the slabs no object is in. */
static void json_fragmentation(struct text *text, const struct ma_stats *stats)
{
	size_t slab_bytes = stats->used_slot_bytes + stats->free_slot_bytes + stats->uncarved_bytes;

	json_key(text, "external_fragmentation", ",\n  ");
	ma_text_ratio(text, stats->free_bytes - stats->largest_free, stats->free_bytes);
	json_key(text, "internal_fragmentation", ",\n  ");
	ma_text_ratio(text, stats->free_slot_bytes + stats->uncarved_bytes, slab_bytes);
}

static void write_json(struct text *text, const struct ma_stats *stats)
{
	const char *before = "";

	json_figure(text, "process", (uint64_t)ma_inspect_subject.process(), "{\n  ");
	for (size_t i = 0; i < FIGURES; i++)
		if (figure_is_known(&figures[i], stats))
			json_figure(text, figures[i].key, figure_value(&figures[i], stats), ",\n  ");
	json_fragmentation(text, stats);
	json_key(text, "by_class", ",\n  ");
	ma_text_char(text, '[');
	for (size_t i = 0; i < stats->classes; i++) {
		if (stats->by_class[i].slabs == 0)
			continue;
		ma_text_string(text, before);
		ma_text_string(text, "\n    ");
		json_class(text, &stats->by_class[i]);
		before = ",";
	}
	ma_text_string(text, "\n  ]");
	json_key(text, "heaps_by_number", ",\n  ");
	ma_text_char(text, '[');
	before = "";
	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next) {
		ma_text_string(text, before);
		ma_text_string(text, "\n    ");
		json_heap(text, heap);
		before = ",";
	}
	ma_text_string(text, "\n  ]\n}\n");
}

/* --- OpenMetrics --- */

static bool ends_in_bytes(const char *name)
{
	size_t length = __builtin_strlen(name);

	return length > 6 && __builtin_strcmp(name + length - 6, "_bytes") == 0;
}

static void metric_family(struct text *text, const char *family, bool counter, const char *help)
{
	ma_text_string(text, "# TYPE ");
	ma_text_string(text, family);
	ma_text_string(text, counter ? " counter\n" : " gauge\n");
	if (ends_in_bytes(family)) {
		ma_text_string(text, "# UNIT ");
		ma_text_string(text, family);
		ma_text_string(text, " bytes\n");
	}
	ma_text_string(text, "# HELP ");
	ma_text_string(text, family);
	ma_text_char(text, ' ');
	ma_text_string(text, help);
	ma_text_char(text, '\n');
}

static void metric(struct text *text, const char *family, bool counter, const char *label, uint64_t value)
{
	ma_text_string(text, family);
	if (counter)
		ma_text_string(text, "_total");
	if (label[0] != '\0') {
		ma_text_char(text, '{');
		ma_text_string(text, label);
		ma_text_char(text, '}');
	}
	ma_text_char(text, ' ');
	ma_text_decimal(text, value);
	ma_text_char(text, '\n');
}

static void metric_of_class(struct text *text, const char *family, size_t slot_size, uint64_t value)
{
	ma_text_string(text, family);
	ma_text_string(text, "{slot_size=\"");
	ma_text_decimal(text, slot_size);
	ma_text_string(text, "\"} ");
	ma_text_decimal(text, value);
	ma_text_char(text, '\n');
}

static void metrics_by_class(struct text *text, const struct ma_stats *stats)
{
	static const struct {
		const char *family, *help;
		size_t offset;
	} of_class[] = {
		{"libma_class_slab_bytes", "Slabs, by size class.",
		 offsetof(struct ma_class_stats, slab_bytes)},
		{"libma_class_used_slots", "Slots in use, by size class.",
		 offsetof(struct ma_class_stats, used_slots)},
		{"libma_class_free_slots", "Free slots, by size class.",
		 offsetof(struct ma_class_stats, free_slots)},
	};

	for (size_t i = 0; i < sizeof(of_class) / sizeof(of_class[0]); i++) {
		metric_family(text, of_class[i].family, false, of_class[i].help);
		for (size_t j = 0; j < stats->classes; j++) {
			const struct ma_class_stats *class = &stats->by_class[j];
			if (class->slabs != 0)
				metric_of_class(text, of_class[i].family, class->slot_size,
						*(const size_t *)((const char *)class + of_class[i].offset));
		}
	}
}

static void write_openmetrics(struct text *text, const struct ma_stats *stats)
{
	for (size_t i = 0; i < FIGURES; i++) {
		const struct figure *figure = &figures[i];
		bool counter = figure_is_counter(figure);
		if (!figure_is_known(figure, stats))
			continue;
		if (figure->help[0] != '\0')
			metric_family(text, figure->family, counter, figure->help);
		metric(text, figure->family, counter, figure->label, figure_value(figure, stats));
	}
	metrics_by_class(text, stats);
	ma_text_string(text, "# EOF\n");
}

/* --- glibc's XML --- */

static void xml_element(struct text *text, const char *head, uint64_t value)
{
	ma_text_string(text, head);
	ma_text_string(text, " size=\"");
	ma_text_decimal(text, value);
	ma_text_string(text, "\"/>\n");
}

static void xml_total(struct text *text, const char *type, uint64_t count, uint64_t size)
{
	ma_text_string(text, "<total type=\"");
	ma_text_string(text, type);
	ma_text_string(text, "\" count=\"");
	ma_text_decimal(text, count);
	ma_text_char(text, '"');
	xml_element(text, "", size);
}

/* glibc's bins of free chunks are, as near as can be, our classes' free slots. */
static void xml_sizes(struct text *text, const struct ma_stats *stats)
{
	ma_text_string(text, "<sizes>\n");
	for (size_t i = 0; i < stats->classes; i++) {
		const struct ma_class_stats *class = &stats->by_class[i];
		if (class->free_slots == 0)
			continue;
		ma_text_string(text, "<size from=\"");
		ma_text_decimal(text, i == 0 ? 1 : stats->by_class[i - 1].slot_size + 1);
		ma_text_string(text, "\" to=\"");
		ma_text_decimal(text, class->slot_size);
		ma_text_string(text, "\" total=\"");
		ma_text_decimal(text, class->free_slots * class->slot_size);
		ma_text_string(text, "\" count=\"");
		ma_text_decimal(text, class->free_slots);
		ma_text_string(text, "\"/>\n");
	}
	ma_text_string(text, "</sizes>\n");
}

static void xml_totals(struct text *text, const struct ma_stats *stats)
{
	xml_total(text, "fast", stats->free_slots, stats->free_slot_bytes);
	xml_total(text, "rest", stats->free_blocks, stats->free_bytes);
}

static void xml_system(struct text *text, const struct ma_stats *stats)
{
	size_t held = stats->break_bytes + stats->mapped_bytes;

	xml_element(text, "<system type=\"current\"", held);
	xml_element(text, "<system type=\"max\"", ma_max(stats->peak_chunk_bytes, held));
	xml_element(text, "<aspace type=\"total\"", held);
	xml_element(text, "<aspace type=\"mprotect\"", held);
}

static void write_xml(struct text *text, const struct ma_stats *stats)
{
	ma_text_string(text, "<malloc version=\"1\">\n");
	for (const struct heap *heap = ma_heaps_first(); heap != NULL; heap = heap->next) {
		struct ma_stats of_heap = {0};
		ma_stats_collect(&of_heap, heap);
		ma_text_string(text, "<heap nr=\"");
		ma_text_decimal(text, heap->number);
		ma_text_string(text, "\">\n");
		xml_sizes(text, &of_heap);
		xml_totals(text, &of_heap);
		xml_system(text, &of_heap);
		ma_text_string(text, "</heap>\n");
	}
	xml_totals(text, stats);
	xml_total(text, "mmap", stats->large_objects, stats->large_bytes);
	xml_system(text, stats);
	ma_text_string(text, "</malloc>\n");
}

/* --- text --- */

static void line_begin(struct text *text, const char *name, size_t bytes)
{
	ma_text_string(text, "libma:   ");
	ma_text_string(text, name);
	ma_text_size(text, bytes);
}

static void line_end(struct text *text, size_t count, const char *of)
{
	ma_text_string(text, " in ");
	ma_text_decimal(text, count);
	ma_text_char(text, ' ');
	ma_text_string(text, of);
	ma_text_string(text, count == 1 ? "\n" : "s\n");
}

static void percent(struct text *text, const char *before, size_t part_of, size_t whole, const char *after)
{
	ma_text_number(text, before, whole == 0 ? 0 : ((uint64_t)part_of * 100 + whole / 2) / whole, after);
}

static void text_calls(struct text *text, const struct ma_stats *stats)
{
	ma_text_number(text, "libma:   system calls ", stats->brk_calls, " brk, ");
	ma_text_number(text, "", stats->mmap_calls, " mmap, ");
	ma_text_number(text, "", stats->munmap_calls, " munmap, ");
	ma_text_number(text, "", stats->mremap_calls, " mremap, ");
	ma_text_number(text, "", stats->madvise_calls, " madvise\n");
	if (stats->counted == 0)
		return;
	ma_text_number(text, "libma:   calls        ", stats->allocations, " allocations of ");
	ma_text_size(text, stats->allocated_bytes);
	ma_text_number(text, " in all, ", stats->frees, " frees, ");
	ma_text_number(text, "", stats->remote_frees, " of them remote\n");
	ma_text_bytes(text, "libma:   peak in use  ", stats->peak_used_bytes, "\n");
}

/* The classes that hold most, on a line each. */
static void text_classes(struct text *text, const struct ma_stats *stats)
{
	bool shown[STATS_CLASSES] = {false};

	for (unsigned line = 0; line < 5; line++) {
		size_t most = stats->classes;
		for (size_t i = 0; i < stats->classes; i++)
			if (!shown[i] && stats->by_class[i].slabs != 0 &&
			    (most == stats->classes ||
			     stats->by_class[i].slab_bytes > stats->by_class[most].slab_bytes))
				most = i;
		if (most == stats->classes)
			return;
		shown[most] = true;
		ma_text_number(text, "libma:   slots of ", stats->by_class[most].slot_size, " B: ");
		ma_text_bytes(text, "", stats->by_class[most].slab_bytes, " in ");
		ma_text_number(text, "", stats->by_class[most].slabs,
			       stats->by_class[most].slabs == 1 ? " slab, " : " slabs, ");
		ma_text_number(text, "", stats->by_class[most].used_slots, " in use, ");
		ma_text_number(text, "", stats->by_class[most].free_slots, " free\n");
	}
}

static void write_text(struct text *text, const struct ma_stats *stats)
{
	size_t held = stats->break_bytes + stats->mapped_bytes;

	ma_text_number(text, "libma: summary of process ", (uint64_t)ma_inspect_subject.process(), "\n");
	line_begin(text, "held         ", held);
	line_end(text, stats->chunks, "chunk");
	ma_text_bytes(text, "libma:   resident     ", stats->resident_bytes,
		      " of what is held and of large mappings\n");
	line_begin(text, "in use       ", stats->used_block_bytes + stats->used_slot_bytes);
	line_end(text, stats->used_blocks + stats->used_slots, "object");
	line_begin(text, "free blocks  ", stats->free_bytes);
	ma_text_number(text, " in ", stats->free_blocks, stats->free_blocks == 1 ? " block" : " blocks");
	ma_text_bytes(text, ", the largest ", stats->largest_free, "; ");
	ma_text_bytes(text, "", stats->free_resident_bytes, " resident\n");
	line_begin(text, "free slots   ", stats->free_slot_bytes);
	ma_text_number(text, " in ", stats->free_slots, stats->free_slots == 1 ? " slot; " : " slots; ");
	ma_text_bytes(text, "", stats->uncarved_bytes, " not carved yet\n");
	line_begin(text, "large        ", stats->large_bytes);
	ma_text_number(text, " in ", stats->large_objects,
		       stats->large_objects == 1 ? " object; " : " objects; ");
	ma_text_bytes(text, "", stats->cached_bytes, " in the cache of freed ones\n");
	ma_text_number(text, "libma:   heaps        ", stats->heaps, ", ");
	ma_text_number(text, "idle ", stats->idle_heaps, ", ");
	ma_text_number(text, "slabs ", stats->slabs, ", ");
	ma_text_number(text, "mappings ", stats->mappings, "\n");
	percent(text, "libma:   fragmented   ", stats->free_bytes - stats->largest_free, stats->free_bytes,
		" % of free blocks outside the largest, ");
	percent(text, "", stats->free_slot_bytes + stats->uncarved_bytes,
		stats->used_slot_bytes + stats->free_slot_bytes + stats->uncarved_bytes,
		" % of slabs without an object\n");
	text_classes(text, stats);
	text_calls(text, stats);
}

bool ma_stats_write(struct text *text, enum ma_format format)
{
	static void (*const write_as[])(struct text *, const struct ma_stats *) = {
		[MA_TEXT] = write_text,
		[MA_JSON] = write_json,
		[MA_OPENMETRICS] = write_openmetrics,
		[MA_XML] = write_xml,
	};
	struct ma_stats stats = {0};

	if ((unsigned)format >= sizeof(write_as) / sizeof(write_as[0]))
		return false;
	ma_stats_collect(&stats, NULL);
	write_as[format](text, &stats);
	return true;
}

int ma_stats_print(int fd, enum ma_format format)
{
	struct text text;
	bool written;
	bool marked;

	ma_text_begin(&text, fd);
	marked = ma_mode_begin();
	written = ma_stats_write(&text, format);
	ma_mode_end(marked);
	if (!written) {
		errno = EINVAL;
		return -1;
	}
	return ma_text_end(&text);
}
