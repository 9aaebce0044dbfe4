#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma memory PID: where a process's memory is, against what the process did and what the kernel says.

. "${0%/*}/common"
. "$MA_SRCDIR/tests/tools/live-common.sh"

for program in "$ma run $plain" "$whole"; do
	# shellcheck disable=SC2086 # words
	start $program idle 24
	expect 0 "^memory of process $pid \\(live-(plain|static)\\)$" '' "$ma" memory $pid
	for row in "libma's heap" '  in use' '    slots of slabs' '  free' '  headers' "the program's code" \
		"libraries' code" 'stacks of threads' "the C library's own" "the kernel's" 'all'; do
		grep -q "^$row  *[0-9.]* [KMGT]*i*B " out || wrong "no row '$row'" "$ma" memory
	done
	awk 'length > 79 { exit 1 }' out || wrong 'too wide for a terminal' "$ma" memory
	expect 0 '^\{"process": ' "^ma: process $pid stood still" "$ma" memory -v --format=json $pid
	if command -v python3 >/dev/null; then
		python3 - out $pid <<'END' || failed=1
import json, sys
memory = json.load(open(sys.argv[1]))
sources, heap, whole = memory["sources"], memory["heap"], memory["all"]
MB = 1 << 20

# What the program did: 24 MB in objects, of which every third was freed.
assert 10 * MB < heap["in_use"]["size"] < 30 * MB, heap["in_use"]
assert heap["free"]["size"] > 4 * MB, heap["free"]
assert heap["objects"] > 10000, heap["objects"]

# The heap is its parts, and all is the sum of the sources.
parts = heap["in_use"]["size"] + heap["free"]["size"] + heap["headers"]["size"]
assert abs(parts - sources["heap"]["size"]) <= sources["heap"]["size"] // 100, (parts, sources["heap"])
for column in "size", "resident", "private", "shared", "swapped":
    assert sum(source[column] for source in sources.values()) == whole[column], column

# What the kernel says.
kernel = {}
for line in open("/proc/%s/smaps_rollup" % sys.argv[2]):
    words = line.split()
    if len(words) == 3 and words[2] == "kB":
        kernel[words[0]] = int(words[1]) * 1024
for column, names in (("resident", ("Rss:",)), ("private", ("Private_Clean:", "Private_Dirty:")),
                      ("shared", ("Shared_Clean:", "Shared_Dirty:")), ("swapped", ("Swap:",))):
    said = sum(kernel[name] for name in names)
    assert abs(said - whole[column]) <= MB // 4, (column, said, whole[column])
assert sources["stacks"]["resident"] > 0 and sources["program_code"]["resident"] > 0
END
	fi
	finish 0 memory
done

# Threads have stacks, files are files, and what the program maps itself is its own.
cat >maps.c <<'END'
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *rest(void *arg)
{
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	size_t mb = 1 << 20;
	pthread_t thread;
	char byte;
	char *fenced = mmap(NULL, 5 * mb, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *image = mmap(NULL, 9 * mb, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int core = open(argv[1], O_RDONLY);

	/* By itself, as the kernel makes one of it and a thread's stack that happens to lie beside it. */
	mprotect(fenced + mb, 3 * mb, PROT_READ | PROT_WRITE);
	memset(fenced + mb, 1, 3 * mb);
	memset(mmap(NULL, 5 * mb, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 1, 5 * mb);
	if (mmap(NULL, 7 * mb, PROT_READ, MAP_PRIVATE, open(argv[argc - 1], O_RDONLY), 0) == MAP_FAILED)
		return 1;
	/* As SBCL does: its heap, kept in a file, of which the header is not mapped, and behind it what it has grown by. */
	mmap(image, mb, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, core, 2 * mb);
	mmap(image + mb, mb, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, core, mb);
	mprotect(image + 2 * mb, 6 * mb, PROT_READ | PROT_WRITE);
	memset(image + 2 * mb, 1, 6 * mb);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, rest, NULL);
	if (write(1, "ready\n", 6) != 6)
		return 1;
	return read(0, &byte, 1) != 0;
}
END
if [ "$MA_THREADS" = 1 ]; then
	$CC -O1 -pthread maps.c -o maps || exit 99
	head -c 7340032 /dev/zero >file
	cp file core
	start "$ma" run ./maps core file
	expect 0 '*' '' "$ma" memory --format=json $pid
	python3 - out <<'END' || failed=1
import json, sys
sources = json.load(open(sys.argv[1]))["sources"]
MB = 1 << 20
assert 9 * MB <= sources["anonymous"]["resident"] < 10 * MB, sources["anonymous"]
assert 5 * MB <= sources["shared_memory"]["resident"] < 6 * MB, sources["shared_memory"]
assert 9 * MB <= sources["files"]["size"], sources["files"]
assert sources["files"]["resident"] < 2 * MB, sources["files"]
assert sources["stacks"]["size"] > 4 * MB, sources["stacks"]
END
	finish 0 maps
fi

# Guarded objects are the heap's.
start env MA_OPTIONS=guard=all "$ma" run "$plain" leaky
expect 0 '^    guarded objects  *[0-9.]* [KM]iB ' '' "$ma" memory $pid
finish 0 guarded

expect 2 '' '^ma memory: no PID given' "$ma" memory
expect 2 '' "^ma memory: --format is text or json, not 'xml'" "$ma" memory --format=xml 1
expect 125 '' '^ma: there is no process 999999999$' "$ma" memory 999999999

exit $failed
