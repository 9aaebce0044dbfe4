#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What every program runs is linked before what few do: so a small program touches few pages of a library's text.

. "${0%/*}/common"

case " $CFLAGS $LDFLAGS " in *' -flto'*) skip 'with -flto the compiler chooses the order' ;; esac

every='front_alloc_slow front_free_slow thread_bind heap_alloc heap_free slab_refill block_alloc fit_find chunk_new
	limit_take options_read'
few='check walk stats heap_map leak_check text_flush guard_start unwind_start mode_start'

# order LIBRARY
order() {
	$NM "$1" | awk -v every="$every" -v few="$few" -v lib="${1##*/}" '
		BEGIN {
			split(every, name)
			for (i in name) first["ma_" name[i]]
			split(few, name)
			for (i in name) later["ma_" name[i]]
		}
		$2 !~ /^[Tt]$/ { next }
		$3 in first { seen++; if ($1 > last) { last = $1; last_name = $3 } }
		$3 in later { others++; if (next_at == "" || $1 < next_at) { next_at = $1; next_name = $3 } }
		END {
			if (seen == 0 || others == 0) print lib " has no such functions"
			else if (last > next_at) print lib ": " last_name " stands behind " next_name
		}'
}

checked=0
for library in "$MA_BUILDDIR"/.libs/libma.so "$MA_BUILDDIR"/.libs/libma-preload.so; do
	[ -e "$library" ] || continue
	clean order "$library"
	checked=1
done
[ $checked = 1 ] || skip 'no shared library was built'

cd "$scratch" || exit
echo 'int ma_slab_refill(void); int ma_slab_refill(void) { return 0; }' >every.c
echo 'int ma_check(void); int ma_check(void) { return 0; }' >few.c
$CC -fPIC -c every.c few.c
$CC -shared few.o every.o -o wrong.so
$CC -shared every.o few.o -o right.so
clean order right.so
planted '^wrong.so: ma_slab_refill stands behind ma_check$' order wrong.so
$CC -shared few.o -o none.so
planted 'none.so has no such functions$' order none.so

exit $failed
