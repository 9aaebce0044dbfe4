/* SPDX-License-Identifier: MIT */
/* cgroup.c - reads /proc/self/cgroup, and the limit of each group from there up. */
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Version 1 says "no limit" with a number that is about this. */
#define NO_LIMIT ((uint64_t)1 << 60)

/* Reads a small file as a string; false if it can't be. */
static bool read_file(const char *name, char *text, size_t room)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, room - 1);

	if (fd >= 0)
		close(fd);
	text[got < 0 ? 0 : got] = '\0';
	return got > 0;
}

/* The limit that a file holds; 0 for "max", or if it can't be read. */
static size_t limit_in(const char *name)
{
	char text[32];
	uint64_t number = 0;

	if (!read_file(name, text, sizeof(text)))
		return 0;
	for (const char *at = text; *at >= '0' && *at <= '9' && number < NO_LIMIT; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	return number >= NO_LIMIT || number > SIZE_MAX ? 0 : (size_t)number;
}

/* The least limit from the group `path`, whose first `length` bytes count, up to the root. `path` begins with '/'. */
static size_t least(const char *root, const char *mount, const char *path, size_t length, const char *file)
{
	char name[PATH_MAX];
	size_t root_length = strlen(root) + strlen(mount), found = 0;

	if (root_length + length + 1 + strlen(file) >= sizeof(name))
		return 0;
	strcat(strcpy(name, root), mount);
	for (;;) {
		size_t limit;
		while (length > 0 && path[length - 1] == '/')
			length--;
		memcpy(name + root_length, path, length);
		name[root_length + length] = '/';
		strcpy(name + root_length + length + 1, file);
		limit = limit_in(name);
		if (limit != 0 && (found == 0 || limit < found))
			found = limit;
		if (length == 0)
			return found;
		while (length > 0 && path[length - 1] != '/')
			length--;
	}
}

/* Has a list of names with commas between them this one? */
static bool list_has(const char *list, const char *end, const char *name)
{
	size_t length = strlen(name);

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *to = comma == NULL ? end : comma;
		if ((size_t)(to - list) == length && memcmp(list, name, length) == 0)
			return true;
		list = to + 1;
	}
	return false;
}

size_t ma_cgroup_limit(const char *self, const char *root)
{
	char text[PATH_MAX];
	int saved = errno;
	size_t found = 0;

	read_file(self, text, sizeof(text));
	/* A line: number:names of controllers:path; version 2 has the number 0 and no names. */
	for (const char *line = text; *line != '\0' && found == 0;) {
		const char *end = strchr(line, '\n');
		const char *names, *path;
		if (end == NULL)
			end = line + strlen(line);
		names = memchr(line, ':', (size_t)(end - line));
		path = names == NULL ? NULL : memchr(names + 1, ':', (size_t)(end - names - 1));
		if (path != NULL && path == names + 1)
			found = least(root, "", path + 1, (size_t)(end - path - 1), "memory.max");
		else if (path != NULL && list_has(names + 1, path, "memory"))
			found = least(root, "/memory", path + 1, (size_t)(end - path - 1),
				      "memory.limit_in_bytes");
		line = *end == '\0' ? end : end + 1;
	}
	errno = saved;
	return found;
}
