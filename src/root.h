/* SPDX-License-Identifier: MIT */
/*
 * root.h - the variables from which all that libma knows can be reached, listed for who reads them in another
 * process: `ma COMMAND PID` copies these into its own copy of the library, and the memory that they lead to to
 * where it was; then the readers of the heap work there as they do here.
 *
 *   .note.libma        an ELF note in the first pages of the library, or of the program that libma is linked to
 *     |                statically: found in a process's memory without its files
 *     v
 *   ma_root_head       magic, version, and where the list is
 *     |
 *     v
 *   section ma_roots   one struct root for each variable; whoever owns a variable lists it, by MA_ROOT()
 *
 * Nothing here is read in the process itself, and nothing is done at its start.
 */
#ifndef MA_ROOT_H
#define MA_ROOT_H

#include "base.h"

#define ROOT_MAGIC "libma root\n"

enum root_kind {
	ROOT_STATE, /* to be copied */
	ROOT_LOCK,  /* a struct lock: while it is held, something is being changed */
	ROOT_SIZE,  /* no variable: a size that both sides must agree on */
	ROOT_PLACE, /* not to be copied: who looks from outside wants to know where it is */
};

struct root {
	const struct root_head *head; /* links root.c into whatever has roots */
	const char *name;	      /* unique: "chunk.registry" */
	const void *at;
	size_t size;
	size_t kind; /* enum root_kind */
};

struct root_head {
	char magic[16];
	size_t head_size; /* sizeof(struct root_head) and sizeof(struct root): who reads them knows its own */
	size_t root_size;
	char version[16];
	const struct root *first, *end;
};

extern const struct root_head ma_root_head;

#define MA_ROOT_ENTRY(file, what, address, bytes, is)                                                        \
	static const struct root root_##file##_##what __attribute__((                                        \
		used, section("ma_roots"), aligned(sizeof(void *)))) = {.head = &ma_root_head,               \
									.name = #file "." #what,             \
									.at = (address),                     \
									.size = (bytes),                     \
									.kind = (is)}

/* Lists a static variable of src/FILE.c. */
#define MA_ROOT(file, variable) MA_ROOT_ENTRY(file, variable, &(variable), sizeof(variable), ROOT_STATE)
#define MA_ROOT_LOCK(file, lock) MA_ROOT_ENTRY(file, lock, &(lock), sizeof(lock), ROOT_LOCK)
/* Lists where something is. */
#define MA_ROOT_PLACE(file, what, address, bytes) MA_ROOT_ENTRY(file, what, address, bytes, ROOT_PLACE)
/* Lists a struct whose layout whoever reads the roots relies on. */
#define MA_ROOT_STRUCT(file, tag) MA_ROOT_ENTRY(file, tag, NULL, sizeof(struct tag), ROOT_SIZE)

#endif /* MA_ROOT_H */
