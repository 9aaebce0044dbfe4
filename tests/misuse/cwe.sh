#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The table in SECURITY.md says which class of faults of the heap is caught in which mode: as the programs show it.

. "${0%/*}/../scripts/common"

# shellcheck disable=SC3045 # where it is not defined it does no harm
ulimit -c 0 2>/dev/null

# caught PROGRAM MODE CLASS: "yes" if libma said what is wrong and ended it, else "no".
caught() {
	sh -c '(MA_OPTIONS="$3" exec "$1" "$2" >"$0/out" 2>"$0/err" </dev/null); exit $?' \
		"$scratch" "$1" "$3" "$2" 2>/dev/null
	status=$?
	if [ "$status" -eq 134 ] && head -n 1 "$scratch/err" | grep -q '^libma: [a-z]'; then
		echo yes
	else
		echo no
	fi
}

# table PROGRAM MODE...: the rows of the table, a column for each mode; "" is none.
table() {
	program=$1
	shift
	for class in $("$program"); do
		row="| $class |"
		for mode; do
			row="$row $(caught "$program" "$mode" "$class") |"
		done
		echo "$row"
	done
}

# compare FILE PROGRAM: the table in FILE is what PROGRAM shows.
compare() {
	grep '^| CWE-' "$1" | sed 's/^| \(CWE-[0-9]*\)[^|]*|/| \1 |/' >"$scratch/said"
	table "$2" '' 'fill=1' 'redzone=1' 'quarantine=1M' 'hardened=1' 'guard=all' 'guard=all,guard_low=1' >"$scratch/shown"
	diff "$scratch/said" "$scratch/shown"
}

clean compare "$MA_SRCDIR/SECURITY.md" "$MA_BUILDDIR/tests/misuse/cwe"

sed 's/^\(| CWE-415.*\) yes |$/\1 no |/' "$MA_SRCDIR/SECURITY.md" >"$scratch/wrong.md"
planted '^> | CWE-415' compare "$scratch/wrong.md" "$MA_BUILDDIR/tests/misuse/cwe"

exit $failed
