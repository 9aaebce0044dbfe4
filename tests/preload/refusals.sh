#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Whole programs on libma, to which the system refuses memory at the n-th call that libma makes: this one alone, the
# ten from there on, or all. They end by their own means, and never by a fault of libma's; the one that is ours
# (persists.c) goes on, and ends well.
#
# Every n is for REFUSALS=all (make check-exhaustion); without it they are a sample.

. "${0%/*}/common"

: "${REFUSALS=some}"
step=2 # of the sample: n grows by so many eighths
[ -z "${MA_TEST_SHORT-}" ] || step=8
options= # MA_OPTIONS

# shellcheck disable=SC2086 # lists
$CC $CFLAGS -std=gnu17 -D_GNU_SOURCE -fPIC -shared -pthread "$MA_SRCDIR/tests/preload/refuse.c" -o refuse.so $LDFLAGS ||
	{ echo 'refuse.c does not compile' && exit 1; }

# refused RANGE COMMAND...: sets status, and what refuse.c has recorded.
refused() {
	range=$1
	shift
	dd if=/dev/zero of=record bs=40 count=1 2>/dev/null
	timeout 60 env REFUSE="$range" REFUSE_RECORD=record MA_OPTIONS="$options" LD_PRELOAD="$preload:./refuse.so" "$@" \
		>out 2>err </dev/null
	status=$?
	# shellcheck disable=SC2046 # five numbers
	set -- $(od -An -v -t u8 record)
	calls=$1 faults=$3 damaged=$4 checked=$5
}

# judge COMMAND...: prints what is wrong in the way it ended.
judge() {
	case $range:$status in
	0:*) [ "$status" -eq 0 ] || wrong "exit status $status, with nothing refused" "$@" ;;
	*:124) wrong 'it hangs' "$@" ;;
	esac
	[ "$faults" -eq 0 ] || wrong 'a fault inside libma' "$@"
	[ "$damaged" -eq 0 ] || wrong 'ma_check() finds a fault in the heap' "$@"
	! grep '^libma: ' err | grep -qv 'no address space for guarded objects$' || wrong 'libma reports a fault' "$@"
	[ -z "$must" ] || [ "$status" -eq 0 ] || wrong "exit status $status" "$@"
}

wrong() {
	echo "$1; refused: $range; command: $options $2 ${3-}; it printed: $(tail -n 3 err)"
}

# endure COMMAND...: all of that, for every n or a sample.
endure() {
	refused 0 "$@"
	judge "$@"
	# shellcheck disable=SC2154 # `refused` has set it
	[ "$checked" -gt 0 ] || wrong 'the heap was not looked at' "$@"
	all=$calls n=1 turn=0 runs=0 well=0 own=0
	while [ "$n" -le "$all" ]; do
		case $REFUSALS:$turn in
		all:*) ranges="$n $n-$((n + 9)) $n-" ;;
		*:0) ranges=$n ;;
		*:1) ranges=$n-$((n + 9)) ;;
		*) ranges=$n- ;;
		esac
		for range in $ranges; do
			refused "$range" "$@"
			judge "$@"
			runs=$((runs + 1))
			[ "$status" -ne 0 ] || well=$((well + 1))
			[ "$status" -ne 139 ] || own=$((own + 1))
		done
		turn=$(((turn + 1) % 3))
		[ "$REFUSALS" = all ] || n=$((n + n * step / 8))
		n=$((n + 1))
	done
	echo "$options $1 ${2-}: $all calls, $runs runs: $well ended well, $((runs - well)) gave up, $own of them by a fault of their own" >&2
}

# Ours, in several modes: their memory may be refused too.
ours() {
	must=yes
	[ "$MA_THREADS" = 1 ] || export PERSISTS_ALONE=1
	build persists -I"$MA_SRCDIR/include" || echo 'persists.c does not compile'
	endure ./persists
	step=$((step * 4))
	for options in guard=50,guard_rate=0 sites=1,free_sites=1 redzone=1,quarantine=1M,shuffle=1; do
		endure ./persists
	done
	step=$((step / 4)) options=
}

programs() {
	must=
	awk 'BEGIN { srand(7); for (i = 0; i < 20000; i++) printf "%d line %d\n", rand() * 1e6, i }' >lines
	endure sort -n -S 2M lines
	have sqlite3 && endure sqlite3 :memory: 'create table t(a, b);
		with recursive n(i) as (values(1) union all select i + 1 from n where i < 3000)
		insert into t select i * 7 % 1009, hex(i) from n; create index x on t(b); select sum(a), max(b) from t;'
	# shellcheck disable=SC2016 # for perl
	have perl && endure perl -e 'for my $n (1 .. 9000) { $h{$n % 900} .= "x$n"; } print length(join(",", %h)), "a" x 3000000 =~ tr/a//;'
	# What `python3` names may be a script that finds it.
	have python3 && endure "$(python3 -c 'import sys; print(sys.executable)')" -S -c '
d = {str(i): [i] * (i % 50) for i in range(3000)}
try:
    b = bytearray(9 << 20)
except MemoryError:
    b = b""
print(len(d), len(b))'
	printf '#include <stdlib.h>\nint main(void) { return abs(-1) - 1; }\n' >program.c
	have gcc && endure gcc -O1 -S -o /dev/null program.c
}

clean ours
clean programs

# Each kind of fault shows.
cat >bad.c <<'END'
#include <stdlib.h>
#include <string.h>
int ma_stats(void *stats);
int main(int argc, char **argv)
{
	char *p = malloc(20000);
	switch (argc > 1 ? *argv[1] : 0) {
	case 'f':
		free(p + 16);
		break;
	case 's':
		ma_stats((void *)8);
		break;
	case 'd':
		memset(p + 20000, 1, 100);
		break;
	case 'n':
		return p == NULL;
	}
	return 0;
}
END
# shellcheck disable=SC2086 # lists
$CC $CFLAGS -fno-builtin bad.c -o bad $LDFLAGS "$preload" -Wl,-rpath,"${preload%/*}" 2>/dev/null || echo 'bad.c does not compile'
single() {
	must=yes
	refused "$@"
	shift
	judge "$@"
}
planted 'libma reports a fault' single 0 ./bad f
planted 'a fault inside libma' single 0 ./bad s
planted 'finds a fault in the heap' single 0 ./bad d
planted 'exit status 1; refused: 1-' single 1- ./bad n
planted 'it hangs' single 1 sh -c 'exit 124'

exit $failed
