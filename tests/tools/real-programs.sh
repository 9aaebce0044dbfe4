#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make run finds what it is there to find: with a `ma` that runs programs right, and with some that do not.

. "${0%/*}/common"

command -v bash >/dev/null || skip 'bash is not installed'

build="$scratch/a build"
mkdir -p "$build/tools"
cp "$MA_BUILDDIR/tools/measure" "$build/tools"

# A `ma` that runs the program, leaves a summary and a map, and has one of the faults below.
cat >"$build/ma" <<'END'
#!/bin/sh
[ "$1" = run ] || { echo fake && exit; }
shift
case $1 in
--stats) [ "$FAULT" = unproven ] || echo 'libma: summary' >&2 ;;
--map=*) echo 'a map' >"${1#*=}" && FAULT=none ;;
esac
case $1 in --stats | --map=*) shift ;; esac
[ "$1" != -- ] || shift
[ "$1" != true ] || exit 0
case $FAULT in
output) "$@" | sed 's/1/2/' ;;
errors) echo oops >&2 && exec "$@" ;;
status) "$@" && exit 3 ;;
signal) kill -SEGV $$ ;;
*) exec "$@" ;;
esac
END
chmod +x "$build/ma"

# make_run FAULT [VARIABLE=VALUE...]: the driver on that fault.
make_run() {
	FAULT=$1
	shift
	env FAULT="$FAULT" RUNS=1 ONLY=awk TMPDIR="$scratch/a tmp" "$@" \
		bash "$MA_SRCDIR/tools/real-programs" "$build"
}

mkdir 'a tmp'
expect 0 '^awk +ok +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$' '' make_run none
matches out '^geometric mean +[0-9.]+ +[0-9.]+$' || wrong 'no means' make_run none
matches out '^1 programs, 1 jobs, [0-9]+ s; failed: 0$' || wrong 'no totals' make_run none
! command -v python3 >/dev/null || matches out '^a map$' || wrong 'no map' make_run none
expect 1 '^awk +DIFFERENT .*' '' make_run output
matches out 'libma: standard output differs' || wrong 'no reason' make_run output
expect 1 '^    libma: standard error differs; it said: oops$' '' make_run errors
expect 1 '^    libma: ended with exit:3, and at first with exit:0$' '' make_run status
expect 1 '^awk +UNPROVEN .*' '' make_run unproven
expect 1 '^    libma: ended with signal:11, and' '' make_run signal
expect 1 '' "^real-programs: nothing to run" make_run none ONLY=nosuch
expect 1 '' "^real-programs: RUNS is a number" make_run none RUNS=x
expect 2 '' '^Usage: ' bash "$MA_SRCDIR/tools/real-programs"
[ -z "$(ls 'a tmp')" ] || { echo 'folders were left behind' && failed=1; }

# And measure itself.
measure=$build/tools/measure
expect 0 '^[0-9]+\.[0-9]+ [1-9][0-9]* exit:7$' '' "$measure" 9 o e sh -c 'echo x; echo y >&2; exit 7'
[ "$(cat o e)" = "$(printf 'x\ny')" ] || wrong 'output and errors are not in their files' "$measure"
expect 0 ' signal:15$' '' "$measure" 9 o e sh -c 'kill -TERM $$'
expect 0 '^0\.[1-9][0-9]* [0-9]+ timeout$' '' "$measure" 0.2 o e sleep 9
expect 1 '' '^measure: nosuch-program: ' "$measure" 9 o e nosuch-program
expect 1 '' '^measure: true: ' "$measure" 9 nosuch/o e true
expect 2 '' '^Usage: ' "$measure" 9 o e

exit $failed
