#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs of ours, written for glibc's malloc, do the same on libma.

. "${0%/*}/common"

# family: the whole interface.
family() {
	build family || echo 'family.c does not compile'
	works ./family
	EXPECT_LIBMA=1 on_libma ./family >libma.out || echo 'family does not run on libma'
}

# Odd times, other users of the break.
odd() {
	for program in early strangers; do
		build "$program" || echo "$program.c does not compile"
		works "./$program"
	done
}

# The same where modes are asked for, which begin when there are objects already.
odd_in_modes() {
	for options in redzone=1 redzone=1,quarantine=1M,shuffle=1,fill=5 hardened=1 guard=1 sites=1,free_sites=1 limit=100M; do
		MA_OPTIONS=$options on_libma ./early >out 2>&1 || echo "early with $options: exit status $?: $(head -n 3 out)"
	done
}

# A fault's report says where the object was allocated and freed, if sites are kept.
fault() {
	MA_OPTIONS=$1 on_libma ./twice >out 2>&1
	echo "exit status $?: $(cat out)" | tr '\n' ' '
}

# No memory: by limits that the program sets, and by its shell's.
exhausted() {
	build exhausted || echo 'exhausted.c does not compile'
	works ./exhausted as
	works ./exhausted data
	on_libma sh -c 'ulimit -v 180000; ./exhausted' >out 2>&1 || echo "exhausted with ulimit -v: $(head -n 3 out)"
}

# Without huge pages, if the process was told so; the kernel says it since Linux 5.0.
huge_pages() {
	grep -q '^THP_enabled:' /proc/self/status || return 0
	MA_OPTIONS=huge_pages=$1 on_libma sh -c 'cat /proc/$$/status' >out
	grep -qx "THP_enabled:[[:space:]]*$1" out || echo "huge_pages=$1, and $(grep THP_enabled out)"
}

operators() {
	if [ -z "$CXX" ] || ! "$CXX" --version >/dev/null 2>&1; then
		echo 'skipped: there is no C++ compiler here' >&2
		return
	fi
	# shellcheck disable=SC2086 # a list
	"$CXX" $CXXFLAGS -std=c++17 -fsized-deallocation -pthread "$MA_SRCDIR/tests/preload/operators.cc" -o operators ||
		echo 'operators.cc does not compile'
	works ./operators
}

: "${CXXFLAGS=-O2}"
clean family
clean odd
clean odd_in_modes
clean exhausted
clean huge_pages 0
clean huge_pages 1
clean operators

# shellcheck disable=SC2016 # for the shell that is run
planted 'exit status 134 on libma, 0 without' works sh -c '[ -z "$LD_PRELOAD" ] || { echo "not so" >&2; kill -ABRT $$; }'
printf '#include <stdlib.h>\nint main(void) { char *volatile p = malloc(123); free(p); free(p); return 0; }\n' >twice.c
$CC -w -fno-builtin -o twice twice.c
planted '^exit status 134: libma: double free: .*libma: allocated as 123 bytes by thread .*libma: freed:' fault sites=1,free_sites=1
planted '^exit status 134: libma: double free: ' fault sites=0

printf 'int main(void) { return 5; }\n' >early.c && $CC -o early early.c
planted 'early with redzone=1: exit status 5' odd_in_modes

exit $failed
