/* SPDX-License-Identifier: MIT */
/*
 * target.c - a live process that libma works in: its mappings, and where libma's roots are.
 *
 * Everything is read from the process's memory, nothing from files: they may have been replaced, or lie in a
 * container. Each mapping that begins with an ELF header is asked for libma's note, which leads to the roots
 * (src/root.h). So libma is found in libma.so, in libma-preload.so and in a program that it is linked into.
 */
#include <config.h>

#include "target.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "command.h"
#include "message.h"
#include "program.h"
#include "root.h"

enum {
	MOST_HEADERS = 128, /* program headers that are looked at */
	MOST_NOTES = 8192,  /* bytes of notes */
	MOST_ROOTS = 4096,
	ROOT_NAME = 64
};

/* --- reading --- */

bool target_read(pid_t pid, uintptr_t from, void *to, size_t size)
{
	while (size > 0) {
		struct iovec here = {to, size}, there = {(void *)from, size};
		ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

		if (got <= 0)
			return false;
		from += (size_t)got;
		to = (char *)to + got;
		size -= (size_t)got;
	}
	return true;
}

bool mapping_parse(const char *line, struct mapping *mapping)
{
	unsigned long start, end, offset, inode;
	char rights[5];
	int name_at = 0;
	size_t length;

	if (sscanf(line, "%lx-%lx %4s %lx %*s %lu %n", &start, &end, rights, &offset, &inode, &name_at) < 5)
		return false;
	*mapping = (struct mapping){
		.start = start,
		.end = end,
		.offset = offset,
		.inode = inode,
		.readable = rights[0] == 'r',
		.writable = rights[1] == 'w',
		.executable = rights[2] == 'x',
		.shared = rights[3] == 's',
	};
	length = strcspn(line + name_at, "\n");
	if (length >= sizeof mapping->name)
		length = sizeof mapping->name - 1;
	memcpy(mapping->name, line + name_at, length);
	mapping->name[length] = '\0';
	return true;
}

bool mappings_read(struct mappings *mappings, pid_t pid)
{
	char *path = text_format("/proc/%ld/maps", (long)pid);
	FILE *file = fopen(path, "re");
	size_t room = 0, line_room = 0;
	char *line = NULL;

	*mappings = (struct mappings){0};
	free(path);
	if (file == NULL) {
		if (errno == ENOENT)
			errno = ESRCH;
		return false;
	}
	errno = 0;
	while (getline(&line, &line_room, file) > 0) {
		if (mappings->count == room) {
			room = room == 0 ? 256 : room * 2;
			mappings->at = realloc(mappings->at, room * sizeof *mappings->at);
			if (mappings->at == NULL)
				fail(EXIT_OWN_FAILURE, "out of memory");
		}
		mappings->count += mapping_parse(line, &mappings->at[mappings->count]);
	}
	free(line);
	if (ferror(file) || mappings->count == 0) {
		int error = errno != 0 ? errno : ESRCH;

		fclose(file);
		mappings_free(mappings);
		errno = error;
		return false;
	}
	fclose(file);
	return true;
}

void mappings_free(struct mappings *mappings)
{
	free(mappings->at);
	*mappings = (struct mappings){0};
}

const struct mapping *mappings_find(const struct mappings *mappings, uintptr_t at)
{
	size_t low = 0, high = mappings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mappings->at[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < mappings->count && mappings->at[low].start <= at ? &mappings->at[low] : NULL;
}

/* --- why not --- */

long target_status(pid_t pid, const char *field)
{
	char *path = text_format("/proc/%ld/status", (long)pid);
	FILE *file = fopen(path, "re");
	char line[256];
	long number = -1;

	free(path);
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':')
			number = strtol(line + strlen(field) + 1, NULL, 10);
	if (file != NULL)
		fclose(file);
	return number;
}

char *target_program(pid_t pid)
{
	char *path = text_format("/proc/%ld/cmdline", (long)pid), *line = NULL, *name;
	FILE *file = fopen(path, "re");
	size_t room = 0;
	const char *slash;

	if (file == NULL || getdelim(&line, &room, '\0', file) <= 0) {
		free(line);
		line = text_format("?");
	}
	if (file != NULL)
		fclose(file);
	free(path);
	slash = strrchr(line, '/');
	name = text_format("%s", slash == NULL ? line : slash + 1);
	free(line);
	return name;
}

/* Returns kernel.yama.ptrace_scope, 0 in a kernel without it. */
static int ptrace_scope(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%d", &scope) != 1)
		scope = 0;
	fclose(file);
	return scope;
}

