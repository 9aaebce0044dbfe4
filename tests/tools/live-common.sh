# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # its variables are those of who reads it
#
# What scripts share that look into live processes: tests/tools/live.c, started and ended.

plain=$MA_BUILDDIR/tests/tools/live-plain
whole=$MA_BUILDDIR/tests/tools/live-static

# start PROGRAM...: runs it in the background until `finish`, and leaves its number in $pid.
start() {
	rm -f input ready
	mkfifo input
	"$@" <input >ready &
	pid=$!
	exec 9>input
	until grep -q ready ready; do
		kill -0 $pid 2>/dev/null || return 1
		sleep 0.05
	done
}

# finish STATUS WHAT: the program ends by itself, with STATUS.
finish() {
	exec 9>&-
	wait "$pid"
	ended=$?
	true >out && true >err
	[ $ended -eq "$1" ] || wrong "the process ended with status $ended instead of $1" "$2"
}

# killed 'MILLISECONDS...' COMMAND...: the command is killed after each of these times.
killed() {
	moments=$1
	shift
	for ms in $moments; do
		"$@" >/dev/null 2>&1 &
		command=$!
		sleep "0.$ms"
		kill -KILL $command 2>/dev/null
		wait $command 2>/dev/null
	done
}

# stays_stopped EXPECT-ARGUMENT...: what looks into the process while it is stopped works, and leaves it so. Then it ends.
stays_stopped() {
	kill -STOP "$pid"
	expect "$@"
	true >out && true >err
	[ "$(state)" = T ] || wrong "its state is $(state)" 'a stopped process'
	kill -CONT "$pid"
	finish 0 'a stopped process'
}

# state: of the process and its threads; 't' or 'T' if one stands still.
state() {
	sed -n 's/^State:[[:space:]]*\([A-Za-z]\).*/\1/p' "/proc/$pid/task/"*/status | sort -u | tr -d '\n'
}
