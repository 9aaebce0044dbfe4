#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The commands that README.md, CONTRIBUTING.md and docs/ tell the reader to type work, on an installed libma. A command
# that can't be run here is listed below, with the place where CI runs it.
#
# A command is a line of a block ```sh; or, in a block without a language or one that is indented, a line that begins
# with "$ " or with one of the words in `starts`; what a block ```console shows besides is for tests/docs. A program that
# a command compiles is the block of C or C++ before it, or a file of docs/examples.
#
# usage: commands.sh DESTDIR BINDIR LIBDIR PKGCONFIGDIR, from `make installcheck`

. "${0%/*}/common"

bindir=$1$2
libdir=$1$3
for library in libma.so libma.a libma/libma-preload.so; do
	[ -e "$libdir/$library" ] || skip 'the documents speak of an installation with all libraries'
done
PKG_CONFIG_SYSROOT_DIR=$1
PKG_CONFIG_LIBDIR=$1$4
LD_LIBRARY_PATH=$libdir
PATH=$bindir:$PATH
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR LD_LIBRARY_PATH PATH
unset PKG_CONFIG_PATH MA_OPTIONS MAKEFLAGS MFLAGS MAKELEVEL

starts='\./bootstrap|\./configure|\.ci/run|make|\./?ma|ma|cc|c\+\+|gcc|g\+\+|git|apt|apt-get|man|pkg-config|packaging/[a-z-]+'

# Commands that change the checkout, take long, or need what a test can't have: the beginning of the command, the file of
# this repository that sees to it, and a text that the file has while it does.
elsewhere() {
	cat <<-'END'
		./bootstrap run|.ci/run|./bootstrap run
		./bootstrap check|.ci/run|./bootstrap check
		./bootstrap deb|packaging/check-tarball|target=deb
		./bootstrap|.ci/run|./bootstrap --ci
		./configure && make && make install|packaging/check-tarball|make -s distcheck
		./configure|.ci/run|configure" -q
		make -j|.ci/run|mk
		make check|.ci/run|mk check
		make run|tests/tools/real-programs.sh|real-programs
		make bench|tests/tools/bench.sh|bench
		make format|.ci/run|mk check-format
		make examples|tests/docs/documents.sh|docs/examples
		make pictures|tests/docs/documents.sh|draw.py
		make deb|packaging/check-tarball|target=deb
		make update|tests/scripts/abi.sh|packaging/abi
		.ci/run|.ci/run|usage: .ci/run
		packaging/check-tarball|.ci/run|packaging/check-tarball --deb
		packaging/check-deb|.ci/run|packaging/check-deb
		packaging/cross|.ci/run|packaging/cross
		apt |packaging/check-deb|install /packages/
		apt-get |packaging/check-deb|install /packages/
		for o in stats=- sites=1|tools/programs/list.bash|records.py
		ma bench|tests/tools/bench.sh|bench
		man |packaging/check-deb|man ma_malloc
	END
}

# What the reader puts in the place of words that stand for something.
filled_in() {
	sed -e 's/PROGRAM ARG\.\.\./true/g' -e 's/PROGRAM/true/g' -e 's/^\.\/ma /ma /'
}