void target_refused(pid_t pid, int error)
{
	long owner = target_status(pid, "Uid"), tracer = target_status(pid, "TracerPid");
	const struct passwd *user = getpwuid((uid_t)owner);
	int scope = ptrace_scope();

	if (error == ESRCH || owner < 0)
		fail(EXIT_OWN_FAILURE, "process %ld has ended", (long)pid);
	if (error != EPERM && error != EACCES)
		fail(EXIT_OWN_FAILURE, "can't inspect process %ld: %s", (long)pid, strerror(error));
	if (tracer > 0)
		fail(EXIT_OWN_FAILURE,
		     "can't inspect process %ld while process %ld traces it (a debugger?): a process has one tracer",
		     (long)pid, tracer);
	if (geteuid() != 0 && owner != (long)geteuid())
		fail(EXIT_OWN_FAILURE,
		     "may not inspect process %ld: it is %s's; run ma as that user, or as root (CAP_SYS_PTRACE)",
		     (long)pid, user != NULL ? user->pw_name : "another user");
	if (scope == 3)
		fail(EXIT_OWN_FAILURE,
		     "may not inspect process %ld: kernel.yama.ptrace_scope is 3, which forbids it to everybody until "
		     "the system starts again",
		     (long)pid);
	if (geteuid() != 0 && scope > 0)
		fail(EXIT_OWN_FAILURE,
		     "may not inspect process %ld: kernel.yama.ptrace_scope is %d; run ma as root (CAP_SYS_PTRACE)%s",
		     (long)pid, scope, scope == 1 ? ", or set it to 0" : "");
	if (geteuid() != 0)
		fail(EXIT_OWN_FAILURE,
		     "may not inspect process %ld: it has, or had, rights that you lack (set-user-ID, file capabilities, "
		     "or it asked not to be traced); run ma as root (CAP_SYS_PTRACE)",
		     (long)pid);
	fail(EXIT_OWN_FAILURE,
	     "may not inspect process %ld: ma lacks CAP_SYS_PTRACE, or a security policy forbids it; a container needs "
	     "that capability (docker run --cap-add=SYS_PTRACE), or run ma outside of it",
	     (long)pid);
}

__attribute__((noreturn)) static void refuse_number(const char *argument)
{
	char *path = NULL;

	if (program_find(argument, &path) == 0)
		fail(EXIT_USAGE, "'%s' is not a process number; 'pidof %s' shows it, if that program runs",
		     argument, argument);
	fail(EXIT_USAGE, "'%s' is not a process number", argument);
}

pid_t target_parse(const char *argument)
{
	char *end, *path;
	long pid;
	struct stat status;

	errno = 0;
	pid = strtol(argument, &end, 10);
	if (*argument == '\0' || *end != '\0' || errno != 0 || pid <= 0 || pid != (pid_t)pid)
		refuse_number(argument);
	path = text_format("/proc/%ld", pid);
	if (stat(path, &status) != 0 && access("/proc/self", F_OK) != 0)
		fail(EXIT_OWN_FAILURE, "can't look for process %ld: /proc is not mounted", pid);
	if (stat(path, &status) != 0)
		fail(EXIT_OWN_FAILURE, "there is no process %ld", pid);
	free(path);
	if (pid == (long)getpid())
		fail(EXIT_USAGE, "process %ld is this ma itself", pid);
	return (pid_t)pid;
}

/* --- finding libma --- */

/* Finds the note in a part of memory that holds notes; returns the address of the roots' head, 0 if there is none. */
static uintptr_t note_find(pid_t pid, uintptr_t at, size_t size)
{
	char notes[MOST_NOTES] __attribute__((aligned(4)));
	size_t next = 0;

	if (size > sizeof notes || !target_read(pid, at, notes, size))
		return 0;
	while (next + sizeof(ElfW(Nhdr)) <= size) {
		const ElfW(Nhdr) *note = (const void *)(notes + next);
		size_t name = next + sizeof *note;
		size_t contents = name + ((size_t)note->n_namesz + 3) / 4 * 4;
		int32_t distance;

		next = contents + ((size_t)note->n_descsz + 3) / 4 * 4;
		if (note->n_namesz > size || note->n_descsz > size || next > size)
			return 0;
		if (note->n_type != 1 || note->n_namesz != sizeof "libma" ||
		    note->n_descsz != sizeof distance || memcmp(notes + name, "libma", sizeof "libma") != 0)
			continue;
		memcpy(&distance, notes + contents, sizeof distance);
		return at + contents + (uintptr_t)(intptr_t)distance;
	}
	return 0;
}

#define OWN_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

enum image { IMAGE_NONE, IMAGE_STRANGER, IMAGE_LIBMA };

/* Whether the process's program is of another word size than ours. */
static bool is_other_class(pid_t pid)
{
	char *path = text_format("/proc/%ld/exe", (long)pid);
	FILE *file = fopen(path, "re");
	unsigned char ident[EI_NIDENT] = "";
	bool other;

	free(path);
	other = file != NULL && fread(ident, sizeof ident, 1, file) == 1 &&
		memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] != OWN_CLASS;
	if (file != NULL)
		fclose(file);
	return other;
}

