#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The figures of docs/architecture.md are those of the structures, byte by byte: offsets and sizes, as the compiler has them.

. "${0%/*}/../scripts/common"

# shellcheck disable=SC2086 # a list of options
echo | $CC ${CFLAGS-} -dM -E - | grep -q '__LP64__ 1' || skip 'the document shows a 64-bit machine'

# assertions DOCUMENT: a C program that can be compiled if the document is right. A table begins with "byte field what" and
# is that of the structure that the text named last; the header of a block is a picture, above a row of offsets.
assertions() {
	printf '#include "%s"\n' chunk.h header.h slab.h stddef.h
	awk '
		function assertion(condition) {
			gsub(/\047/, "", condition)
			printf "static_assert(%s, \"%s\");\n", condition, condition
		}
		/^[^ ]/ || /^$/ { table = 0 }
		match($0, /`struct [a-z_]+`/) {
			name = substr($0, RSTART + 1, RLENGTH - 2)
			if (match($0, /, [0-9]+,?[0-9]* bytes/)) {
				size = substr($0, RSTART + 2, RLENGTH - 8)
				gsub(/,/, "", size)
				assertion("sizeof(" name ") == " size)
			}
		}
		/^ +byte +field +what$/ { table = 1; next }
		table && $1 ~ /^[0-9]+$/ {
			field = $2
			sub(/,$/, "", field)
			if (match(field, /\[[0-9]+\]$/)) {
				number = substr(field, RSTART + 1, RLENGTH - 2)
				field = substr(field, 1, RSTART - 1)
				assertion("sizeof(((" name " *)0)->" field ") == " number " * sizeof(((" name " *)0)->" field "[0])")
				if (match($0, /[0-9]+ bytes each/))
					assertion("sizeof(((" name " *)0)->" field "[0]) == " substr($0, RSTART, RLENGTH - 11))
			}
			assertion("offsetof(" name ", " field ") == " $1)
			if ($2 ~ /,$/)
				assertion("offsetof(" name ", " $3 ") > " $1)
		}
		/^ +\| units +\| left_units/ { count = split($0, fields, /[ |]+/) }
		count && /^ +0 +[0-9 ]+$/ {
			for (i = 1; i < NF; i++)
				assertion("offsetof(struct mem_block, " fields[i + 1] ") == " $i)
			assertion("sizeof(struct mem_block) == " $NF)
			count = 0
		}
	' "$1"
}

# layout DOCUMENT: what the compiler says against it.
layout() {
	assertions "$1" >"$scratch/layout.c"
	[ "$(grep -c static_assert "$scratch/layout.c")" -ge 30 ] || echo "${1##*/} has hardly a figure"
	# shellcheck disable=SC2086 # a list of options
	$CC ${CFLAGS-} -std=gnu17 -D_GNU_SOURCE -fsyntax-only -I"$MA_BUILDDIR" -I"$MA_SRCDIR/include" -I"$MA_SRCDIR/src" \
		"$scratch/layout.c" 2>&1 | sed -n "s/.*error: /${1##*/}: /p"
}

document=$MA_SRCDIR/docs/architecture.md
clean layout "$document"

sed -e 's/^     56      limit /     64      limit /' -e 's/33,280 bytes/33,296 bytes/' -e 's/slab\[256\]/slab[255]/' \
	-e 's/^     88     pending/     96     pending/' -e '/^    0 *4 *8 *12 *16$/s/12 /10 /' "$document" >"$scratch/planted.md"
layout "$scratch/planted.md" >"$scratch/faults"
for fault in 'offsetof(struct chunk, limit) == 64' 'sizeof(struct chunk) == 33296' '== 255 ' \
	'offsetof(struct slab, pending) == 96' 'offsetof(struct mem_block, check) == 10'; do
	planted "$fault" cat "$scratch/faults"
done
planted '^5$' grep -c . "$scratch/faults"

exit $failed
