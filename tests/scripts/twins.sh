#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every src/x.c and src/inspect/x.c has a tests/unit/test_x.c that is built, and the other way round.

. "${0%/*}/common"

# twins TREE
twins() {
	(cd "$1/src" && find . -name '*.c' -exec basename {} .c \;) | sort >"$scratch/sources"
	(cd "$1/tests/unit" && find . -name 'test_*.c' -exec basename {} .c \;) | sed 's/^test_//' |
		sort >"$scratch/tests"
	sort "$scratch/sources" | uniq -d | sed 's/.*/two files of src\/ are named &.c/'
	comm -23 "$scratch/sources" "$scratch/tests" | sed 's/.*/&.c of src\/ has no tests\/unit\/test_&.c/'
	comm -13 "$scratch/sources" "$scratch/tests" | sed 's/.*/tests\/unit\/test_&.c has no &.c in src\//'
	while read -r name; do
		grep -q "tests/unit/test_$name\>" "$1/tests/local.mk" ||
			echo "tests/unit/test_$name.c is not built"
	done <"$scratch/tests"
}

clean twins "$MA_SRCDIR"

mkdir -p "$scratch/tree/src/inspect" "$scratch/tree/tests/unit"
cd "$scratch/tree" || exit
touch src/one.c src/two.c src/inspect/three.c src/inspect/two.c
touch tests/unit/test_one.c tests/unit/test_two.c tests/unit/test_four.c
echo 'check_PROGRAMS += tests/unit/test_two tests/unit/test_four' >tests/local.mk
planted '^three.c of src/ has no tests/unit/test_three.c$' twins .
planted '^tests/unit/test_four.c has no four.c in src/$' twins .
planted '^tests/unit/test_one.c is not built$' twins .
planted '^two files of src/ are named two.c$' twins .

exit $failed
