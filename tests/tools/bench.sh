#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma bench: what it measures and writes, that it finds out what is no allocator or no good one, and what it says
# of a command line that it does not understand.

. "${0%/*}/common"

mkdir tmp
TMPDIR=$scratch/tmp
export TMPDIR
export TERM=xterm
unset NO_COLOR

# bench ARGUMENT...: one short run of each.
bench() {
	"$ma" bench --quick --runs=1 --allocators=glibc "$@"
}

# Tables.

expect 0 '^libma [0-9.]+ and 1 other, 1 run each' '' bench --only=churn-lifo,calloc-huge
for row in '^wall time: glibc.s own' '^peak resident memory: ' '^ +glibc +libma$' '^churn-lifo +[0-9.]+ s +[0-9.]+ +$' \
	'^calloc-huge +[0-9.]+ MiB' '^mean, all +1.00 +[0-9.]+' '^libma +[0-9.]+ +#+' '^  wall time +all +[0-9.]+ of glibc'; do
	matches out "$row" || wrong "no line '$row'" bench --only=churn-lifo,calloc-huge
done
! grep -q "$(printf '\033')" out || wrong 'colours in a file' bench
expect 0 '^system calls for memory: ' '' bench --only=tiny --metrics=calls
matches out '^tiny +[0-9]+ +[0-9.]+ +$' || matches out '^tiny +- +- *$' || wrong 'no system calls' bench
expect 0 '^  malloc, 99.9 % ' '' bench --only=latency
expect 0 '^  still resident after a burst$' '' bench --only=burst
expect 0 '^  resident over live memory$' '' bench --only=drift
expect 0 '^  time beside many free blocks over few$' '' bench --only=blocks
# It makes the free blocks that it speaks of.
if [ "$MA_STATS$MA_THREADS" = 11 ]; then
	timeout 3 env MA_OPTIONS=stats=stats,stats_every=1 LD_PRELOAD="$MA_BUILDDIR/.libs/libma-preload.so" \
		"$MA_BUILDDIR/bench/ma-workload" blocks few=5000 pairs=1000000000000
	matches stats '^libma: +free blocks .* in 500[0-9] blocks' || wrong 'not 5000 free blocks' cat stats
fi
expect 0 '^pair +[0-9.]+ s +[0-9.]+~\.[0-9]{2}$' '' \
	"$ma" bench --quick --runs=2 --allocators=glibc --no-trace --only=pair

# Files.

expect 0 '*' '' "$ma" bench --quick --runs=3 --allocators=glibc --only=churn-fifo,pareto,tiny \
	--json=a.json --csv=a.csv --html=a.html
[ "$(wc -l <a.csv)" -eq 19 ] || wrong 'not a line for each run' cat a.csv
[ "$(awk -F, '{ print NF }' a.csv | sort -u | wc -l)" -eq 1 ] || wrong 'columns differ' cat a.csv
for part in '<!DOCTYPE html>' 'prefers-color-scheme:dark' '<svg' 'churn-fifo' '</html>'; do
	grep -q -e "$part" a.html || wrong "no $part" cat a.html
done
! grep -E '<script|(src|href)=|url\(|nan|inf' a.html || wrong 'not self-contained, or not a number' cat a.html
if command -v python3 >/dev/null; then
	python3 "$MA_SRCDIR/tests/tools/bench-figures.py" a.json a.csv || failed=1
	sed 's/\("median": {"wall": \)/\11/' a.json >b.json
	python3 "$MA_SRCDIR/tests/tools/bench-figures.py" b.json a.csv 2>/dev/null &&
		wrong 'the check of figures found no planted fault' cat b.json
fi
expect 0 '^pair,small,libma,1,0\.' '' bench --only=pair --csv=-
expect 2 '' '^ma: only one of --csv, --html and --json can go to standard output$' bench --only=pair --csv=- --json=-
# One that can't be written does not take the others with it, nor the tables; that there is no folder is told first.
if [ -c /dev/full ]; then
	expect 125 '^pair ' "^ma: can't write '/dev/full': No space left" bench --only=pair --json=/dev/full --csv=b.csv --html=b.html
	{ grep -q '^pair,' b.csv && grep -q '</html>' b.html; } || wrong 'not written' bench --json=/dev/full --csv=b.csv
fi
mkdir gone
expect 2 '' "^ma: --csv: can't write 'x.csv': No such file or directory$" \
	sh -c "cd gone && rmdir ../gone && exec $ma bench --only=pair --csv=x.csv"
