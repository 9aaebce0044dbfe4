#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma run: the program's own status, options and signals; ma's own; what the environment holds afterwards.

# shellcheck disable=SC2016 # much here is expanded by the shells that are run

. "${0%/*}/common"

# A build tree whose name has no space, whatever that of the real one has.
mkdir -p build/.libs
cp "$ma" build
cp "$MA_BUILDDIR/.libs/libma-preload.so" build/.libs
ma=$scratch/build/ma
library=$scratch/build/.libs/libma-preload.so

# A library that can be preloaded, does nothing then, and is certainly there.
other=$(sed -n 's|.* \(/.*/libc[.-].*\)|\1|p' /proc/self/maps | head -n 1)

show_preload='echo "[$LD_PRELOAD]"'
show_options='echo "[$MA_OPTIONS]"'

# The program is what counts: its status, its arguments, its process.

expect 0 '' '' "$ma" run true
expect 1 '' '' "$ma" run false
expect 7 '' '' "$ma" run sh -c 'exit 7'
expect 0 ' signal:15$' '' "$MA_BUILDDIR/tools/measure" 9 o e "$ma" run sh -c 'kill -TERM $$'
expect 0 '^a  b --stats -- --help$' '' "$ma" run -- echo 'a  b' --stats -- --help
expect 0 '^--map=x$' '' "$ma" run echo --map=x
expect 0 '^--$' '' "$ma" run echo --
expect 0 '^same$' '' sh -c 'exec "$1" run sh -c "[ \$\$ = $$ ] && echo same"' sh "$ma"
expect 0 '^name$' '' "$ma" run sh -c 'echo $0' name

# A closed file stays closed.
echo '[ ! -e /proc/$$/fd/$1 ]' >is-closed
expect 0 '' '' sh -c 'exec "$1" run sh is-closed 0 <&-' sh "$ma"
expect 0 '' '*' sh -c 'exec "$1" run --leaks sh is-closed 1 >&-' sh "$ma"

# What can't be run.

mkdir folder
echo 'true' >not-executable
printf '#!/nonexistent/interpreter\n' >no-interpreter
printf 'echo "by the shell: $1"\n' >no-magic
chmod +x no-interpreter no-magic
expect 127 '' "^ma: there is no program 'nosuch-program' in PATH$" "$ma" run nosuch-program
expect 127 '' "^ma: there is no program './nosuch'$" "$ma" run ./nosuch
expect 127 '' "^ma: there is no program ''" "$ma" run ''
expect 127 '' "^ma: there is no program 'no-magic' in PATH; the one in this folder is './no-magic'$" "$ma" run no-magic
expect 127 '' "^ma: there is no program 'folder' in PATH$" "$ma" run folder
expect 126 '' "^ma: can't run './folder': " "$ma" run ./folder
expect 126 '' "^ma: can't run './no-interpreter': the interpreter .* is missing$" "$ma" run ./no-interpreter
expect 0 '^by the shell: x$' '' "$ma" run ./no-magic x
if [ "$(id -u)" -ne 0 ]; then
	mkdir locked
	cp no-magic locked
	chmod a-x locked
	expect 126 '' "^ma: can't run './locked/no-magic': " "$ma" run ./locked/no-magic
	chmod u+x locked
fi
expect 126 '' "^ma: can't run './not-executable': " "$ma" run ./not-executable
expect 126 '' "^ma: can't run 'not-executable': " env PATH="$scratch:$PATH" "$ma" run not-executable
expect 0 '^by the shell: y$' '' env PATH=":$PATH" "$ma" run no-magic y

# The library is loaded, first, once, and beside what was there.

expect 0 "^\[$library\]$" '' "$ma" run sh -c "$show_preload"
expect 0 "$library$" '' "$ma" run cat /proc/self/maps
expect 0 "^\[$library:$other\]$" '' env LD_PRELOAD="$other" "$ma" run sh -c "$show_preload"
expect 0 "^\[$library:$other\]$" '' env LD_PRELOAD=" $other $library" "$ma" run sh -c "$show_preload"
expect 0 "^\[$library\]$" '' "$ma" run "$ma" run sh -c "$show_preload"
expect 0 "^\[$library\]$" '' env MA_PRELOAD_LIB="$library" "$ma" run sh -c "$show_preload"
expect 0 "^\[$other\]$" '' env MA_PRELOAD_LIB="$other" "$ma" run sh -c "$show_preload"
expect 125 '' "^ma: MA_PRELOAD_LIB names './nosuch.so', which is not" \
	env MA_PRELOAD_LIB=./nosuch.so "$ma" run true

