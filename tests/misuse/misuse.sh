#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every case of misuse ends in abort() after one line, the one that it says itself; and every text that src/ can end
# with is the line of one of them.

. "${0%/*}/../scripts/common"

# shellcheck disable=SC3045 # where it is not defined it does no harm
ulimit -c 0 2>/dev/null
unset MA_OPTIONS
SIGABRT=134 # as the shell has it

# A line, as a pattern: ADDRESS and NUMBER stand for any. What lies in a chunk has neighbours, and a header its block.
neighbour="(the (chunk|slab)'s (start|end)|what was never used of the slab|a (free|used) slot at ADDRESS"
neighbour="$neighbour|a (free block|used block|slab) of NUMBER bytes at ADDRESS"
neighbour="$neighbour|a block whose header was overwritten, at ADDRESS)"
pattern() {
	# shellcheck disable=SC2016 # a dollar is a character here
	sed 's/[][\\.*^$()+?{}|]/\\&/g
		/\(overwritten\|double free of a block\|missing from its bin\|with an alignment.*\).*ADDRESS$/s/$/( is the header of a block of NUMBER bytes at ADDRESS| is a block of NUMBER bytes)/
		/ of \(48\|NUMBER\) bytes/{s/$/(, between '"$neighbour and $neighbour"')/
			/\(allocation\|large object\) of/s/$/?/}
		s/ADDRESS/0x[0-9a-f]+/g; s/NUMBER/[0-9]+/g; s/.*/^&$/'
}

# ends LINE COMMAND...: says what is wrong if COMMAND does not end in abort(), or writes anything but LINE.
ends() {
	line=$1
	shift
	# In a shell of its own, whose word on the signal is lost.
	sh -c '(exec "$@" >"$0/out" 2>"$0/err" </dev/null); exit $?' "$scratch" "$@" 2>/dev/null
	status=$?
	[ "$status" -eq "$SIGABRT" ] || echo "$*: exit status $status instead of $SIGABRT"
	[ ! -s "$scratch/out" ] || echo "$*: wrote on standard output"
	[ "$(wc -l <"$scratch/err")" -eq 1 ] || echo "$*: wrote $(wc -l <"$scratch/err") lines instead of one"
	if [ -z "$line" ] || ! grep -Eq "$(printf '%s\n' "$line" | pattern)" "$scratch/err"; then
		echo "$*: wrote '$(head -n 3 "$scratch/err")' instead of '$line'"
	fi
}

# run PROGRAM: all its cases.
run() {
	"$1" >"$scratch/cases"
	[ "$(wc -l <"$scratch/cases")" -gt 50 ] || echo "$1: has $(wc -l <"$scratch/cases") cases only"
	while IFS='	' read -r name line; do
		# Without threads, what another thread does is as if this one did it.
		case $MA_THREADS$name in
		0*remote* | 0*_written_between) continue ;;
		esac
		ends "$line" "$1" "$name"
	done <"$scratch/cases"
}

# The texts of faults that no case can bring about.
#
#   a chunk's header: a pointer into it is no pointer into a block, and so a stranger's
#   the table of large objects: it is full only when memory is out while threads race for it
#   the list of early objects: it is made at the start, of the few that were there before
unreachable="into a chunk's header|out of memory for the table of large objects"
unreachable="$unreachable|no memory for the list of early objects|assertion failed"

# texts FILE...: the texts of faults in sources of the library.
texts() {
	tr '\n' ' ' <<-END | grep -oE '(ma_fatal(_place)?\(|MA_CHECK\([^"]*)"[^"]*"' | sed 's/^[^"]*"//; s/"$//'
		$(grep -vh '^#define' "$@")
	END
}

# covered FILE...: every such text is in the line of a program.
covered() {
	texts "$@" | grep -vE "$unreachable" | sort -u | while read -r text; do
		grep -qF "	libma: $text" "$scratch/cases" || echo "no case of tests/misuse/ ends with '$text'"
	done
}

clean run "$MA_BUILDDIR/tests/misuse/misuse"
clean covered "$MA_SRCDIR"/src/*.c

# The gates can fail.
line='libma: double free: ADDRESS is a slot of 48 bytes'
said='libma: double free: 0x7f00 is a slot of 48 bytes, between a used slot at 0x7ed0 and what was never used of the slab'
planted 'exit status 0 instead' ends "$line" true
planted 'exit status 1 instead' ends "$line" sh -c "echo '$said' >&2; exit 1"
planted 'exit status 139 instead' ends "$line" sh -c "echo '$said' >&2; kill -SEGV \$\$"
planted 'wrote 2 lines' ends "$line" sh -c "echo '$said' >&2; echo >&2; kill -ABRT \$\$"
planted 'wrote on standard output' ends "$line" sh -c "echo '$said' >&2; echo; kill -ABRT \$\$"
planted "instead of 'libma: double free" ends "$line" sh -c "echo '${said}s' >&2; kill -ABRT \$\$"
planted "instead of 'libma: double free" ends "$line" sh -c "echo '$said' | sed s/48/64/ >&2; kill -ABRT \$\$"
planted "instead of ''" ends '' sh -c "echo '$said' >&2; kill -ABRT \$\$"
planted "instead of 'libma: double free" ends "$line" sh -c "echo '${said%%,*}' >&2; kill -ABRT \$\$"
clean ends "$line" sh -c "echo '$said' >&2; kill -ABRT \$\$"

cat >"$scratch/one.c" <<'END'
	MA_CHECK(a(b),
		 "a new fault", c);
	ma_fatal_place("another new fault", p);
END
planted "'a new fault'$" covered "$scratch/one.c"
planted "'another new fault'$" covered "$scratch/one.c"

exit $failed
