/* SPDX-License-Identifier: MIT */
/*
 * leak.h - the leak check: which allocations the program can still reach, and which it can't.
 *
 * A conservative scan, as a garbage collector makes: every aligned word of the roots that could be an address of an
 * allocation is taken for one. What is found so is scanned in turn. The roots are all memory of the process
 * that can be written and is not libma's: the data of the program and its libraries, thread-local storage, the
 * stacks above their threads' stack pointers, the threads' registers, and mappings of the program's own.
 *
 *   leak.c           ma_leak_check(): the steps in their order, and memory for them
 *   leak_threads.c   stops the other threads; leak_threads_single.c has none to stop
 *   leak_index.c     finds the allocation that an address lies in, and keeps what is known of each
 *   leak_roots.c     finds the roots
 *   leak_mark.c      sorts the allocations into the four kinds
 *   leak_report.c    sums them up in groups, and writes the report
 *
 * Nothing here allocates from the heap: memory comes from the source, in one piece, before the scan begins. All
 * functions are called by the thread that checks, while it holds the locks of the heap and the others stand still.
 *
 * The same scan works on another process's memory that was copied to where it was: leak_other.h.
 */
#ifndef MA_LEAK_H
#define MA_LEAK_H

#include "base.h"
#include "leak_other.h"

struct chunk;

/* As Memcheck sorts. The order is that in which a later one outranks an earlier one, but for the last. */
enum leak_kind {
	LEAK_DEFINITE,	/* no pointer to it is left */
	LEAK_POSSIBLE,	/* pointers into its middle only, from what is reachable; or only from such ones */
	LEAK_REACHABLE, /* found from the roots by pointers to starts */
	LEAK_INDIRECT,	/* only lost allocations point to it */
	LEAK_KINDS
};

struct leak_count {
	size_t bytes, objects;
};

#define LEAK_UNITS (MA_WINDOW / MA_UNIT)

/* A bit for each unit of a window: of an allocation, that of its first unit counts. */
struct leak_bits {
	uint64_t word[LEAK_UNITS / 64];
};

/* What is known of the allocations in a chunk. */
struct leak_chunk {
	struct chunk *chunk;
	const char *base; /* of the window */
	const char *end;  /* of what could be indexed */
	const char *torn; /* from here to the chunk's end it could not: NULL if there is no such place */
	bool unreadable;  /* the program has made a part of it so */
	struct leak_bits begins;      /* an allocation begins here */
	struct leak_bits low, high;   /* its enum leak_kind, in two bits */
	struct leak_bits pending;     /* found, and its contents not scanned yet */
	uint32_t before[MA_GRANULES]; /* the last beginning below each granule: its unit + 1; 0: none */
};

/* A large object, or a guarded one. */
struct leak_large {
	const char *start;
	size_t size;
	uint32_t stack; /* that allocated it, if it is guarded; 0: not known */
	uint8_t kind;	/* enum leak_kind */
	bool pending, unreadable;
};

/* An allocation, as found. */
struct leak_object {
	const char *start; /* NULL: there is none */
	size_t size;
	struct leak_chunk *chunk; /* NULL: it is large */
	struct leak_large *large;
};

/* A piece of address space. */
struct leak_range {
	uintptr_t from, to;
};

/* A window that holds allocations: an entry of a hash table. */
struct leak_window {
	uintptr_t number; /* 0: an empty entry */
	struct leak_chunk *chunk;
	uint32_t large; /* index of the first large object that reaches into it, + 1; 0: none */
};

struct leak_index {
	struct leak_window *window; /* linear probing; a power of two, at most half full */
	size_t windows;
	uintptr_t low, span; /* all allocations lie in [low, low + span) */
	struct leak_chunk *chunk;
	size_t chunks;
	struct leak_large *large; /* by address */
	size_t larges;
	bool torn; /* some thread was in the middle of a change */
};

/* Pieces of address space that are no roots, by address. */
struct leak_holes {
	struct leak_range *hole;
	size_t count, room;
};

/* Bump allocation from one mapping. */
struct leak_memory {
	char *start;
	size_t size, used;
};

/* Allocations of one kind that were made at one place, or, where that is not known, have one size. */
struct leak_group {
	enum leak_kind kind;
	uint32_t stack; /* that allocated them; 0: not known */
	size_t most;	/* bytes of the largest of them */
	struct leak_count count;
	struct leak_count behind; /* of LEAK_DEFINITE: what only these lead to */
	const char *first;	  /* the one with the lowest address */
};

