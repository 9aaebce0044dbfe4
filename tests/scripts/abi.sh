#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The shared library still has every function of packaging/libma.abi, and their types are as they were: programs
# built against the release that the file was made from go on working. A new function is no fault.

. "${0%/*}/common"

baseline=$MA_SRCDIR/packaging/libma.abi
library=$MA_BUILDDIR/.libs/libma.so

command -v abidiff >/dev/null || skip 'abidiff is not installed (abigail-tools)'
[ "$MA_SANITIZER" = no ] || skip 'a sanitized library has symbols of the sanitizer'
[ -e "$library" ] || skip 'there is no shared library in this build'
[ "$($READELF -h "$library" | grep -c -e 'Class: *ELF64$' -e 'Machine:.*X86-64$')" -eq 2 ] ||
	skip 'the baseline is that of x86-64'
$READELF -S "$library" | grep -qF .debug_info || skip 'this build has no debug information'

# compatible BASELINE LIBRARY
compatible() {
	abidiff --no-added-syms "$1" "$2" >"$scratch/report" 2>&1 && return
	echo 'The binary interface has changed. If that is meant (see docs/releasing.md), run make update-abi.'
	cat "$scratch/report"
}

clean compatible "$baseline" "$library"

# A library of two functions, and what may become of it.
# release NAME STRUCT-MEMBERS FUNCTIONS
release() {
	mkdir -p "$scratch/$1"
	printf 'struct place { %s };\nint one(struct place *place);\n' "$2" >"$scratch/$1/one.h"
	printf '#include "one.h"\nint one(struct place *place) { return place->kind; }\n%s\n' "$3" >"$scratch/$1/one.c"
	$CC -g -shared -fPIC -o "$scratch/$1/libone.so" "$scratch/$1/one.c"
}
release old 'int kind; void *address;' 'int two(void) { return 2; }'
sh "$MA_SRCDIR/packaging/abi" "$scratch/old/libone.so" "$scratch/old" >"$scratch/old.abi"
release more 'int kind; void *address;' 'int two(void) { return 2; } int three(void) { return 3; }'
clean compatible "$scratch/old.abi" "$scratch/more/libone.so"
release less 'int kind; void *address;' ''
planted 'two()' compatible "$scratch/old.abi" "$scratch/less/libone.so"
release other 'void *address; int kind;' 'int two(void) { return 2; }'
planted 'address.*offset changed' compatible "$scratch/old.abi" "$scratch/other/libone.so"
release long 'int kind; void *address; long size;' 'int two(void) { return 2; }'
planted 'size changed' compatible "$scratch/old.abi" "$scratch/long/libone.so"

exit $failed
