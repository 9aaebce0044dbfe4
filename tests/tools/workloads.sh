#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma-workload: every workload ends well, does the same work each time, and finds out an allocator that damages
# its data; and what is said of a command line that makes no sense.

. "${0%/*}/common"

workload=$MA_BUILDDIR/bench/ma-workload

[ "$MA_SANITIZER" = no ] || skip 'a sanitizer has a malloc of its own'

# Each workload in each of its kinds, with little to do.
"$workload" list >listing || wrong "no list" cat listing
sed -n '/^[a-z]*: /{ s/: .*//; h; p; }
	/=[a-z]*|/{ G; s/^ *\([a-z]*\)=\([a-z|]*\)\n\(.*\)/\3 \1 \2/p; }' listing |
	while read -r name parameter choices; do
		[ -n "$parameter" ] || { echo "$name" && continue; }
		echo "$choices" | tr '|' '\n' | sed "s/^/$name $parameter=/"
	done | sort -u >calls
[ "$(wc -l <calls)" -ge 20 ] || wrong 'few workloads' cat calls

# checksum WORKLOAD [PARAMETER=VALUE...]
checksum() {
	"$workload" "$@" 2>&1 | sed -n 's/^checksum *//p'
}

while read -r name parameter; do
	set -- "$name" ${parameter:+"$parameter"} scale=1
	[ "$name" != burst ] || set -- "$@" milliseconds=1
	[ "$name" != growth ] || set -- "$@" mebibytes=800
	expect 0 '^checksum +[0-9a-f]{16}$' '' "$workload" "$@"
	first=$(checksum "$@")
	second=$(checksum "$@")
	[ "${first:-none}" = "$second" ] || wrong "checksums $first and $second" "$workload" "$@"
done <calls
expect 0 '^malloc from /.*libc' '' "$workload" probe

expect 2 '' '^ma-workload: give a workload' "$workload"
expect 2 '' "^ma-workload: there is no workload 'nosuch'" "$workload" nosuch
expect 2 '' "^ma-workload: there is no parameter 'nosuch' here" "$workload" pair nosuch=1
expect 2 '' "^ma-workload: 'pairs' is not PARAMETER=VALUE" "$workload" pair pairs
expect 2 '' "^ma-workload: pairs is a number, not 'x'" "$workload" pair pairs=x
expect 2 '' "^ma-workload: shape is one of .*, not 'square'" "$workload" churn shape=square
expect 1 '' '^ma-workload: sizes are 8 bytes at least' "$workload" churn smallest=1
expect 1 '' '^ma-workload: sizes are 8 bytes at least' "$workload" blocks smallest=9000 largest=8999
expect 1 '' '^ma-workload: live is a number from 1 to 4096' "$workload" blocks live=0

# An allocator that hands out memory twice: the planted fault that every workload is there to find.
cat >twice.c <<'END_C'
#include <stddef.h>
#include <string.h>
static _Alignas(4096) char memory[1 << 24];
static size_t used;
void free(void *p) { (void)p; }
void *aligned_alloc(size_t a, size_t n) {
	used = (used + a - 1) / a * a;
	if (used + n > sizeof memory || used > 100000) used = 0;
	used += n;
	return memory + used - n;
}
void *malloc(size_t n) { return aligned_alloc(16, n); }
void *calloc(size_t n, size_t m) { return memset(malloc(n * m), 0, n * m); }
void *realloc(void *p, size_t n) { void *q = malloc(n); return p ? memmove(q, p, n) : q; }
int posix_memalign(void **p, size_t a, size_t n) { *p = aligned_alloc(a, n); return 0; }
END_C
# shellcheck disable=SC2086 # flags
if $CC -fno-builtin -shared -fPIC -o twice.so twice.c 2>err; then
	for name in churn pareto aligned drift; do
		expect 1 '' '^ma-workload: the object at 0x[0-9a-f]+ was overwritten$' \
			env LD_PRELOAD="$scratch/twice.so" "$workload" $name scale=1
	done
	expect 1 '' '^ma-workload: ' env LD_PRELOAD="$scratch/twice.so" "$workload" growth kind=string scale=1
else
	wrong 'no library' "$CC"
fi

# One that has malloc, but not all that goes with it.
echo '#include <stddef.h>
static char memory[1 << 20]; static size_t used;
void *malloc(size_t n) { used += (n + 15) / 16 * 16; return memory + used - (n + 15) / 16 * 16; }
void free(void *p) { (void)p; }' >half.c
$CC -fno-builtin -shared -fPIC -o half.so half.c || wrong 'no library' "$CC"
expect 1 '' "^ma-workload: malloc comes from '.*/half.so', but calloc from '.*libc" \
	env LD_PRELOAD="$scratch/half.so" "$workload" pair pairs=1

exit $failed
