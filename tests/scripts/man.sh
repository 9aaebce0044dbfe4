#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The manual pages are those of include/ma.h, src/libma.map and `ma --help`, name by name: each function has a page
# that names it and shows its prototype, each command one with its options; no page is left over, each has its
# sections in order, and what it refers to among ours exists. libma(7) lists the functions, ma(1) the commands, and
# ma_options(7) has the options that there are. man/local.mk installs all pages.

. "${0%/*}/common"

# What a page of a function has, in this order; and one of a command, besides others.
sections='NAME|LIBRARY|SYNOPSIS|DESCRIPTION|RETURN VALUE|ERRORS|ATTRIBUTES|VERSIONS|STANDARDS|NOTES'
sections="$sections|EXAMPLES|SEE ALSO"
command_sections='NAME|SYNOPSIS|DESCRIPTION|OPTIONS|EXIT STATUS|VERSIONS|EXAMPLES|SEE ALSO'

# The declarations of a header without attributes, one a line, without a needless blank.
declarations() {
	sed '/^#include/d' "$1" | $CC -E -P -U__GNUC__ -x c - | tr -s '[:space:]' ' ' | awk '
		BEGIN { RS = ";" }
		{
			declaration = declaration $0 ";"
			if (gsub(/\{/, "{", declaration) != gsub(/\}/, "}", declaration))
				next
			print declaration
			declaration = ""
		}' | normal
}

# Lines without blanks but those between words.
normal() {
	sed -e 's/  */ /g' -e 's/ *\([^A-Za-z0-9_ ]\) */\1/g' -e 's/^ *//' -e '/^;*$/d'
}

functions_of_header() {
	declarations "$1" | sed -n '/^typedef /d; s/^[a-z][a-z_ *]*[ *]\(ma_[a-z0-9_]*\)(.*/\1/p' | sort
}

functions_of_map() {
	sed -n '/^global:/,/^local:/s/^[[:space:]]*\(ma_[a-z0-9_]*\);.*/\1/p' "$1" | sort
}

functions_of_pages() {
	(cd "$1" && ls ./*.3) | sed 's|^./\(.*\)\.3$|\1|' | sort
}

# page FOLDER NAME: the file that the page of a function is in, after one `.so`.
page() {
	include=$(sed -n '1s|^\.so man3/||p' "$1/$2.3" 2>/dev/null)
	echo "$1/${include:-$2.3}"
}

# text PAGE SECTION: the text of a section, without its macros.
text() {
	awk -v section="$2" '
		# Splits what follows a macro into words, as roff does, and joins them again with `glue`.
		function words(line, glue,   joined, word, count) {
			while (match(line, /^ *("[^"]*"|[^ "]+)/)) {
				word = substr(line, 1, RLENGTH)
				line = substr(line, RLENGTH + 1)
				sub(/^ */, "", word)
				gsub(/"/, "", word)
				joined = joined (count++ ? glue : "") word
			}
			return joined
		}
		/^\.SH / { inside = (words(substr($0, 5), " ") == section); next }
		!inside || /^\.\\"/ { next }
		/^\.(BI|BR|IB|IR|RB|RI) / { $0 = words(substr($0, 4), "") }
		/^\.[BI] / { $0 = words(substr($0, 3), " ") }
		!/^\./ { gsub(/\\f[A-Z]/, ""); gsub(/\\-/, "-"); print }
	' "$1"
}

# same WHAT LIST OTHER-WHAT OTHER-LIST
same() {
	[ -n "$2" ] || echo "$1 has no names"
	printf '%s\n' "$2" >"$scratch/one"
	printf '%s\n' "$4" >"$scratch/other"
	comm -23 "$scratch/one" "$scratch/other" | sed "s|.*|& is in $1, not in $3|"
	comm -13 "$scratch/one" "$scratch/other" | sed "s|.*|& is in $3, not in $1|"
}

# described HEADER FOLDER: each page names its functions and shows their prototypes.
described() {
	declarations "$1" >"$scratch/declarations"
	for name in $(functions_of_header "$1"); do
		file=$(page "$2" "$name")
		[ -f "$file" ] || { echo "$name has no page" && continue; }
		text "$file" NAME | sed 's/ - .*//' | tr -s ', ' '\n' | grep -qx "$name" ||
			echo "${file##*/} does not name $name"
		text "$file" ATTRIBUTES | grep -q "$name()" ||
			echo "${file##*/} says nothing of $name and threads"
		prototype=$(grep "[ *]$name(" "$scratch/declarations")
		text "$file" SYNOPSIS | tr '\n' ' ' | normal | grep -qF "$prototype" ||
			echo "${file##*/} does not show $prototype"
	done
	# The types, too.
	for file in "$2"/*.3; do
		text "$file" SYNOPSIS | tr '\n' ' '
	done | normal >"$scratch/synopses"
	grep -E '^(enum|struct|typedef) ' "$scratch/declarations" | while read -r type; do
		grep -qF "$type" "$scratch/synopses" || echo "no page shows $type"
	done
}

# stubs FOLDER: a page that includes another is one of the names that the other has.
stubs() {
	grep -l '^\.so ' "$1"/*.3 | while read -r file; do
		name=${file##*/}
		name=${name%.3}
		text "$(page "$1" "$name")" NAME | sed 's/ - .*//' | tr -s ', ' '\n' | grep -qx "$name" ||
			echo "$name.3 includes a page that does not name $name"
	done
	for file in "$1"/*.3; do
		text "$file" NAME | sed 's/ - .*//' | tr -s ', ' '\n' | while read -r name; do
			[ "$(page "$1" "$name")" = "$file" ] || echo "${file##*/} names $name, which has no such page"
		done
	done
}