# The command finds the library that lies beside it, whatever the folder is called.

mkdir -p 'a folder/.libs' 'a:b c/.libs' bin
cp "$ma" 'a folder'
cp "$ma" 'a:b c'
cp "$library" 'a folder/.libs'
cp "$library" 'a:b c/.libs'
expect 0 '/a folder/.libs/libma-preload.so$' '' 'a folder/ma' run cat /proc/self/maps
expect 0 "^$scratch/a folder/.libs:/lib$" '' \
	env LD_LIBRARY_PATH=/lib 'a folder/ma' run ./'a folder/ma' run sh -c 'echo "$LD_LIBRARY_PATH"'
expect 125 '' "^ma: the dynamic loader can't be given '.*/a:b c/" 'a:b c/ma' run true

# Where /proc is not mounted, as in a chroot, it finds the library all the same; and no process, which it says.
if unshare -m mount -t tmpfs none /proc 2>/dev/null; then
	hide='mount -t tmpfs none /proc && exec "$@"'
	expect 0 "^\[$library\]$" '' unshare -m sh -c "$hide" sh "$ma" run sh -c "$show_preload"
	expect 125 '' "^ma: can't look for process 1: /proc is not mounted$" unshare -m sh -c "$hide" sh "$ma" check 1
fi

# Options for the library. The shells write to standard error what they were asked for, or they use _exit.

expect 0 '^\[\]$' '' "$ma" run sh -c "$show_options"
expect 0 '^\[stats=1\]$' '*' "$ma" run --stats sh -c "$show_options"
expect 0 '^\[map=-,stats=1\]$' '*' \
	env MA_OPTIONS=stats=0,map=- "$ma" run --stats "$ma" run --stats sh -c "$show_options"
expect 0 "^\[map=$scratch/a map\]$" '' "$ma" run --map='a map' sh -c "$show_options"
expect 0 '^\[map=-\]$' '*' "$ma" run --map - sh -c "$show_options"
expect 125 '' "^ma: can't write the heap map './nosuch/map': " "$ma" run --map=./nosuch/map true
expect 125 '' "^ma: can't write the heap map 'folder': " "$ma" run --map=folder true

# A folder's name may be of a kind that no option can hold; nothing is left there then.
mkdir tmp,dir tmp%dir 'a %p folder'
for folder in tmp,dir tmp%dir; do
	expect 125 '' "^ma: TMPDIR may have no ',' or '%' in its name here: '$scratch/$folder'$" \
		env TMPDIR="$scratch/$folder" "$ma" run --leaks --map=x.html true
	rmdir "$folder" || wrong 'a file is left' "$ma" run --map=x.html
done
expect 125 '' "^ma: can't write the heap map '.*/a %p folder/map': its folder's name may have no '%p'$" \
	sh -c 'cd "a %p folder" && exec "$1" run --map=map true' sh "$ma"
expect 0 '' '^libma: summary' "$ma" run --stats-file=- sort
[ ! -e ./- ] || wrong 'a file of that name' "$ma" run --stats-file=-

# And what the library makes of them. These programs close standard error before they end.

expect 0 '' '^libma: summary' "$ma" run --stats sort
expect 0 '' '^libma heap map' "$ma" run --map=- sort
expect 0 '' '' "$ma" run --map=heap sh -c 'cd / && exec sort'
[ -s heap ] || wrong 'there is no map' "$ma" run --map=heap

# They are for the program, not for the parts of libma that ma is made of.

expect 0 '^Usage: ma ' '' env MA_OPTIONS=nosuch=1,stats=1 "$ma" --help
expect 0 '' '' env MA_OPTIONS=map=own "$ma" run --leaks=report sort
grep -q '^chunk 0x' own || wrong 'the map is not of the program' env MA_OPTIONS=map=own "$ma" run --leaks=report sort

exit $failed