/* Looks at the ELF image that begins with a mapping. */
static enum image image_look(pid_t pid, const struct mapping *mapping, uintptr_t *head)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) segments[MOST_HEADERS];
	uintptr_t bias = mapping->start;

	if (mapping->offset != 0 || !mapping->readable || mapping->inode == 0 ||
	    !target_read(pid, mapping->start, &header, sizeof header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return IMAGE_NONE;
	if (header.e_ident[EI_CLASS] != OWN_CLASS || header.e_phentsize != sizeof *segments ||
	    header.e_phnum > MOST_HEADERS ||
	    !target_read(pid, mapping->start + header.e_phoff, segments, header.e_phnum * sizeof *segments))
		return IMAGE_STRANGER;
	for (unsigned i = 0; i < header.e_phnum; i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_offset == 0)
			bias = mapping->start - segments[i].p_vaddr;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		if (segments[i].p_type != PT_NOTE)
			continue;
		*head = note_find(pid, bias + segments[i].p_vaddr, segments[i].p_memsz);
		if (*head != 0)
			return IMAGE_LIBMA;
	}
	return IMAGE_STRANGER;
}

/* The extent of libma's image: which of the mappings from the image's first one on are its file's. */
static void image_extent(struct target *target, const struct mapping *first)
{
	const struct mapping *end = target->mappings.at + target->mappings.count, *m;
	const char *slash = strrchr(first->name, '/');
	bool alone = slash != NULL && strncmp(slash, "/libma", 6) == 0;

	strcpy(target->image, first->name);
	for (m = first; m < end && (m->inode == first->inode || m->inode == 0); m++) {
		if (m->inode == 0 && (m->start != m[-1].end || m->name[0] != '\0'))
			break; /* what follows is not its .bss */
		if (m->executable && alone) {
			target->text_start = target->text_start == 0 ? m->start : target->text_start;
			target->text_end = m->end;
		}
		if (m->writable) {
			target->data_start = target->data_start == 0 ? m->start : target->data_start;
			target->data_end = m->end;
		}
	}
}

