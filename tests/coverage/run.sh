#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How much of src/ the tests run: make coverage. Builds the tree twice with gcov's counters, in a folder of its own (with
# threads; and without them, with counters on the fast paths), runs the library's tests and those of the preload library,
# and prints lines and branches of each file of src/, and of all. coverage/html has each line.
#
# Two scripts of tests/ can't run here: gcov's own code, which is part of libma-preload.so then, writes its counters with
# stdio, and fails where memory is refused (preload/refusals.sh) or where the heap is damaged on purpose (tools/live.sh).
#
# Fails if a test fails, or if too little is run.
#
# usage: run.sh SOURCES FOLDER     sources as `make distdir` lays them out
#        run.sh --table FILE       the table alone, of lcov's FILE
#
#   COVERAGE_TESTS   more tests on top of those of check-library; "" for none
#   COVERAGE_LEAST   "LINES BRANCHES": percentages below which it fails (95 85)

set -eu
LC_ALL=C
export LC_ALL
: "${COVERAGE_LEAST=95 85}"
: "${COVERAGE_TESTS=tests/leaks/leaks.sh tests/misuse/misuse.sh tests/misuse/cwe.sh tests/preload/own.sh
	tests/preload/processes.sh tests/preload/programs.sh tests/preload/limits.sh tests/tools/stats.sh
	tests/tools/run.sh tests/tools/leaks.sh tests/tools/leaks-live.sh tests/tools/memory.sh tests/tools/draw.sh}"
CC=${CC:-gcc}
# gcov's own fork() would forget what the child did inside of it.
counting='-fprofile-arcs -ftest-coverage -fprofile-update=atomic -fno-builtin-fork'

# table FILE: of each file of src/, and of all, from lcov's records. Fails if all is too little.
table() {
	awk -F '[:,]' -v least="$COVERAGE_LEAST" '
		function percent(hit, found) { return found ? 100 * hit / found : 100 }
		function line(name, lines, lines_hit, branches, branches_hit) {
			printf "%-32s %6.1f %% of %5d lines   %6.1f %% of %5d branches\n", name,
				percent(lines_hit, lines), lines, percent(branches_hit, branches), branches
		}
		/^SF:/ { file = substr($0, 4); sub(/.*\/src\//, "src/", file) }
		/^LF:/ { lf = $2 } /^LH:/ { lh = $2 } /^BRF:/ { bf = $2 } /^BRH:/ { bh = $2 }
		/^end_of_record/ {
			line(file, lf, lh, bf, bh)
			tlf += lf; tlh += lh; tbf += bf; tbh += bh
			lf = lh = bf = bh = 0
		}
		END {
			line("all", tlf, tlh, tbf, tbh)
			split(least, at, " ")
			if (tlf == 0 || percent(tlh, tlf) < at[1] || percent(tbh, tbf) < at[2]) {
				printf "coverage: below the %s %% of lines and %s %% of branches that are asked for\n", at[1], at[2]
				exit 1
			}
		}' "$1"
}
if [ "$1" = --table ]; then
	table "$2"
	exit
fi

sources=$(cd "$1" && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
for tool in lcov genhtml gcov; do
	command -v $tool >/dev/null || { echo "make coverage needs $tool: ./bootstrap coverage" >&2 && exit 1; }
done

quietly() {
	"$@" >"$folder/log" 2>&1 </dev/null || {
		tail -n 30 "$folder/log" >&2
		echo "coverage: failed: $*" >&2
		exit 1
	}
}

# built NAME TESTS CONFIGURE-ARGUMENT...: a build of that name, whose check-library has run, and TESTS if it has them.
built() {
	name=$1 more=$2
	shift 2
	mkdir "$folder/$name"
	cd "$folder/$name"
	quietly "$CC" -O1 -fPIC -c "$sources/tests/coverage/dump.c" -o dump.o
	quietly "$sources/configure" -q --disable-static "$@" CC="$CC" CFLAGS="-O0 -g $counting" \
		LDFLAGS="-fprofile-arcs -Wl,--wrap=abort,--wrap=_exit,--wrap=raise -Wl,$PWD/dump.o"
	echo "coverage: building: $name" >&2
	quietly make -s V=1 LIBTOOLFLAGS=--silent
	echo "coverage: testing: $name" >&2
	MA_TEST_SHORT=1 CK_TIMEOUT_MULTIPLIER=10 make -k check-library >"$folder/$name.log" 2>&1 </dev/null || :
	[ -z "$more" ] ||
		MA_TEST_SHORT=1 make -k check TESTS="$(echo "$more" | xargs)" >>"$folder/$name.log" 2>&1 </dev/null || :
	grep '^FAIL: \|^ERROR: \|^make.*Error ' "$folder/$name.log" | sed "s/^/coverage: $name: /" | tee -a "$folder/failed" >&2 || :
	quietly lcov -q --capture --directory . --rc lcov_branch_coverage=1 \
		--output-file "$folder/$name.all"
	quietly lcov -q --rc lcov_branch_coverage=1 --extract "$folder/$name.all" "$sources/src/*" --output-file "$folder/$name.info"
}

rm -rf "$folder/threads" "$folder/single" "$folder/html"
: >"$folder/failed"
built threads "$COVERAGE_TESTS"
built single '' --disable-threads --enable-stats
quietly lcov -q --rc lcov_branch_coverage=1 -a "$folder/threads.info" -a "$folder/single.info" -o "$folder/coverage.info"
quietly genhtml -q --branch-coverage --prefix "$sources" -t libma -o "$folder/html" "$folder/coverage.info"
echo "coverage: each line: $folder/html/index.html"
table "$folder/coverage.info"
[ ! -s "$folder/failed" ] || { echo "coverage: tests have failed: $folder/*.log" >&2 && exit 1; }