# What results would take the place of stays until there are any.
echo kept >kept.csv
timeout -s INT 1 "$ma" bench --only=small --csv=kept.csv --json=new.json >out 2>err
grep -q kept kept.csv || wrong 'the old results are gone' bench --csv=kept.csv
[ ! -e new.json ] || wrong 'empty results' bench --json=new.json

# The user's own program.

expect 0 '^command +[0-9.]+ s +[0-9.]+ ' '' bench sort /dev/null
expect 1 '^failed: command, glibc: exit status 3: a reason$' '' bench sh -c 'echo a reason >&2; exit 3'
expect 1 '^failed: command, libma: killed by signal 15' '' bench -- sh -c 'kill -TERM $$'
expect 1 '^failed: command, libma: took longer than 1 s$' '' bench --time-limit=1 sleep 9
expect 2 '' "^ma: can't run 'nosuch-program': No such file" bench nosuch-program
# What it says is shown, and not obeyed.
expect 1 '^failed: command, glibc: exit status 3: a\\x1b\[31m\\x07\\xff$' '' \
	bench sh -c 'printf "a\033[31m\007\377\n" >&2; exit 3'
# And not kept without an end, on the disk.
for stream in 1 2; do
	expect 1 '^failed: command, libma: printed more than 256 MiB: send that to /dev/null' '' \
		bench --time-limit=30 sh -c "exec cat /dev/zero >&$stream"
done

# The order of the allocators: each comes equally often at each place, and after each other one.

# unfair ALLOCATORS FILE: which of them do not, of so many allocators in the file's lines of a run each.
unfair() {
	awk -v n="$1" '{
			round = int((NR - 1) / n); place = (NR - 1) % n
			at[$0 " at " place]++
			if (place > 0) after[$0 " after " last]++
			last = $0; names[$0]
		}
		END {
			if (NR == 0 || NR % n != 0) print NR " runs"
			for (a in names) {
				for (place = 0; place < n; place++)
					if (at[a " at " place] * n * n != NR) print a " at " place
				for (b in names)
					if (a != b && after[a " after " b] * n * n != NR) print a " after " b
			}
		}' "$2"
}

