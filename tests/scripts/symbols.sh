#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The functions of include/ma.h, the symbol maps and what the built libraries export are the same;
# libma.a takes no name outside ma_; the shared libraries need libc alone.

. "${0%/*}/common"

[ "$MA_SANITIZER" = no ] || skip 'a sanitized library has symbols of the sanitizer'

header=$MA_SRCDIR/include/ma.h
map=$MA_SRCDIR/src/libma.map
preload_map=$MA_SRCDIR/src/libma-preload.map
libs=$MA_BUILDDIR/.libs

declared() {
	sed -n '/^static/d; /^typedef/d; s/^[a-z][a-z_ ]*[ *]\(ma_[a-z0-9_]*\)(.*/\1/p' "$1" | sort
}

# How C++ mangles this machine's size_t.
case $(echo __SIZEOF_SIZE_T__ | $CC -E -P -) in
4) size_t=j ;;
*) size_t=m ;;
esac

mapped() {
	sed -n '/^global:/,/^local:/s/^[[:space:]]*\([][A-Za-z0-9_]*\);.*/\1/p' "$1" |
		sed "s/\[jm\]/$size_t/" | sort
}

exported() {
	$NM -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

# same WHAT LIST OTHER-WHAT OTHER-LIST: two lists of names, which are not empty.
same() {
	[ -n "$2" ] || echo "$1 has no names"
	printf '%s\n' "$2" >"$scratch/one"
	printf '%s\n' "$4" >"$scratch/other"
	comm -23 "$scratch/one" "$scratch/other" | sed "s|.*|& is in $1, not in $3|"
	comm -13 "$scratch/one" "$scratch/other" | sed "s|.*|& is in $3, not in $1|"
}

strangers() {
	$NM -g --defined-only "$1" | awk -v lib="${1##*/}" \
		'NF == 3 && $3 !~ /^ma_/ { print $3 " of " lib " does not begin with ma_" }'
}

# Libraries other than libc and its loader that a shared library asks for.
needs() {
	$READELF -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
		grep -Ev '^(libc|ld-linux.*)\.' | sed "s|.*|${1##*/} needs &|"
}

# Locks and atomic instructions, as x86 spells them; a library for one thread has none.
atomics() {
	$NM -u "$1" | sed -n "s|.* \(pthread_[a-z_]*\).*|${1##*/} calls \1|p"
	$OBJDUMP -d --no-show-raw-insn "$1" |
		sed -En "/\t(lock |xchg .*\()/s|^ *([0-9a-f]*):(.*)|${1##*/} has an atomic at \1:\2|p"
}

clean same "$header" "$(declared "$header")" "$map" "$(mapped "$map")"
clean same "$preload_map's ma_ part" "$(mapped "$preload_map" | grep '^ma_')" "$map" "$(mapped "$map")"
if [ -e "$libs/libma.so" ]; then
	clean same libma.so "$(exported "$libs/libma.so")" "$map" "$(mapped "$map")"
	clean needs "$libs/libma.so"
	soname=$($READELF -d "$libs/libma.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
	[ "$soname" = libma.so.0 ] || { echo "libma.so has the SONAME '$soname'" && failed=1; }
fi
if [ -e "$libs/libma-preload.so" ]; then
	clean same libma-preload.so "$(exported "$libs/libma-preload.so")" \
		"$preload_map" "$(mapped "$preload_map")"
	clean needs "$libs/libma-preload.so"
fi
[ ! -e "$libs/libma.a" ] || clean strangers "$libs/libma.a"
if [ "$MA_THREADS" = 0 ]; then
	for lib in "$libs"/libma.so "$libs"/libma-preload.so; do
		[ ! -e "$lib" ] || clean atomics "$lib"
	done
fi

cat >"$scratch/plant.c" <<-'END'
	#include <pthread.h>
	int stranger(int *p)
	{
		return __atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST) + pthread_mutex_lock((void *)p);
	}
END
$CC -O2 -fPIC -c "$scratch/plant.c" -o "$scratch/plant.o"
$CC -shared "$scratch/plant.o" -o "$scratch/plant.so" -Wl,--no-as-needed -lm
sed 's/^\tma_walk;/\tma_wlak;/' "$map" >"$scratch/map"
planted '^ma_walk is in the header' same 'the header' "$(declared "$header")" map "$(mapped "$scratch/map")"
planted '^ma_wlak is in map' same 'the header' "$(declared "$header")" map "$(mapped "$scratch/map")"
planted '^stranger is in plant.so' same plant.so "$(exported "$scratch/plant.so")" map "$(mapped "$map")"
planted '^stranger of plant.o' strangers "$scratch/plant.o"
planted '^plant.so needs libm' needs "$scratch/plant.so"
planted '^plant.so calls pthread_mutex_lock$' atomics "$scratch/plant.so"
case $($CC -dumpmachine) in
x86_64-*) planted '^plant.so has an atomic at' atomics "$scratch/plant.so" ;;
esac

exit $failed