# extract DOCUMENT FOLDER: writes the commands to FOLDER/N.command, one a file, in the order of the document; and to
# FOLDER/N.c and FOLDER/N.cc the program that was shown last before it.
extract() {
	awk -v starts="^($starts)( |\$)" -v folder="$2" '
		function command(text,   n) {
			sub(/[ \t]+#.*$/, "", text)
			if (text ~ /^[ \t]*(#|$)/)
				return
			if (open != "")
				text = open "\n" text
			# A loop ends where it ends.
			if (text ~ /\\$/ || (text ~ /^(for|while|if) / && text !~ /\n(done|fi)[^\n]*$/)) {
				open = text
				return
			}
			open = ""
			n = sprintf("%s/%04d", folder, ++count)
			print text >(n ".command")
			if (c != "") printf "%s", c >(n ".c")
			if (cc != "") printf "%s", cc >(n ".cc")
		}
		/^```/ {
			language = inside ? "" : substr($0, 4)
			inside = !inside
			sub(/ .*/, "", language)
			if (inside && language == "c") c = ""
			if (inside && language == "cpp") cc = ""
			next
		}
		inside && language == "c" { c = c $0 "\n"; next }
		inside && language == "cpp" { cc = cc $0 "\n"; next }
		inside && language == "sh" { command($0); next }
		inside && language == "console" && /^\$ cc / { command(substr($0, 3)); next }
		inside && language != "" { next }
		!inside && !/^(    |\t)/ { next }
		!inside { sub(/^(    |\t)/, "") }
		# A row of figures is none.
		$NF ~ /^[0-9.]+$/ && $(NF - 1) ~ /^[0-9.]+$/ { next }
		/^\$ / { command(substr($0, 3)); next }
		$0 ~ starts || open != "" || /^(for|while|if) / { command($0) }
	' "$1"
}

# place COMMAND: the line of `elsewhere` that it begins with.
place() {
	elsewhere | while IFS='|' read -r begin file text; do
		case $1 in
		"$begin"*)
			echo "$file|$text"
			break
			;;
		esac
	done
}

# documents FILE...: what does not work. Each document has a folder of its own, where its commands follow each other.
documents() {
	for document; do
		name=${document#"$MA_SRCDIR"/}
		rm -rf "$scratch/extracted" "$scratch/here"
		mkdir "$scratch/extracted" "$scratch/here"
		extract "$document" "$scratch/extracted"
		for file in "$scratch/extracted"/*.command; do
			[ -e "$file" ] || continue
			echo "$name" >>"$scratch/seen"
			command=$(filled_in <"$file")
			where=$(place "$(cat "$file")")
			if [ -n "$where" ]; then
				grep -qF -e "${where#*|}" "$MA_SRCDIR/${where%%|*}" 2>/dev/null ||
					echo "$name: '$command' is not run by ${where%%|*}: it has no '${where#*|}'"
				continue
			fi
			case $command in
			*valgrind*) command -v valgrind >/dev/null || continue ;;
			esac
			for word in $command; do
				case $word in
				*.c | *.cc)
					[ -e "$scratch/here/$word" ] || cp "${file%.command}.${word##*.}" "$scratch/here/$word" 2>/dev/null ||
						cp "$MA_SRCDIR/docs/examples/${word##*/}" "$scratch/here" 2>/dev/null
					;;
				esac
			done
			(cd "$scratch/here" && timeout 60 sh -ec "$command") >"$scratch/printed" 2>&1 </dev/null || {
				echo "$name: '$command' fails with status $?:"
				head -n 10 "$scratch/printed"
			}
		done
	done
}

# Not in the tarball: what CI is, and who works on the checkout.
[ -e "$MA_SRCDIR/.ci/run" ] || skip 'not a checkout'
clean documents "$MA_SRCDIR/README.md" "$MA_SRCDIR/CONTRIBUTING.md" "$MA_SRCDIR"/docs/*.md
[ "$(grep -c '^README.md$' "$scratch/seen")" -ge 3 ] || { echo 'README.md has hardly a command' && failed=1; }

cat >"$scratch/planted.md" <<'END'
```c
int main(void) { return 3; }
```

    cc -o three three.c      # works
    make bench

```sh
./three
for n in 1 2; do
	false
done
ma run PROGRAM ARG...
ma run --no-such-option PROGRAM
cc -o four no/four.c
```

Words, and a figure that is not a command:

    made by hand
END
documents "$scratch/planted.md" >"$scratch/faults"
planted "'./three' fails with status 3" cat "$scratch/faults"
planted 'for n in 1 2; do' cat "$scratch/faults"
planted 'no-such-option true. fails with status' cat "$scratch/faults"
planted "'cc -o four no/four.c' fails" cat "$scratch/faults"
planted '^4$' grep -c "fails with status" "$scratch/faults"
elsewhere() {
	echo 'make bench|README.md|no such text'
}
planted "'make bench' is not run by README.md" documents "$scratch/planted.md"

exit $failed
