#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every file of the repository that can carry its licence does, in its first lines.

. "${0%/*}/common"

[ "$(git -C "$MA_SRCDIR" rev-parse --show-toplevel 2>/dev/null)" = "$MA_SRCDIR" ] ||
	skip 'not a checkout'

# Text that has no place for it: data without comments, or that a test compares byte by byte.
exempt='^LICENSE$|^tests/fuzz/corpus/|^debian/(changelog|copyright|source/format)$|\.(csv|expected|json|tsv|txt)$'

# unlicensed TREE, the names of its files on standard input
unlicensed() (
	cd "$1" || exit
	grep -Ev "$exempt" | xargs -d '\n' awk '
		FNR == 1 { unmarked[FILENAME] }
		/SPDX-License-Identifier: MIT/ { delete unmarked[FILENAME] }
		FNR == 5 { nextfile }
		END { for (file in unmarked) print file }' | while read -r file; do
		# Binary files hold no text to mark.
		! grep -qI . "$file" || echo "$file has no line 'SPDX-License-Identifier: MIT'"
	done
)

of_repository() {
	git -C "$MA_SRCDIR" ls-files --cached --others --exclude-standard | unlicensed "$MA_SRCDIR"
}

clean of_repository

echo 'int main(void) {}' >"$scratch/bare.c"
of_scratch() {
	echo bare.c | unlicensed "$scratch"
}
planted '^bare.c has no line' of_scratch

exit $failed