struct leak_scan {
	struct leak_memory memory;
	struct leak_index index;
	struct leak_holes holes;
	struct leak_thread *threads;
	unsigned threads_missed;	/* could not be stopped */
	const struct leak_other *other; /* NULL: this process is looked at */
	struct leak_object *stack;	/* found, but not scanned yet */
	size_t depth, most_depth;
	bool overflow;	     /* the stack was full: look for pending bits */
	char *buffer, *copy; /* LEAK_BUFFER bytes each */
	uint64_t *pages;     /* LEAK_PAGES entries of /proc/self/pagemap */
	int pagemap;	     /* descriptor; -1: none */
	struct leak_count total[LEAK_KINDS];
	struct leak_count behind; /* what ma_leak_behind() has counted */
	struct leak_group *group; /* hashed by kind and site or size, then sorted */
	size_t groups, group_room;
};

#define LEAK_BUFFER ((size_t)64 * 1024)
#define LEAK_PAGES ((size_t)2048)

/* --- leak.c --- */

/* `size` bytes, zeroed. NULL: there are none left. */
void *ma_leak_take(struct leak_memory *memory, size_t size);

/* --- leak_threads.c --- */

/* Stops all other threads of the process. Those that can't be stopped in time are counted in scan->threads_missed. */
void ma_leak_stop_threads(struct leak_scan *scan);

/* Lets them go on. */
void ma_leak_let_go(struct leak_scan *scan);

/* --- leak_index.c --- */

/* Bytes of memory that the index will take, at most. */
size_t ma_leak_index_bytes(void);

/* False: no memory. */
bool ma_leak_index_make(struct leak_index *index, struct leak_memory *memory);

/* The allocation that an address lies in. */
struct leak_object ma_leak_find(const struct leak_index *index, uintptr_t address);

/* How many of the large objects begin below an address: they are the first ones. */
size_t ma_leak_larges_below(const struct leak_index *index, uintptr_t address);

/* Bytes that the program asked for, if sites are kept; else those that it may use. */
size_t ma_leak_size(const struct leak_object *object);

enum leak_kind ma_leak_kind(const struct leak_object *object);
void ma_leak_set_kind(const struct leak_object *object, enum leak_kind kind);

bool ma_leak_pending(const struct leak_object *object);
void ma_leak_set_pending(const struct leak_object *object, bool pending);

/* Calls `see` for each allocation, in the order of their addresses but that the large ones come last. */
void ma_leak_each(const struct leak_index *index, void (*see)(const struct leak_object *object, void *arg),
		  void *arg);

/* --- leak_roots.c --- */

/* Adds a hole, in any order, before the first root is looked for. */
void ma_leak_add_hole(struct leak_holes *holes, const void *from, const void *to);

/* Calls ma_leak_scan_root() for all roots. False: the system does not tell; errno says why. */
bool ma_leak_roots(struct leak_scan *scan);

/* --- leak_mark.c --- */

/* Takes [from, to) for a root. What lies there may go away meanwhile. */
void ma_leak_scan_root(struct leak_scan *scan, uintptr_t from, uintptr_t to, bool sparse);

/* The same for a piece that other processes have, too: of another process's such pieces there is no copy. */
void ma_leak_scan_shared(struct leak_scan *scan, uintptr_t from, uintptr_t to);

/* Takes words that lie anywhere, registers as a rule, for a root. */
void ma_leak_scan_words(struct leak_scan *scan, const uintptr_t *at, size_t count);

/* The allocation at `address`, if there is one, is reachable. */
void ma_leak_reach(struct leak_scan *scan, uintptr_t address);

/* Follows all that the roots have led to. */
void ma_leak_drain(struct leak_scan *scan);

/* Sorts what the roots did not lead to. ma_leak_drain() has come before. */
void ma_leak_sort_lost(struct leak_scan *scan);

/* Counts what `object`, which is definitely lost, leads to and was not counted for another one before. All is sorted. */
struct leak_count ma_leak_behind(struct leak_scan *scan, const struct leak_object *object);

/* --- leak_report.c --- */

/* Sums up. */
void ma_leak_sum(struct leak_scan *scan);

/* Writes the report. Returns 0, or the error that writing met. */
int ma_leak_print(const struct leak_scan *scan, int fd);

#endif /* MA_LEAK_H */
