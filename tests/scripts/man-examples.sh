#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The program in each manual page's EXAMPLES compiles without a warning against the library that was
# built, runs, and prints what the page shows.
#
# Under "Program source: NAME.c" a page has the program. What it prints, standard error included, is
# under "Program output"; under "Sample output", if its numbers differ from run to run. Lines that
# begin with "$ " there are commands: one that starts the program is run, one that compiles is not.

. "${0%/*}/common"

unset MA_OPTIONS

# sources PAGE FOLDER: writes the page's example to FOLDER/NAME.c, and what it shows to FOLDER/shown,
# or FOLDER/sample.
sources() {
	awk -v folder="$2" '
		# Turns a line of roff into what the reader sees.
		function plain(line) {
			gsub(/\\f[A-Z]/, "", line)
			gsub(/\\&/, "", line)
			gsub(/\\-/, "-", line)
			gsub(/\\\[aq\]/, sprintf("%c", 39), line)
			gsub(/\\\[ga\]/, "`", line)
			gsub(/\\\[ha\]/, "^", line)
			gsub(/\\\[ti\]/, "~", line)
			if (line ~ /\\([^e]|$)/)
				line = "#error roff escape not known: " line
			gsub(/\\e/, "\\", line)
			return line
		}
		/^\.SH / { file = "" }
		/^\.SS / { file = "" }
		/^\.SS Program source: [a-z_]+\.c$/ { file = folder "/" $4 }
		/^\.SS Program output$/ { file = folder "/shown" }
		/^\.SS Sample output$/ { file = folder "/sample" }
		/^\.EX$/ { inside = 1; next }
		/^\.EE$/ { inside = 0 }
		inside && file != "" { print plain($0) >file }
	' "$1"
}

# session FOLDER: runs the commands on standard input there, and shows them with what they print.
session() {
	(
		cd "$1" || exit
		while read -r mark command; do
			[ "$mark" = '$' ] || continue
			echo "$ $command"
			case $command in
			'cc '*) ;;
			*) sh -c "$command" 2>&1 || echo "exit status $?" ;;
			esac
		done
	)
}

numbers_vary() {
	sed -e 's/[0-9][0-9]*/N/g' -e 's/  */ /g' "$1"
}

# example PAGE
example() {
	name=${1##*/}
	rm -rf "$scratch/example"
	mkdir "$scratch/example"
	sources "$1" "$scratch/example"
	set -- "$scratch/example"/*.c
	[ -f "$1" ] || { echo "$name has no program" && return; }
	# shellcheck disable=SC2086 # these are lists of options
	$CC -std=c17 -Wall -Wextra -Werror -O2 ${CFLAGS-} $sanitize -I"$MA_SRCDIR/include" \
		-o "${1%.c}" "$1" ${LDFLAGS-} "$library" $threads >"$scratch/messages" 2>&1 || {
		echo "$name: the program does not compile:"
		cat "$scratch/messages"
		return
	}
	shown=$scratch/example/shown
	[ -f "$shown" ] || shown=$scratch/example/sample
	[ -f "$shown" ] || { echo "$name does not show what the program prints" && return; }
	session "$scratch/example" <"$shown" >"$scratch/printed"
	case $shown in
	*/sample)
		numbers_vary "$shown" >"$scratch/shown"
		numbers_vary "$scratch/printed" >"$scratch/printed-numbers"
		mv "$scratch/printed-numbers" "$scratch/printed"
		;;
	*) cp "$shown" "$scratch/shown" ;;
	esac
	diff "$scratch/shown" "$scratch/printed" >"$scratch/messages" || {
		echo "$name: what it shows (<) is not what the program prints (>):"
		cat "$scratch/messages"
	}
}

libs=$MA_BUILDDIR/.libs
library=$libs/libma.so
[ -e "$library" ] || library=$libs/libma.a
[ -e "$library" ] || skip 'libma is not built'
LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
threads=
[ "$MA_THREADS" = 0 ] || threads=-pthread
sanitize=
[ "$MA_SANITIZER" = no ] || sanitize=-fsanitize=$MA_SANITIZER

for page in "$MA_SRCDIR"/man/*.3 "$MA_SRCDIR"/man/*.7; do
	grep -q '^\.so ' "$page" || clean example "$page"
done

# plant SED-COMMAND PATTERN: in a page that shows what its program prints.
plant() {
	sed "$1" "$MA_SRCDIR/man/ma_malloc.3" >"$scratch/planted.3"
	planted "$2" example "$scratch/planted.3"
}
plant 's/^boundary tags/boundary gaps/' '^> boundary tags$'
plant 's/return 0;/return 3;/' '^> exit status 3$'
plant 's/strlen(a)/strlen(c)/' '^planted.3: the program does not compile:$'
plant 's/size_t b_length/unused, &/' '^planted.3: the program does not compile:$'
plant 's/^    puts/\\z&/' '^planted.3: the program does not compile:$'
plant '/^\.SS Program source/d' '^planted.3 has no program$'
plant 's/^\.SS Program output/.SS Words/' '^planted.3 does not show what'

exit $failed
