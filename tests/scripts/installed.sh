#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The installed library, built against through pkg-config from C and C++, shared and static, and the
# installed command.
#
# usage: installed.sh DESTDIR BINDIR LIBDIR PKGCONFIGDIR, from `make installcheck`

. "${0%/*}/common"

bindir=$1$2
libdir=$1$3
PKG_CONFIG_SYSROOT_DIR=$1
PKG_CONFIG_LIBDIR=$1$4
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
unset PKG_CONFIG_PATH
program=$scratch/program
warnings='-Wall -Wextra -Wpedantic -Wundef -Wshadow -Werror'

# user NAME HOW COMPILER FLAG...: builds installed.c with what pkg-config says, and runs it.
user() {
	name=$1
	how=$2
	shift 2
	case $how in
	shared)
		flags=$(pkg-config --cflags --libs ma)
		;;
	static)
		flags="$(pkg-config --static --cflags --libs ma) -static"
		;;
	esac
	# shellcheck disable=SC2086 # lists of flags
	"$@" $warnings "$MA_SRCDIR/tests/scripts/installed.c" -o "$program" $flags 2>&1 &&
		LD_LIBRARY_PATH=$libdir "$program" || echo "$name, $how: status $?"
	if [ "$how" = shared ]; then
		LD_LIBRARY_PATH=$libdir ldd "$program" 2>&1 | grep -Fq "$libdir/libma.so.0" ||
			echo "$name: the program does not use the installed libma.so.0"
	fi
}

same_version() {
	version=$(pkg-config --modversion ma)
	[ "$version" = "$MA_VERSION" ] || echo "pkg-config says version '$version'"
}

command_runs() {
	"$bindir/ma" run true 2>&1 || echo "ma run true: status $?"
}

# With what `ma bench` needs: the workloads, what measures them, and the scripts of real programs.
command_measures() {
	"$bindir/ma" bench --quick --runs=1 --allocators=glibc --only=pair,perl >"$scratch/bench" 2>&1 ||
		cat "$scratch/bench"
}

# shellcheck disable=SC2086 # a compiler's name may come with flags
users() {
	user C "$1" $CC -std=c17
	user 'C99' "$1" $CC -std=c99
	if command -v ${CXX:-none} >/dev/null; then
		user C++11 "$1" $CXX -std=c++11 -x c++
		user C++20 "$1" $CXX -std=c++20 -x c++
	fi
}

clean same_version
[ ! -e "$libdir/libma.so" ] || clean users shared
[ ! -e "$libdir/libma.a" ] || clean users static
if [ -e "$libdir/libma/libma-preload.so" ]; then
	clean command_runs
	clean command_measures
fi
planted '^nobody, shared: status' user nobody shared false

exit $failed