# ordered FOLDER: the sections of the functions' pages, and what the notes are about.
ordered() {
	for file in "$1"/*.3; do
		grep -q '^\.so ' "$file" && continue
		found=$(sed -n 's/^\.SH //p' "$file" | paste -s -d '|')
		[ "$found" = "$sections" ] || echo "${file##*/} has the sections $found"
		sed -n '/^\.SH NOTES/,/^\.SH EXAMPLES/p' "$file" | grep -q -e '^\.SS Differences from .*(3)$' -e '^\.SS Counterparts$' ||
			echo "${file##*/} does not tell how it differs from what the C library has"
	done
}

# overview PAGE: the functions that libma(7) lists.
overview() {
	sed -n '/^\.SS Functions/,/^\.SS Linking/s/^\.BR \(ma_[a-z_]*\) (3)$/\1/p' "$1" | sort
}

# commands COMMAND: those that `ma --help` names. `help` is described in ma(1).
commands() {
	"$1" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -vx help | sort
}

commands_of_pages() {
	(cd "$1" && ls ./ma-*.1) | sed 's|^./ma-\(.*\)\.1$|\1|' | sort
}

# Those in the list of ma(1).
commands_of_ma() {
	sed -n '/^\.SS Commands/,/^\.SH/s/^\.B \([a-z]*\)$/\1/p' "$1" | grep -vx help | sort
}

# commands_described COMMAND FOLDER: the page of each has the sections and the options of its --help, with their letters.
commands_described() {
	for name in $(commands "$1"); do
		file=$2/ma-$name.1
		[ -f "$file" ] || continue
		same "ma $name --help" "$("$1" "$name" --help | sed -n 's/^  *\(-., \)\{0,1\}\(--[a-z-]*\).*/\1\2/p' | sort)" \
			"${file##*/}" "$(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/{
				/^\.T[PQ]$/{
					n
					s/\\-/-/g
					s/^\.[BIR]* \(-.\) ", " \(--[a-z-]*\).*/\1, \2/p
					s/^\.[BIR]* .*\(--[a-z-]*\).*/\1/p
				}
			}' "$file" | sort)"
		found=$(sed -n 's/^\.SH //p' "$file" | grep -vx -e ENVIRONMENT -e FILES -e NOTES | paste -s -d '|')
		[ "$found" = "$command_sections" ] || echo "${file##*/} has the sections $found"
	done
}

# references FOLDER: pages of ours that others refer to.
references() {
	for file in "$1"/*.[1-8]; do
		sed -nE '/^\.BR (ma([_\\][a-z_\\-]*)?|libma) \([1-8]\)/{
			s/\\//g
			s/^\.BR (.*) \(([1-8])\).*/\1.\2/p
		}' "$file" | sort -u | while read -r reference; do
			[ -f "$1/$reference" ] || echo "${file##*/} refers to $reference, which is not there"
		done
	done
}

# options SOURCE PAGE: the table of options and ma_options(7) have the same names.
options() {
	same options.c "$(sed -n 's/^\t{"\([a-z_]*\)", OPTION_.*/\1/p' "$1" | sort)" \
		"${2##*/}" "$(sed -n 's/^\.BI "*\([a-z_]*\)= .*/\1/p' "$2" | sort -u)"
}

