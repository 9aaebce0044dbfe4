/* SPDX-License-Identifier: MIT */
/* Limits of control groups, of both versions, on files made here. */
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"

static char root[] = "/tmp/ma-cgroup-XXXXXX", self[64];

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	expect(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void make(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	expect(mkdir(path, 0700) == 0);
}

static void begin(void)
{
	expect(mkdtemp(root) != NULL);
	snprintf(self, sizeof(self), "%s/self", root);
}

static void end(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -r '%s'", root);
	expect(system(command) == 0);
}

static void limit_is(const char *text, size_t limit)
{
	write_file("self", text);
	expect(ma_cgroup_limit(self, root) == limit);
}

START_TEST(version_2)
{
	begin();
	make("a");
	make("a/b");
	limit_is("0::/a/b\n", 0);
	write_file("a/b/memory.max", "max\n");
	limit_is("0::/a/b\n", 0);
	write_file("a/memory.max", "50000000\n");
	limit_is("0::/a/b\n", 50000000);
	write_file("a/b/memory.max", "60000000\n");
	limit_is("0::/a/b\n", 50000000);
	write_file("a/b/memory.max", "4096\n");
	limit_is("0::/a/b\n", 4096);
	limit_is("0::/a", 50000000);
	limit_is("0::/\n", 0);
	write_file("memory.max", "1000000\n"); /* what a container has for its root */
	limit_is("0::/\n", 1000000);
	end();
}
END_TEST

START_TEST(version_1)
{
	begin();
	make("memory");
	make("memory/a");
	write_file("memory/memory.limit_in_bytes", "9223372036854771712\n");
	limit_is("9:cpu,cpuacct:/a\n8:memory:/a\n0::/\n", 0);
	write_file("memory/a/memory.limit_in_bytes", "70000000\n");
	limit_is("9:cpu,cpuacct:/a\n8:memory:/a\n0::/\n", 70000000);
	limit_is("9:hugetlb,memory:/a\n", 70000000);
	limit_is("9:memory2:/a\n", 0);
	end();
}
END_TEST

START_TEST(nonsense)
{
	static const char *const lines[] = {
		"", "\n\n", ":", "::", "0:", "memory:/a", "1:memory", "0::\n0::", "0::a"};
	char *path = malloc(2 * PATH_MAX);

	begin();
	for (size_t i = 0; i < LENGTH(lines); i++)
		limit_is(lines[i], 0);
	memset(path, 'x', 2 * PATH_MAX);
	memcpy(path, "0::/", 4);
	path[PATH_MAX - 2] = '\0';
	limit_is(path, 0);
	expect(ma_cgroup_limit("/nonexistent/self", root) == 0);
	free(path);
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {version_2, version_1, nonsense};

	return unit_run("cgroup", tests, LENGTH(tests));
}
