#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mandoc and groff have nothing to say against the manual pages.

. "${0%/*}/common"

command -v mandoc >/dev/null || skip 'mandoc is not installed'

# man-db's man shows what groff says; mandoc's own does not know the option.
groff=$(man --version 2>/dev/null | sed -n 's/^man [0-9].*/yes/p')

# lint FOLDER
lint() {
	for file in "$1"/*.[1-8]; do
		# mandoc advises against .so; what it includes has its turn.
		grep -q '^\.so ' "$file" && continue
		mandoc -Tlint -W warning "$file" 2>&1
		[ -z "$groff" ] || man --warnings -E UTF-8 -l "$file" 2>&1 >/dev/null |
			sed "s|^|${file##*/}: |"
	done
}

clean lint "$MA_SRCDIR/man"

mkdir "$scratch/man"
printf '.TH x 3 2026-01-01\n.SH NAME\nx \\- y\n.SH NOTES\n.RS\n\\fBbold\n' >"$scratch/man/x.3"
planted 'x.3:5.*missing end of block: RS' lint "$scratch/man"
if [ -n "$groff" ]; then
	printf '.TH x 3 2026-01-01\n.SH NAME\nx \\- y\n.SH NOTES\n.ma_no_macro\n' >"$scratch/man/x.3"
	planted '^x.3: .*ma_no_macro' lint "$scratch/man"
fi

exit $failed
