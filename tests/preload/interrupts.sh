#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Signal handlers that have interrupted malloc or free, in programs that know nothing of libma, and in some that do: they
# allocate and free, and they leave in other ways than by returning.

. "${0%/*}/common"

# In programs linked to libma.so: what they call is then the preload library's.
allocating() {
	# shellcheck disable=SC2086 # lists
	$CC $CFLAGS -std=gnu17 -D_GNU_SOURCE -pthread -I"$MA_SRCDIR/include" "$MA_SRCDIR/tests/stress/signals.c" \
		-o signals -L"$MA_BUILDDIR/.libs" -lma -Wl,-rpath,"$MA_BUILDDIR/.libs" $LDFLAGS 2>err ||
		echo "signals.c does not compile: $(tail -n 3 err)"
	for options in '' hardened=1 sites=1 guard=20,fill=1; do
		on_libma env MA_OPTIONS="$options" timeout 60 ./signals preloaded >out 2>err ||
			echo "signals with options '$options': exit status $?: $(tail -n 3 err)"
	done
}

leaving() {
	build interrupts || echo 'interrupts.c does not compile'
	for how in left ends forks; do
		on_libma "${@-env}" timeout 60 ./interrupts "$how" >out 2>err || echo "$how: exit status $?: $(tail -n 3 err)"
	done
}

# The same in a program that calls libma's functions, and that nothing is preloaded for.
leaving_linked() {
	# shellcheck disable=SC2086 # lists
	$CC $CFLAGS -std=gnu17 -D_GNU_SOURCE -pthread -I"$MA_SRCDIR/include" -include stdlib.h -include ma.h \
		-Dmalloc=ma_malloc -Dfree=ma_free "$MA_SRCDIR/tests/preload/interrupts.c" -o linked \
		-L"$MA_BUILDDIR/.libs" -lma -Wl,-rpath,"$MA_BUILDDIR/.libs" $LDFLAGS 2>err ||
		echo "interrupts.c does not compile: $(tail -n 3 err)"
	for how in left ends forks; do
		timeout 60 ./linked "$how" >out 2>err || echo "linked, $how: exit status $?: $(tail -n 3 err)"
	done
}

if [ "$MA_THREADS" != 1 ]; then
	skip 'the programs have threads'
fi
clean allocating
clean leaving
clean leaving_linked
# Without it the same programs break.
planted 'left: exit status' leaving env MA_OPTIONS=sigaction=1

exit $failed