cp "$MA_BUILDDIR/.libs/libma-preload.so" b.so
cp b.so c.so
# order ROUNDS ALLOCATOR...: the order of the timed runs of libma and these is fair.
order() {
	rounds=$1
	shift
	: >order
	# shellcheck disable=SC2016 # for the shell inside
	expect 0 '*' '' "$ma" bench --runs="$rounds" --allocators=glibc --no-trace "$@" sh -c 'echo "${LD_PRELOAD##*/}" >>order'
	sed -i "1,$(($# + 2))d" order # the first look
	[ "$(wc -l <order)" -eq $((rounds * ($# + 2))) ] || wrong 'not all runs' cat order
	[ -z "$(unfair $(($# + 2)) order)" ] || wrong "$(unfair $(($# + 2)) order)" cat order
}
order 2
order 6 --lib=b=b.so
order 4 --lib=b=b.so --lib=c=c.so
printf '%s\n' a b c b c a c a b >order
[ "$(unfair 3 order | wc -l)" -eq 6 ] || wrong 'turns are taken for a fair order' cat order

# Proof: a program that the allocator does not serve, since it is static or has a malloc of its own.

cat >own.c <<'END_C'
#include <stddef.h>
static char memory[1 << 20];
static size_t used;
void *malloc(size_t n) { n = (n + 15) / 16 * 16; used += n; return memory + used - n; }
void free(void *p) { (void)p; }
void *calloc(size_t n, size_t m) { return malloc(n * m); }
void *realloc(void *p, size_t n) { (void)p; return malloc(n); }
#include <stdio.h>
int main(void) { puts("mine"); return 0; }
END_C
# shellcheck disable=SC2086 # flags
$CC -fno-builtin -rdynamic -o own own.c || wrong 'no program' "$CC"
expect 1 "^failed: command, libma: '.*' got [a-z]+ from '.*/own'" '' bench ./own
echo 'int main(void) { return 0; }' >static.c
if $CC -static -o static static.c 2>/dev/null; then
	expect 1 '^failed: command, libma: the dynamic loader gave malloc to none' '' bench ./static
fi

# And libraries that are no allocators, or no good ones.

other=$(sed -n 's|.* \(/.*/libc[.-].*\)|\1|p' /proc/self/maps | head -n 1)
other=$(find "${other%/*}"/ -maxdepth 1 -name 'libm.so.*' | head -n 1)
expect 2 '' "^ma: other='$other': it is no allocator" bench --lib=other="$other" --only=pair
expect 2 '' "^ma: text='.*': it is no allocator" bench --lib=text="$MA_SRCDIR/tests/tools/bench.sh" --only=pair
printf '#include <stdlib.h>\nvoid *malloc(size_t n) { (void)n; abort(); }\n' >bad.c
$CC -fno-builtin -shared -fPIC -o bad.so bad.c || wrong 'no library' "$CC"
expect 2 '' "^ma: bad='.*/bad.so': " bench --lib=bad=./bad.so --only=pair
mkdir 'a folder'
cp "$MA_BUILDDIR/.libs/libma-preload.so" 'a folder/ma:2.so'
expect 0 '^ +glibc +libma +second$' '' bench --lib=second='a folder/ma:2.so' --only=pair

# Command lines.

expect 0 '^  churn-random ' '' "$ma" bench --list
matches out "^  libma +/.*/libma-preload.so$" || wrong 'no allocators' "$ma" bench --list
expect 2 '' "^ma: there is no workload 'churn-radnom'; did you mean 'churn-random'\?$" bench --only=churn-radnom
expect 2 '' "^ma: there is no workload or group 'nosuch'; 'ma bench --list' shows all$" bench --only=pair,nosuch
expect 2 '' "^ma bench: --runs takes a number from 1 to 99, not '0'$" "$ma" bench --runs=0
expect 2 '' "^ma bench: --runs takes a number from 1 to 99, not '5x'$" "$ma" bench --runs=5x
expect 2 '' "^ma bench: --threads takes a number from 1 to 64, not '-1'$" "$ma" bench --threads=-1
expect 2 '' "^ma bench: --time-limit takes a number from 1 to 86400, not ''$" "$ma" bench --time-limit=
expect 2 '' "^ma bench: --html needs a file name$" "$ma" bench --html=
expect 2 '' "^ma bench: unrecognized option '--nosuch'$" "$ma" bench --nosuch
expect 2 '' "^ma: --json: can't write 'tmp': Is a directory$" bench --json=tmp --only=pair
expect 2 '' "^ma: --lib takes NAME=PATH, not 'x'$" bench --lib=x
expect 2 '' "^ma: --lib: can't read '/nosuch': No such file" bench --lib=x=/nosuch
expect 2 '' "^ma: --lib: '/' is not a readable file$" bench --lib=x=/
expect 2 '' "^ma: --lib: the name 'a b' should be" bench --lib='a b=/x'
expect 2 '' "^ma: --lib: for another file of libma's set MA_PRELOAD_LIB" bench --lib=libma=/x
expect 2 '' "^ma: --base: there is no allocator 'nosuch' here, only libma, glibc" bench --base=nosuch
expect 2 '' "^ma: --allocators: there is no allocator 'nosuch'" "$ma" bench --allocators=nosuch
expect 2 '' "^ma: --metrics: there is no metric 'nosuch'; there are: all, wall," bench --metrics=nosuch

# Where there is no room for files that do not stay, that is said, not taken for a fault of the program.
(ulimit -f 0; bench ls 2>&1; echo "status $?") | cat >out
: >err
matches out "^ma: can't write in the folder '/.*/ma-bench\.[^/]*': File too large$" || wrong 'no word of it' ulimit -f 0
matches out '^status 125$' || wrong 'not status 125' ulimit -f 0

# Closed standard files are not taken for its own.
for closed in '>&-' '<&- >&-'; do
	expect 125 '' "^ma: can't write to standard output: Bad file descriptor$" \
		sh -c "exec $ma bench --quick --runs=1 --allocators=glibc --csv=closed.csv sh -c 'echo x' $closed"
	grep -q '^command,.*,libma,1,0' closed.csv || wrong 'no results' "$ma" bench "$closed"
done

# Nothing is left behind, not even when it is interrupted.

for signal in TERM QUIT; do
	timeout -s $signal 2 "$ma" bench --allocators=glibc sleep 30 >out 2>err
	[ -z "$(ls tmp)" ] || wrong "left behind by SIG$signal: $(ls tmp)" bench
	rm -rf tmp/*
done
# What its caller has it ignore does not end it.
# shellcheck disable=SC2016 # for the shell inside
expect 0 '^command +[0-9.]+ s' '' sh -c 'trap "" HUP; "$1" bench --quick --runs=1 --allocators=glibc sleep 0.2 & sleep 0.3; kill -HUP $!; wait $!' sh "$ma"

exit $failed