/* Reads the roots that `head` leads to; returns what is wrong with them, NULL if nothing is. To be freed. */
static char *roots_read(struct target *target, uintptr_t at)
{
	struct root_head head;

	if (!target_read(target->pid, at, &head, sizeof head) ||
	    memcmp(head.magic, ROOT_MAGIC, sizeof ROOT_MAGIC) != 0)
		return text_format("its libma can't be understood by this ma, of version %s",
				   PACKAGE_VERSION);
	head.version[sizeof head.version - 1] = '\0';
	if (strcmp(head.version, PACKAGE_VERSION) != 0)
		return text_format(
			"it runs libma %s, and this ma is of version %s: use the ma of that version",
			head.version, PACKAGE_VERSION);
	target->root_count = (size_t)(head.end - head.first);
	if (head.head_size != sizeof head || head.root_size != sizeof(struct root) || head.end < head.first ||
	    target->root_count > MOST_ROOTS)
		return text_format("its libma was built differently: use the ma of the same build");
	target->roots = calloc(target->root_count + 1, sizeof *target->roots);
	if (target->roots == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	if (!target_read(target->pid, (uintptr_t)head.first, target->roots,
			 target->root_count * sizeof *target->roots))
		return text_format("it has ended, or has only just begun");
	return NULL;
}

/* The names of the target's roots, as long as ours are at most. */
static bool root_name(const struct target *target, size_t index, char name[ROOT_NAME])
{
	memset(name, 0, ROOT_NAME);
	/* The strings of one program stand together: a few bytes more than the name can be read as a rule. */
	for (size_t size = ROOT_NAME - 1; size > 0; size /= 2)
		if (target_read(target->pid, (uintptr_t)target->roots[index].name, name, size))
			return true;
	return false;
}

/* Whether two names are of variables of one source file. */
static bool same_file(const char *a, const char *b)
{
	size_t length = strcspn(a, ".");

	return strncmp(a, b, length) == 0 && b[length] == '.';
}

/* Brings the target's roots into the order of ours. A source file that was not linked into the target has none there:
 * then ours stay as they are. False: the two are not of one build. */
static bool roots_match(struct target *target)
{
	size_t count = (size_t)(ma_root_head.end - ma_root_head.first);
	struct root *matched = calloc(count, sizeof *matched);
	bool *has_file = calloc(count, sizeof *has_file), same = true;

	if (matched == NULL || has_file == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	for (size_t i = 0; i < target->root_count; i++) {
		char name[ROOT_NAME];

		same = same && root_name(target, i, name);
		for (size_t j = 0; j < count && same; j++) {
			const struct root *ours = &ma_root_head.first[j], *theirs = &target->roots[i];

			has_file[j] = has_file[j] || same_file(ours->name, name);
			if (strcmp(ours->name, name) != 0)
				continue;
			same = ours->size == theirs->size && ours->kind == theirs->kind;
			matched[j] = *theirs;
		}
	}
	for (size_t j = 0; j < count; j++)
		same = same && has_file[j] == (matched[j].size != 0);
	free(has_file);
	free(target->roots);
	target->roots = matched;
	target->root_count = count;
	return same;
}

uintptr_t target_place(const struct target *target, const char *name)
{
	for (size_t i = 0; i < target->root_count; i++)
		if (strcmp(ma_root_head.first[i].name, name) == 0)
			return (uintptr_t)target->roots[i].at;
	return 0;
}

/* A file begins in memory with the mapping of its first bytes; of several, that which is next below. */
bool target_file(const struct target *target, uintptr_t at, const char **file, uintptr_t *start)
{
	const struct mapping *found = mappings_find(&target->mappings, at), *m;

	if (found == NULL || found->inode == 0)
		return false;
	for (m = found; m > target->mappings.at && (m->offset != 0 || m->inode != found->inode); m--)
		;
	if (m->inode != found->inode)
		m = found;
	*file = found->name;
	*start = m->start;
	return true;
}

bool target_runs_libma(pid_t pid)
{
	struct mappings mappings;
	bool found = false;
	uintptr_t head;

	if (!mappings_read(&mappings, pid))
		return false;
	for (size_t i = 0; i < mappings.count && !found; i++)
		found = image_look(pid, &mappings.at[i], &head) == IMAGE_LIBMA;
	mappings_free(&mappings);
	return found;
}

/* Returns a thread of a process whose first one has ended: /proc shows nothing of its memory under that one's number. 0 if
 * there is none. */
static pid_t other_thread(pid_t pid)
{
	char *path = text_format("/proc/%ld/task", (long)pid);
	DIR *threads = opendir(path);
	const struct dirent *entry;
	pid_t found = 0;

	free(path);
	while (threads != NULL && found == 0 && (entry = readdir(threads)) != NULL) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
		struct mappings mappings;

		if (thread == 0 || thread == pid || !mappings_read(&mappings, thread))
			continue;
		mappings_free(&mappings);
		found = thread;
	}
	if (threads != NULL)
		closedir(threads);
	return found;
}

/* Never returns if the process has none. */
static void mappings_need(struct mappings *mappings, pid_t pid)
{
	pid_t other;
	int error;

	if (mappings_read(mappings, pid))
		return;
	error = errno;
	other = error == ESRCH ? other_thread(pid) : 0;
	if (other != 0)
		fail(EXIT_OWN_FAILURE,
		     "the first thread of process %ld has ended: give the number of another one, %ld",
		     (long)pid, (long)other);
	if (error == ESRCH && target_status(pid, "Uid") >= 0)
		fail(EXIT_OWN_FAILURE, "process %ld has no memory: it has ended, or is one of the kernel's",
		     (long)pid);
	target_refused(pid, error);
}

void target_open(struct target *target, pid_t pid)
{
	char *fault;

	*target = (struct target){.pid = pid};
	mappings_need(&target->mappings, pid);
	for (size_t i = 0; i < target->mappings.count; i++) {
		uintptr_t head;
		enum image image;

		errno = 0;
		image = image_look(pid, &target->mappings.at[i], &head);
		if (image == IMAGE_NONE && (errno == EPERM || errno == ESRCH))
			target_refused(pid, errno);
		if (image != IMAGE_LIBMA)
			continue;
		image_extent(target, &target->mappings.at[i]);
		fault = roots_read(target, head);
		if (fault == NULL && !roots_match(target))
			fault = text_format("its libma was built differently: use the ma of the same build");
		if (fault == NULL)
			return;
		mappings_need(&target->mappings,
			      pid); /* it may have ended meanwhile: then that is what is wrong */
		fail(EXIT_OWN_FAILURE, "can't inspect process %ld: %s", (long)pid, fault);
	}
	if (is_other_class(pid))
		fail(EXIT_OWN_FAILURE,
		     "can't inspect process %ld: it is a %s-bit program, and this ma is for %zu-bit ones",
		     (long)pid, sizeof(void *) == 8 ? "32" : "64", sizeof(void *) * 8);
	fail(EXIT_OWN_FAILURE, "process %ld does not run libma; 'ma run PROGRAM' starts a program on it",
	     (long)pid);
}

void target_close(struct target *target)
{
	mappings_free(&target->mappings);
	free(target->roots);
	*target = (struct target){0};
}
