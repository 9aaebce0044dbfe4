#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma run: one line of warning for a program that libma can't be loaded into, which then runs as it is.

. "${0%/*}/common"

program=$(command -v sleep)

printf 'int main(void) { return 7; }\n' >static.c
# shellcheck disable=SC2086 # a command with options
if $CC -static -o static static.c 2>/dev/null; then
	expect 7 '' "^ma: warning: './static' is statically linked, so it runs without libma$" "$ma" run ./static
	[ "$(wc -l <err)" -eq 1 ] || wrong 'more than one line' "$ma" run ./static
	printf '#! %s/static -x\n' "$scratch" >script
	chmod +x script
	expect 7 '' "^ma: warning: '$scratch/static' is statically linked" "$ma" run ./script
fi

# An ELF file for a processor that does not exist. What becomes of it is up to the system.
cp "$program" strange
printf '\376\376' | dd of=strange bs=1 seek=18 conv=notrunc 2>/dev/null
"$ma" run ./strange >out 2>err
matches err "^ma: warning: './strange' is built for another kind of processor" ||
	wrong 'no warning' "$ma" run ./strange

# The dynamic loader names no other one, and loads the program that it is given.
loader=$(sed -n 's|.* \(/.*/ld-[^/]*\)$|\1|p' /proc/self/maps | head -n 1)
[ ! -x "$loader" ] || expect 0 '/libma-preload.so$' '' "$ma" run "$loader" "$(command -v cat)" /proc/self/maps

# Rights that the caller has already are no reason.
cp "$program" own
chmod u+s own
expect 0 '' '' "$ma" run ./own 0
if [ "$(id -u)" -eq 0 ]; then
	cp "$program" set-user
	chown 1:1 set-user
	cp -p set-user set-group
	chmod 4755 set-user
	chmod 2755 set-group
	expect 0 '' "^ma: warning: './set-user' is set-user-ID, so it runs" "$ma" run ./set-user 0
	expect 0 '' "^ma: warning: './set-group' is set-group-ID, so it runs" "$ma" run ./set-group 0
fi

# Programs that can't be read, or cut off in the middle, get no warning that might be wrong.
head -c 40 "$program" >cut-off
chmod +x cut-off
"$ma" run ./cut-off >out 2>err
matches err 'warning' && wrong 'a needless warning' "$ma" run ./cut-off

exit $failed