# installed FOLDER: man/local.mk has the files of its folder.
installed() {
	(cd "$1" && ls ./*.[1-8]) | sed 's|^\./||' | sort >"$scratch/there"
	sed 's/#.*//' "$1/local.mk" | grep -o 'man/[a-z_-]*\.[1-8]' | sed 's|man/||' | sort >"$scratch/listed"
	comm -23 "$scratch/there" "$scratch/listed" | sed 's|$| is not in man/local.mk|'
	comm -13 "$scratch/there" "$scratch/listed" | sed 's|$| is in man/local.mk, but not there|'
}

header=$MA_SRCDIR/include/ma.h
map=$MA_SRCDIR/src/libma.map
man=$MA_SRCDIR/man
ma=$MA_BUILDDIR/ma

clean same ma.h "$(functions_of_header "$header")" libma.map "$(functions_of_map "$map")"
clean same ma.h "$(functions_of_header "$header")" man/ "$(functions_of_pages "$man")"
clean same ma.h "$(functions_of_header "$header")" libma.7 "$(overview "$man/libma.7")"
clean same 'ma --help' "$(commands "$ma")" man/ "$(commands_of_pages "$man")"
clean same 'ma --help' "$(commands "$ma")" ma.1 "$(commands_of_ma "$man/ma.1")"
clean commands_described "$ma" "$man"
clean described "$header" "$man"
clean stubs "$man"
clean ordered "$man"
clean references "$man"
clean options "$MA_SRCDIR/src/options.c" "$man/ma_options.7"
clean installed "$man"

cp -R "$man" "$scratch/man"
chmod -R u+w "$scratch/man"
cd "$scratch/man" || exit

# edit FILE COMMAND: with sed, in the copy.
edit() {
	sed "$2" "$1" >"$scratch/edited" && mv "$scratch/edited" "$1"
}

sed 's/\tma_walk;/\tma_wlak;/' "$map" >"$scratch/map"
planted '^ma_walk is in ma.h' same ma.h "$(functions_of_header "$header")" \
	map "$(functions_of_map "$scratch/map")"
echo 'int ma_new(void);' | cat "$header" - >"$scratch/ma.h"
planted '^ma_new is in ma.h' same ma.h "$(functions_of_header "$scratch/ma.h")" \
	man/ "$(functions_of_pages .)"
edit ma_trim.3 's/ma_trim(size_t/ma_trim(int/'
edit ma_walk.3 '/^\.BI.*slot_size/d'
edit ma_realloc.3 's/^ma_realloc, ma_reallocarray/ma_realloc/'
edit ma_realloc.3 's/^\\fBma_reallocarray\\fP()//'
edit ma_expand.3 's/^ma_expand \\-/ma_expand, ma_shrink \\-/'
edit ma_check.3 's/^\.SH VERSIONS/.SH HISTORY/'
edit ma_walk.3 's/^\.SS Counterparts/.SS Others/'
edit libma.7 's/^\.BR ma_options (7)/.BR ma_settings (7)/'
edit ma_options.7 's/^\.BI map= /.BI chart= /'
edit libma.7 '/^\.BR ma_trim (3)$/d'
edit ma.1 '/^\.B map$/d'
edit ma-run.1 's/^\.BI .*stats\\-every.*/.BI statistics/'
edit ma-check.1 '/^\.SH OPTIONS/d'
rm ma-stats.1
edit local.mk 's|man/ma_trim\.3|man/ma_prune.3|'
described "$scratch/ma.h" . >"$scratch/faults" # one run for all that it is to find
planted '^ma_new has no page$' cat "$scratch/faults"
planted '^ma_trim.3 does not show int ma_trim(size_t pad);$' cat "$scratch/faults"
planted '^no page shows struct ma_place{' cat "$scratch/faults"
planted '^ma_realloc.3 does not name ma_reallocarray$' cat "$scratch/faults"
planted '^ma_realloc.3 says nothing of ma_reallocarray and threads$' cat "$scratch/faults"
stubs . >"$scratch/faults"
planted '^ma_reallocarray.3 includes a page that does not name ma_reallocarray$' cat "$scratch/faults"
planted '^ma_expand.3 names ma_shrink, which has no such page$' cat "$scratch/faults"
ordered . >"$scratch/faults"
planted '^ma_check.3 has the sections NAME|' cat "$scratch/faults"
planted '^ma_walk.3 does not tell how it differs' cat "$scratch/faults"
planted '^libma.7 refers to ma_settings.7,' references .
planted '^ma_trim is in ma.h, not in libma.7$' same ma.h "$(functions_of_header "$header")" libma.7 "$(overview libma.7)"
planted '^stats is in ma --help, not in man/$' same 'ma --help' "$(commands "$ma")" man/ "$(commands_of_pages .)"
planted '^map is in ma --help, not in ma.1$' same 'ma --help' "$(commands "$ma")" ma.1 "$(commands_of_ma ma.1)"
commands_described "$ma" . >"$scratch/faults"
planted '^--stats-every is in ma run --help, not in ma-run.1$' cat "$scratch/faults"
planted '^ma-check.1 has the sections NAME|SYNOPSIS|DESCRIPTION|EXIT STATUS|' cat "$scratch/faults"
planted '^map is in options.c, not in ma_options.7$' options "$MA_SRCDIR/src/options.c" ma_options.7
planted '^ma_trim.3 is not in man/local.mk$' installed .
planted '^ma_prune.3 is in man/local.mk, but not there$' installed .

exit $failed
