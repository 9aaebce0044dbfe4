#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every file of src/ stands in one layer of the list in src/README.md, and includes headers of its own layer and
# of those before it only.

. "${0%/*}/common"

# Prints the list of TREE, one "LAYER-NUMBER LAYER FILE" a line: it is the first block of code in src/README.md.
list() {
	awk '/^```/ { if (inside++) exit; next }
		inside { layer++; for (i = 2; i <= NF; i++) print layer, $1, $i }' "$1/src/README.md"
}

# layers TREE
layers() {
	list "$1" >"$scratch/list"
	[ -s "$scratch/list" ] || echo 'src/README.md has no list of layers'
	cut -d ' ' -f 3 "$scratch/list" | sort >"$scratch/listed"
	(cd "$1/src" && find . -name '*.[ch]' | sed 's/^\.\///') | sort >"$scratch/files"
	uniq -d "$scratch/listed" | sed 's/$/ is listed twice in src\/README.md/'
	comm -13 "$scratch/listed" "$scratch/files" | sed 's/$/ is not listed in src\/README.md/'
	# Not in src/: the public header, and the one that configure makes.
	comm -23 "$scratch/listed" "$scratch/files" | grep -vx -e ma.h -e config.h |
		sed 's/$/ is listed in src\/README.md, and not there/'
	while read -r file; do
		sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$1/src/$file" |
			sed "s|^|$file |"
	done <"$scratch/files" | awk -v list="$scratch/list" '
		BEGIN {
			while ((getline line <list) > 0) {
				split(line, word, " ")
				number[word[3]] = word[1]
				name[word[3]] = word[2]
			}
		}
		!($1 in number) { next }
		{
			beside = $1
			if (sub(/[^\/]*$/, $2, beside) && beside in number)
				$2 = beside
		}
		!($2 in number) { print $1 " includes " $2 ", which is in no layer"; next }
		number[$2] > number[$1] { print $1 " of " name[$1] " includes " $2 " of " name[$2] ", a later layer" }'
}

clean layers "$MA_SRCDIR"

mkdir -p "$scratch/tree/src/upper"
cd "$scratch/tree" || exit
cat >src/README.md <<'END'
```
ground   one.h one.c gone.c
upper    upper/two.h upper/two.c one.c
```

```
later    four.c
```
END
touch src/one.h src/three.c src/four.c
echo '#include "one.h"' >src/upper/two.h
printf '#include "two.h"\n#include "one.h"\n' >src/upper/two.c
planted '^one.c is listed twice' layers .
sed -i 's/ one.c$//' src/README.md
printf '#include "one.h"\n  # include "upper/two.h"\n#include "nowhere.h"\n#include <stdio.h>\n' >src/one.c
planted '^one.c of ground includes upper/two.h of upper, a later layer$' layers .
planted '^one.c includes nowhere.h, which is in no layer$' layers .
planted '^three.c is not listed' layers .
planted '^four.c is not listed' layers .
planted '^gone.c is listed in src/README.md, and not there$' layers .
: >src/README.md
planted '^src/README.md has no list of layers$' layers .
cat >src/README.md <<'END'
```
ground   one.h one.c three.c four.c
upper    upper/two.h upper/two.c
```
END
: >src/one.c
clean layers .

exit $failed
