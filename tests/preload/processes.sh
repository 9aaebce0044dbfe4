#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What processes do around a malloc: forking and spawning beside threads that allocate, odd ends, loading and unloading
# the library, other preloaded libraries, a static program, more rights than the caller's.
#
# TIMES is how often a process forks (make check-processes: 1,000 times).

. "${0%/*}/common"

: "${TIMES=$([ -n "${MA_TEST_SHORT-}" ] && echo 40 || echo 200)}"

skipped() {
	echo "skipped: $*" >&2
}

# runs EXPECTED COMMAND...: it prints EXPECTED on standard output, and ends with status 0.
runs() {
	expected=$1
	shift
	"$@" >out 2>err </dev/null
	status=$?
	[ "$status" -eq 0 ] || echo "$*: exit status $status: $(tail -n 3 err)"
	[ "$(cat out)" = "$expected" ] || echo "$*: it printed $(head -n 3 out) instead of $expected"
}

# Threads that allocate all the time, and a process that forks, spawns, and ends in odd ways.
forking() {
	build processes || echo 'processes.c does not compile'
	runs "forks: $TIMES times" on_libma ./processes forks "$TIMES"
	runs "spawns: $TIMES times" on_libma ./processes spawns "$TIMES"
	runs "ends: $TIMES times" on_libma ./processes ends "$TIMES"
	build handlers || echo 'handlers.c does not compile'
	runs 'heard of fork: 400 times' on_libma timeout 20 ./handlers
}

# dlopen() and dlclose(), of each library, in a program on glibc's malloc and in one on libma.
loading() {
	build loaded || echo 'loaded.c does not compile'
	for library in libma.so libma-preload.so; do
		runs 'loaded and unloaded' ./loaded "$MA_BUILDDIR/.libs/$library"
	done
	runs 'loaded and unloaded' on_libma ./loaded "$MA_BUILDDIR/.libs/libma.so"
}

# A library that is loaded with RTLD_DEEPBIND and shares objects with the program.
deepbound() {
	mkdir -p plugins
	if ! build plugin -DPLUGIN -shared -fPIC || ! mv plugin plugins/plugin.so ||
		! build plugin -Wl,--enable-new-dtags,-rpath,"$PWD/plugins"; then
		echo 'plugin.c does not compile'
	fi
	runs 'all belongs together' ./plugin
	case " $CFLAGS " in
	*' -fprofile-arcs '*) skipped 'with counters in it our dlopen() calls the real one, which then takes us for the caller' ;;
	*) runs 'all belongs together' on_libma ./plugin ;;
	esac
}

# beside LIBRARY...: another library, preloaded before libma and behind it.
beside() {
	for library; do
		[ -e "$library" ] || continue
		runs 'all belongs together' env LD_PRELOAD="$library:$preload" ./beside
		[ ! -x operators ] || [ -z "${library##*asan*}" ] || LD_PRELOAD="$library:$preload" ./operators >out 2>err ||
			echo "operators beside $library: $(tail -n 3 err)"
		case $library in
		*asan*) # it refuses to be the second
			! LD_PRELOAD="$preload:$library" ./beside >out 2>err && grep -q 'ASan runtime does not come first' err ||
				echo "behind libma $library does not refuse: $(tail -n 3 err)"
			;;
		*) runs 'all belongs together' env LD_PRELOAD="$preload:$library" ./beside ;;
		esac
		return
	done
	return 1
}

# Other preloaded libraries; and none.
others() {
	build beside || echo 'beside.c does not compile'
	# shellcheck disable=SC2086 # a list
	"${CXX:-c++}" ${CXXFLAGS--O2} -std=c++17 -pthread "$MA_SRCDIR/tests/preload/operators.cc" -o operators 2>/dev/null
	runs 'all belongs together' on_libma ./beside
	export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 DUMP_HEAPTRACK_OUTPUT=/dev/null
	beside /usr/lib/*/libjemalloc.so.? || skipped 'there is no jemalloc here'
	beside /usr/lib/heaptrack/libheaptrack_preload.so /usr/lib/*/heaptrack/libheaptrack_preload.so ||
		skipped 'there is no heaptrack here'
	# Its operator new does not throw.
	beside "$(readlink -f "$($CC -print-file-name=libasan.so)")" || skipped "$CC has no ASan library"
}

# A static program; and one with more rights than its caller, which reads no options.
static() {
	library=$MA_BUILDDIR/.libs/libma.a
	if [ ! -e "$library" ]; then
		skipped 'there is no libma.a in this build'
		return
	fi
	# shellcheck disable=SC2086 # lists
	for program in preload/secure stress/exits; do
		$CC $CFLAGS -std=gnu17 -D_GNU_SOURCE -static -pthread -I"$MA_SRCDIR/include" "$MA_SRCDIR/tests/$program.c" \
			-o "${program#*/}" "$library" $LDFLAGS 2>err || echo "$program.c does not link statically: $(tail -n 3 err)"
	done
	[ "$MA_THREADS" != 1 ] || runs '' env TEST_SECONDS=0.3 ./exits
	runs plain ./secure
	says=$(MA_OPTIONS=stats=1 ./secure 2>&1 | grep -c '^libma: summary')
	[ "$says" -eq 1 ] || echo 'options are not read'
	if ! chown nobody secure 2>/dev/null || ! chmod u+s secure || ! chmod a+x . || [ "$(./secure)" != secure ]; then
		skipped 'only root can make a program run as somebody else'
		return
	fi
	says=$(MA_OPTIONS=stats=1,fill=300 ./secure 2>&1)
	[ "$says" = secure ] || echo "a set-user-ID program reads MA_OPTIONS: $says"
}

# Without the system calls that only advise or ask.
sandboxed() {
	build sandboxed || echo 'sandboxed.c does not compile'
	expected=$(./sandboxed)
	[ "$expected" = 'it went on' ] || skipped 'there are no filters of system calls here'
	for options in '' hardened=1 guard=20 signals=1 sites=1; do
		runs "$expected" on_libma env MA_OPTIONS="$options" ./sandboxed
	done
}

[ "$MA_THREADS" != 1 ] || clean sandboxed
[ "$MA_THREADS" != 1 ] || clean forking
[ "$MA_THREADS" != 1 ] || clean loading
clean deepbound
clean others
clean static

planted 'exit status 3' runs x sh -c 'exit 3'
planted 'instead of x' runs x echo y
# The flag that is left crashes: glibc's free() gets what is not its.
planted 'plugin: exit status 1' runs 'all belongs together' on_libma env MA_OPTIONS=deepbind=1 ./plugin

exit $failed
