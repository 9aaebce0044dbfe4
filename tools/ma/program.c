/* SPDX-License-Identifier: MIT */
/*
 * program.c - finding a program as a shell does, and why libma can't serve it.
 *
 * libma is put into a program by its dynamic loader. A program that has none (it is statically linked),
 * whose loader must not trust the environment (it is set-user-ID and the like), or that runs on another
 * kind of processor than libma was built for, keeps its own malloc. All of that can be read from the
 * program's file before it is run. A file that can't be read or understood is given the benefit of the
 * doubt: the warning is a service, never a condition.
 */
#include <config.h>

#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "message.h"

enum {
	LONGEST_FIRST_LINE = 256, /* bytes of a file that the kernel reads to find its interpreter */
	MOST_INTERPRETERS = 5,	  /* scripts run by scripts that the kernel follows */
	MOST_HEADERS = 512,	  /* program headers that are looked at */
	MOST_ENTRIES = 512	  /* and entries of the dynamic section */
};

/* Returns 0 if `path` can be run, else the error that running it would meet. */
static int check_executable(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return errno;
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	return access(path, X_OK) == 0 ? 0 : errno;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Looks for `name` in the folders of the list `folders`, of which an empty one is the current one. */
static int find_in_folders(const char *name, const char *folders, char **path)
{
	int error = ENOENT;

	for (const char *folder = folders;; folder++) {
		size_t length = strcspn(folder, ":");
		char *candidate = length == 0 ? text_format("./%s", name)
					      : text_format("%.*s/%s", (int)length, folder, name);

		if (check_executable(candidate) == 0) {
			*path = candidate;
			return 0;
		}
		/* A file that may not be run is passed over, but is the answer if no other follows. */
		if (is_file(candidate))
			error = EACCES;
		free(candidate);
		folder += length;
		if (*folder == '\0')
			return error;
	}
}

int program_find(const char *name, char **path)
{
	const char *folders = getenv("PATH");
	int error;

	if (*name == '\0')
		return ENOENT;
	if (strchr(name, '/') == NULL)
		return find_in_folders(name, folders != NULL ? folders : "/bin:/usr/bin", path);
	error = check_executable(name);
	if (error == 0)
		*path = text_format("%s", name);
	return error;
}

/* Returns the interpreter that the script beginning with the text `head` is run by, to be freed. */
static char *script_interpreter(const char *head)
{
	if (strncmp(head, "#!", 2) != 0)
		return text_format("/bin/sh"); /* execvp(3) leaves a file that is no binary to the shell */
	head += 2;
	head += strspn(head, " \t");
	return text_format("%.*s", (int)strcspn(head, " \t\n"), head);
}

/* Opens the binary that runs when `path` is executed: the file itself, or the last of its interpreters.
 * Returns its descriptor, its name in `*image`, to be freed, and its ELF header, or -1. */
static int open_image(const char *path, char **image, ElfW(Ehdr) *header)
{
	*image = text_format("%s", path);
	for (int depth = 0; depth <= MOST_INTERPRETERS; depth++) {
		char head[LONGEST_FIRST_LINE + 1] = {0};
		char *interpreter;
		ssize_t length;
		int fd = open(*image, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return -1;
		length = pread(fd, head, LONGEST_FIRST_LINE, 0);
		if (length >= (ssize_t)sizeof *header && memcmp(head, ELFMAG, SELFMAG) == 0) {
			memcpy(header, head, sizeof *header);
			return fd;
		}
		close(fd);
		if (length <= 0)
			return -1;
		interpreter = script_interpreter(head);
		free(*image);
		*image = interpreter;
	}
	return -1;
}

/* Whether both files are for the same processor, word size and byte order. */
static bool same_machine(const ElfW(Ehdr) *a, const ElfW(Ehdr) *b)
{
	return a->e_ident[EI_CLASS] == b->e_ident[EI_CLASS] && a->e_ident[EI_DATA] == b->e_ident[EI_DATA] &&
	       a->e_machine == b->e_machine;
}

/* Whether the binary has a name as a library, and so is the dynamic loader itself if it is run. */
static bool is_loader(int fd, const ElfW(Phdr) *dynamic)
{
	ElfW(Dyn) entry;

	for (size_t at = 0; at < dynamic->p_filesz && at < MOST_ENTRIES * sizeof entry; at += sizeof entry) {
		if (pread(fd, &entry, sizeof entry, (off_t)(dynamic->p_offset + at)) !=
			    (ssize_t)sizeof entry ||
		    entry.d_tag == DT_NULL)
			return false;
		if (entry.d_tag == DT_SONAME)
			return true;
	}
	return false;
}

/* Whether the binary names no dynamic loader, and is none. */
static bool is_static(int fd, const ElfW(Ehdr) *header)
{
	bool loader = false;

	if (header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum > MOST_HEADERS)
		return false;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		ElfW(Phdr) segment;
		off_t place = (off_t)(header->e_phoff + i * sizeof segment);

		if (pread(fd, &segment, sizeof segment, place) != (ssize_t)sizeof segment)
			return false;
		if (segment.p_type == PT_INTERP)
			return false;
		if (segment.p_type == PT_DYNAMIC)
			loader = is_loader(fd, &segment);
	}
	return !loader;
}

/* Returns the reason why the loader of the binary will not trust its environment, or NULL if it will:
 * running it gives the caller rights that he does not have yet. */
static const char *given_rights(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return NULL;
	if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid())
		return "set-user-ID";
	if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 && status.st_gid != getgid())
		return "set-group-ID";
	if (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "privileged by its file capabilities";
	return NULL;
}

char *program_obstacle(const char *path, const char *library)
{
	ElfW(Ehdr) header, library_header;
	char *image = NULL, *library_image = NULL, *obstacle = NULL;
	int fd = open_image(path, &image, &header);
	int library_fd = open_image(library, &library_image, &library_header);

	if (fd >= 0) {
		const char *rights = given_rights(fd);

		if (library_fd >= 0 && !same_machine(&header, &library_header))
			obstacle = text_format("'%s' is built for another kind of processor", image);
		else if (is_static(fd, &header))
			obstacle = text_format("'%s' is statically linked", image);
		else if (rights != NULL)
			obstacle = text_format("'%s' is %s", image, rights);
		close(fd);
	}
	if (library_fd >= 0)
		close(library_fd);
	free(image);
	free(library_image);
	return obstacle;
}
