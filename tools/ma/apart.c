/* SPDX-License-Identifier: MIT */
/*
 * apart.c - memory of a process that fork leaves out (MADV_DONTFORK), or that is empty in the child (MADV_WIPEONFORK):
 * garbage collectors have their heaps so, and what others have may hold the only pointer to an object, too.
 *
 * For a snapshot it is taken in: while all threads stand still, the one that makes the copy tells the kernel to fork
 * this memory as all other, and after that not to do so (src/snapshot.c). Which memory it is, to the page, only
 * /proc/PID/smaps tells, and only as long as nothing changes: so it is read when the process stands still. The kernel
 * looks through all page tables for it, 10 ms for a GiB in small pages; a process that had no such memory before is
 * spared that. If it has some now, its copy is smaller than it is, and there is another attempt.
 */
#include <config.h>

#include "apart.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include "../../src/snapshot.h"
#include "message.h"

#if MA_SNAPSHOT

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif

static struct snapshot_piece piece[SNAPSHOT_PIECES]; /* to be taken in */
static size_t count;
static bool any;	     /* has the process such memory? */
static bool impossible;	     /* some of it can't be taken in */
static uint64_t others;	     /* KiB that the copy need not have */
static uint64_t address_kib; /* that the process had when it stood still */

static bool has_flag(const char *flags, const char *flag)
{
	return strstr(flags, flag) != NULL;
}

static void take_in(const struct mapping *mapping, uint32_t before, uint32_t after)
{
	struct snapshot_piece *last = count > 0 ? &piece[count - 1] : NULL;
	uint64_t first = mapping->start >> 12, pages = (mapping->end - mapping->start) >> 12;

	if (last != NULL && last->before == before && last->first + last->count == first)
		last->count += pages;
	else if (count < SNAPSHOT_PIECES)
		piece[count++] = (struct snapshot_piece){first, pages, before, after};
	else
		impossible = true;
}

/* The flags are those that proc(5) tells of. What is not there for long (dp) may as well be empty. */
static void see(const struct mapping *mapping, const char *flags)
{
	bool left_out = has_flag(flags, " dc"), wiped = has_flag(flags, " wf") && !has_flag(flags, " dp");
	bool device = strncmp(mapping->name, "/dev/", 5) == 0 && strncmp(mapping->name, "/dev/shm/", 9) != 0;

	if (!mapping->readable || device) { /* nobody reads it */
		others += left_out ? (mapping->end - mapping->start) >> 10 : 0;
		return;
	}
	if (!left_out && !wiped)
		return;
	any = true;
	/* For such mappings the kernel does not allow it. */
	impossible = impossible || has_flag(flags, " io") || has_flag(flags, " pf") ||
		     has_flag(flags, " mm") || has_flag(flags, " de");
	if (left_out)
		take_in(mapping, MADV_DOFORK, MADV_DONTFORK);
	if (wiped)
		take_in(mapping, MADV_KEEPONFORK, MADV_WIPEONFORK);
}

/* Before Linux 5.13, memory that devices write to (RDMA) could be another's after a fork than the process's. */
static bool is_kernel_able(void)
{
	struct utsname system;
	unsigned major, minor;

	return uname(&system) == 0 && sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 13));
}

static bool read_all(pid_t pid)
{
	char *path = text_format("/proc/%ld/smaps", (long)pid), *line = NULL;
	FILE *file = fopen(path, "re");
	struct mapping mapping = {0};
	size_t room = 0;

	free(path);
	count = 0;
	others = 0;
	impossible = file == NULL;
	while (file != NULL && getline(&line, &room, file) > 0)
		if (strncmp(line, "VmFlags:", 8) == 0)
			see(&mapping, line + 8);
		else if (line[0] < 'A' || line[0] > 'Z') /* else it is another figure of the mapping */
			mapping_parse(line, &mapping);
	free(line);
	if (file != NULL)
		fclose(file);
	return !impossible && (count == 0 || is_kernel_able());
}

bool apart_look(pid_t pid)
{
	any = false;
	return read_all(pid);
}

bool apart_prepare(const struct target *target)
{
	uintptr_t at = target_place(target, "snapshot.pieces");
	struct iovec here = {piece, 0}, there = {(void *)at, 0};

	address_kib = (uint64_t)target_status(target->pid, "VmSize");
	if (any && !read_all(target->pid))
		return false;
	here.iov_len = there.iov_len = count * sizeof *piece;
	return count == 0 || process_vm_writev(target->pid, &here, 1, &there, 1, 0) == (ssize_t)here.iov_len;
}

size_t apart_count(void)
{
	return count;
}

bool apart_is_whole(pid_t copy)
{
	if ((uint64_t)target_status(copy, "VmSize") + others == address_kib)
		return true;
	any = true;
	return false;
}

#endif
