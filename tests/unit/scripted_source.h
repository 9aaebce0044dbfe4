/* SPDX-License-Identifier: MIT */
/*
 * scripted_source.h - the script of the twin of src/source.c that the unit tests link in its place.
 *
 * All memory lies in one region that is reserved once: a data segment whose break starts low and moves like the
 * real one, and above it the room for mappings. Nothing of the region may be touched but what was given out,
 * and a byte that was given back faults, so that a use of lost memory ends the test at once.
 *
 * A request is a call that asks for memory: ma_source_break_grow(), ma_source_map(), and ma_source_remap() to a
 * larger size. Requests are numbered from 1 on.
 */
#ifndef SCRIPTED_SOURCE_H
#define SCRIPTED_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The address space that there is: all mappings, and the break in a sixteenth of it. packaging/cross makes it smaller
 * under qemu-user, which keeps account of every page of it. */
#ifndef SCRIPTED_REGION_BITS
#define SCRIPTED_REGION_BITS (SIZE_MAX > UINT32_MAX ? 36 : 31)
#endif
#define SCRIPTED_REGION ((size_t)1 << SCRIPTED_REGION_BITS)

/* How many requests there were, and how many of them were refused. */
uint64_t scripted_requests(void);
uint64_t scripted_refusals(void);

/* Refuses `count` requests from the n-th on, counted from now: 1 is the next one. UINT64_MAX: all. */
void scripted_refuse(uint64_t nth, uint64_t count);

/* Refuses none from now on, of whatever kind. */
void scripted_relent(void);

/* Refuses all requests of one kind. */
void scripted_refuse_break(bool refuse);
void scripted_refuse_map(bool refuse);
void scripted_refuse_remap(bool refuse);

/* Refuses requests that would make more than `most` bytes be given out; SIZE_MAX: none. */
void scripted_limit(size_t most);

/* The break can't be moved down: each attempt fails and changes nothing. */
void scripted_refuse_shrink(bool refuse);

/* Huge pages take too long from now on. */
void scripted_huge_is_dear(bool dear);

/* What ma_source_break_is_safe() says. */
void scripted_break_safe(bool safe);

/* A stranger moves the break up by `size` bytes, now, or down again. Returns the start of his memory. */
char *scripted_foreign(ptrdiff_t size);

/* He does so at the n-th coming ma_source_break_grow(), just before it: the memory got will not join. */
void scripted_foreign_before(uint64_t nth, size_t size);

/* Bytes that are given out: all, those below the break, and how many mappings. */
size_t scripted_held(void);
size_t scripted_break_held(void);
unsigned scripted_mappings(void);

/* Are all bytes of [start, start + size) given out now? */
bool scripted_gives(const void *start, size_t size);

/* From now on these pages are said not to be resident, whatever they hold. */
void scripted_absent(void *start, size_t size);

/* Bytes that purges gave back, and that were asked to be made resident, so far. */
uint64_t scripted_purged(void);
uint64_t scripted_populated(void);

#endif /* SCRIPTED_SOURCE_H */
