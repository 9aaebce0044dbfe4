#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Leaking and clean programs: libma finds lost what the programs themselves say that is lost, definitely and
# indirectly, and so does Memcheck, where there is one.

. "${0%/*}/../preload/common"

# Both checkers write a report for each process.
unset VALGRIND_OPTS

# verdicts PROGRAM REPORT: "NAME DEFINITELY INDIRECTLY" for each case, as the report REPORT.PROCESS has it.
verdicts() {
	while read -r process name _; do
		awk -v name="$name" '
			/no leaks are possible/ { definitely = indirectly = 0 }
			/^libma:   definitely lost | definitely lost: .* blocks$/ { definitely = count() }
			/^libma:   indirectly lost | indirectly lost: .* blocks$/ { indirectly = count() }
			END { print name, definitely == "" ? "none" : definitely, indirectly == "" ? "none" : indirectly }
			# The number behind "in"; Memcheck writes 1,000.
			function count() {
				sub(/.* in /, "")
				gsub(/,/, "")
				return $1 + 0
			}
		' "$2.$process"
	done <"$1.cases"
}

# said PROGRAM: what it says itself.
said() {
	cut -d ' ' -f 2- "$1.cases"
}

# same WHO PROGRAM: the verdicts of WHO, which were written to found, are what PROGRAM says.
same() {
	said "$2" | diff - found | sed -n "s/^</$2 leaks:/p; s/^>/$1 says: /p"
}

# by_libma PROGRAM
by_libma() {
	on_libma env MA_OPTIONS="leaks=$scratch/libma.%p" "./$1" >"$1.cases" || echo "$1 does not run on libma"
	[ "$(wc -l <"$1.cases")" -ge 20 ] || echo "$1 has only $(wc -l <"$1.cases") cases"
	verdicts "$1" libma >found
	same libma "$1"
}

# by_memcheck PROGRAM. Of ten runs, one has a stray word that Memcheck takes for a pointer into a large object: what it
# says three times counts.
by_memcheck() {
	for _ in 1 2 3; do
		rm -f "$scratch"/memcheck.*
		valgrind --leak-check=full --log-file="$scratch/memcheck.%p" "./$1" >"$1.cases" 2>err ||
			echo "$1 does not run under Memcheck: $(cat err)"
		verdicts "$1" memcheck >found
		differences=$(same Memcheck "$1")
		[ -n "$differences" ] || return 0
	done
	printf '%s\n' "$differences"
}

# The programs' own leaks depend on nothing but their text: no sanitizer, no optimisation that drops an allocation.
compile() {
	$CC -g -O1 -std=gnu17 -D_GNU_SOURCE -fno-builtin -pthread "$MA_SRCDIR/tests/leaks/cases.c" -o c-cases ||
		echo 'cases.c does not compile'
	programs=c-cases
	if command -v "${CXX:-c++}" >/dev/null; then
		${CXX:-c++} -g -O1 -std=c++17 -pthread "$MA_SRCDIR/tests/leaks/cases.cc" -o cc-cases ||
			echo 'cases.cc does not compile'
		programs="$programs cc-cases"
	fi
}

compile
[ "$MA_THREADS" = 1 ] || skip 'the cases have threads'
for program in $programs; do
	clean by_libma "$program"
	if have valgrind; then
		clean by_memcheck "$program"
	fi
done

# The comparison can fail.
said c-cases | sed 's/^one 1 0$/one 0 0/' >found
planted '^libma says:  one 0 0$' same libma c-cases
said c-cases | grep -v '^ring ' >found
planted '^c-cases leaks: ring 1 4$' same libma c-cases

exit $failed
