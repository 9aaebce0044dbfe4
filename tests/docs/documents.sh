#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the documents show is what is there: the programs' text, what commands print, links, pictures.
#
# shellcheck disable=SC2016 # backquotes in patterns are meant as they are

. "${0%/*}/../scripts/common"

command -v python3 >/dev/null || skip 'python3 is not installed'
[ "$MA_SANITIZER" = no ] || skip 'the documents show what programs print without a sanitizer'
# shellcheck disable=SC2086 # a list of options
echo | $CC ${CFLAGS-} -dM -E - | grep -q '__LP64__ 1' || skip 'the documents show a 64-bit machine'
[ "$(getconf PAGESIZE)" -eq 4096 ] || skip 'the documents show a machine with pages of 4 KiB'

unset MA_OPTIONS MA_PRELOAD_LIB
MA_WITHOUT=
[ -e "$MA_BUILDDIR/.libs/libma-preload.so" ] || MA_WITHOUT="$MA_WITHOUT preload"
[ "$MA_THREADS" = 1 ] || MA_WITHOUT="$MA_WITHOUT threads"
[ "$MA_STATS" = 0 ] || MA_WITHOUT="$MA_WITHOUT stats"
$READELF -d "$MA_BUILDDIR/ma" | grep -q libdw || MA_WITHOUT="$MA_WITHOUT symbols"
command -v perl >/dev/null || MA_WITHOUT="$MA_WITHOUT perl"
PATH=$MA_BUILDDIR:$PATH
export MA_WITHOUT PATH

python() {
	PYTHONDONTWRITEBYTECODE=1 python3 "$@"
}

# The documents' commands are run in this folder.
mkdir "$scratch/examples"
for source in "$MA_SRCDIR"/docs/examples/*.c; do
	name=${source##*/}
	name=${name%.c}
	[ -x "$MA_BUILDDIR/docs/examples/$name" ] || continue
	ln -s "$MA_BUILDDIR/docs/examples/$name" "$scratch/examples/$name"
	ln -s "$source" "$scratch/examples/$name.c"
done

documents() {
	python "$MA_SRCDIR/tests/docs/documents.py" "$1" "$scratch/examples" "$MA_SRCDIR/README.md" \
		"$MA_SRCDIR"/docs/*.md
}

if [ "${1-}" = update ]; then
	documents update
	exit
fi

# pictures FOLDER: each is what docs/pictures/draw.py makes of the data there, and is shown somewhere.
pictures() {
	mkdir -p "$scratch/drawn"
	python "$1/draw.py" "$scratch/drawn" || echo 'draw.py failed'
	for file in "$scratch/drawn"/*.svg; do
		name=${file##*/}
		cmp -s "$file" "$1/$name" || echo "docs/pictures/$name is not what draw.py makes: make pictures"
		cat "$MA_SRCDIR/README.md" "$MA_SRCDIR"/docs/*.md | grep -qF "pictures/$name" ||
			echo "no document shows $name"
	done
	for file in "$1"/*.svg; do
		[ -f "$scratch/drawn/${file##*/}" ] || echo "draw.py does not make ${file##*/}"
	done
}

# cplusplus FILE: compiles without a warning, and runs.
cplusplus() {
	libs=$MA_BUILDDIR/.libs
	library=$libs/libma.so
	[ -e "$library" ] || library=$libs/libma.a
	# shellcheck disable=SC2086 # lists of options
	$CXX -Wall -Wextra -Werror -I"$MA_SRCDIR/include" -o "$scratch/cplusplus" "$1" ${LDFLAGS-} "$library" \
		-pthread 2>&1 && LD_LIBRARY_PATH=$libs "$scratch/cplusplus" | grep -vx '112'
}

clean documents check
clean pictures "$MA_SRCDIR/docs/pictures"
! command -v "$CXX" >/dev/null || clean cplusplus "$MA_SRCDIR/docs/examples/owned.cc"

# The gates can fail.
mkdir -p "$scratch/planted"
cat >"$scratch/planted/x.md" <<'EOT'
# A title

[a](#a-title) [b](#no-title) [c](no-file.md)

## 1. A part

**Exercise.** What is missing here?

```console
$ echo one
one
$ echo two
three
```

```console sample
$ echo 17 MiB of 42 0x1234
5 KiB of 6 0x99
$ echo 17; echo a; echo b; echo 18
1
...
2
$ echo one 17
two 17
```

```c
int main(void) { return 17; }
```

```sh
if then
```
EOT
python "$MA_SRCDIR/tests/docs/documents.py" check "$scratch" "$scratch/planted/x.md" >"$scratch/faults"
planted '#no-title names no heading' cat "$scratch/faults"
planted 'no-file.md is not there' cat "$scratch/faults"
planted '`echo two` prints something else' cat "$scratch/faults"
planted '`echo one 17` prints something else' cat "$scratch/faults"
planted "part '1. A part' has no picture" cat "$scratch/faults"
planted "part '1. A part' has an exercise without an answer" cat "$scratch/faults"
planted 'no part of a program' cat "$scratch/faults"
planted 'does not understand' cat "$scratch/faults"
# What is like what is shown is no fault.
unlike() {
	grep '`echo 17' "$scratch/faults"
}
clean unlike
cp "$scratch/planted/x.md" "$scratch/planted/y.md"
python "$MA_SRCDIR/tests/docs/documents.py" update "$scratch" "$scratch/planted/y.md"
planted '^> two$' diff "$scratch/planted/x.md" "$scratch/planted/y.md"

mkdir "$scratch/pictures"
cp -R "$MA_SRCDIR/docs/pictures/." "$scratch/pictures"
chmod -R u+w "$scratch/pictures"
cp "$scratch/pictures/toy.svg" "$scratch/pictures/strange.svg"
echo >>"$scratch/pictures/toy.svg"
pictures "$scratch/pictures" >"$scratch/faults"
planted 'toy.svg is not what draw.py makes' cat "$scratch/faults"
planted 'draw.py does not make strange.svg' cat "$scratch/faults"

exit $failed
