#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma leaks PID on live processes: what it finds, that the processes do not notice, and that nothing is left of it.

. "${0%/*}/common"
. "$MA_SRCDIR/tests/tools/live-common.sh"

# copies: processes that have the name and the memory of $pid, and are not $pid.
copies() {
	for status in /proc/[0-9]*/status; do
		[ "$status" != "/proc/$pid/status" ] &&
			[ "$(sed -n 's/^Name:[[:space:]]*//p' "$status" 2>/dev/null)" = "$(cat "/proc/$pid/comm")" ] &&
			[ "$(head -n 1 "${status%status}maps" 2>/dev/null)" = "$(head -n 1 "/proc/$pid/maps")" ] &&
			grep -q '^State:[[:space:]]*[^ZX]' "$status" 2>/dev/null && echo "$status"
	done
}

# Can there be snapshots on this machine?
snapshots=0
[ "$(uname -m)" = x86_64 ] && [ "$(getconf LONG_BIT)" = 64 ] && grep -q '^Seccomp:[[:space:]]*0' /proc/self/status &&
	snapshots=1

# What is lost, and where it was allocated.

for program in "$ma run $plain" "$whole"; do
	# shellcheck disable=SC2086 # words
	start $program leaky
	expect 0 '^  definitely lost: 10[0-9]* bytes in 1 allocation$' '' "$ma" leaks $pid
	grep -q '^  indirectly lost: 20[0-9]* bytes in 2 allocations$' out || wrong 'not two indirectly' leaks
	expect 0 '*' "^ma: process $pid stood still for [0-9.]* ms; .* copied" "$ma" leaks -v $pid
	if [ "$snapshots" = 1 ]; then
		grep -q ' from a snapshot' err || wrong 'no snapshot' "$ma" leaks -v $pid
	fi
	expect 7 '*' '' "$ma" leaks --leaks-exit=7 $pid
	finish 0 leaky
done

start "$ma" run --sites "$plain" leaky
expect 0 '^1000 bytes in 1 allocation are definitely lost, and indirectly 2000 bytes in 2 allocations, allocated by$' '' \
	"$ma" leaks $pid
if grep -q '^S\["HAVE_LIBDW_TRUE"\]=""' "$MA_BUILDDIR/config.status"; then
	grep -q '^    leak at .*live\.c:[0-9]*$' out || wrong 'no function, file and line' "$ma" leaks
	echo 'leak:leak' >suppressions
	expect 0 '^  of these suppressed: 3000 bytes in 3 allocations$' '' \
		"$ma" leaks --suppressions=suppressions --leaks-exit=7 $pid
	! grep -q '^1000 bytes' out || wrong 'suppressed, and told of' "$ma" leaks
fi
expect 0 '^\{"processes": ' '' "$ma" leaks --format=json $pid
if command -v python3 >/dev/null; then
	python3 - out $pid <<'END' || failed=1
import json, sys
process = json.load(open(sys.argv[1]))["processes"][0]
assert process["process"] == int(sys.argv[2]), process["process"]
assert process["program"] == "live-plain", process["program"]
assert process["definitely_lost"] == {"bytes": 1000, "allocations": 1}, process["definitely_lost"]
assert process["indirectly_lost"] == {"bytes": 2000, "allocations": 2}, process["indirectly_lost"]
assert len(process["leaks"][0]["stack"]) > 0
END
fi
finish 0 leaky

# What the process never touched is not made by the copy: ma takes as much memory as the process, not as its address space.
start "$ma" run "$plain" scattered 256
expect 0 '^[0-9.]+ [1-9][0-9]{0,4} exit:0$' '' "$MA_BUILDDIR/tools/measure" 60 o e "$ma" leaks $pid
grep -q '^  still reachable: 268' o || wrong 'its object is not told of' leaks
finish 0 scattered

# Guarded objects are objects, too.
start env MA_OPTIONS=guard=all "$ma" run "$plain" leaky
expect 0 '^1000 bytes in 1 allocation are definitely lost, and indirectly 2000 bytes in 2 allocations, allocated by$' '' \
	"$ma" leaks $pid
finish 0 guarded

# Nobody notices: not what sleeps, waits and calculates, also if ma is killed at any moment.
if [ "$MA_THREADS" = 1 ]; then
	start "$ma" run "$plain" waiting
	for _ in 1 2 3 4 5 6; do
		expect 0 '^  definitely lost: 0 bytes in 0 allocations$' '' "$ma" leaks $pid
	done
	killed '001 002 003 004 005 006 007 008 010 012 015 020 025 030 040 050' "$ma" leaks $pid
	for _ in 1 2 3 4 5 6 7 8 9 10; do # what ma left behind ends soon
		sleep 0.2
		[ -n "$(copies)" ] || break
	done
	true >out && true >err
	[ -z "$(copies)" ] || wrong "there are copies: $(copies)" 'killed ma'
	case $(state) in *[tT]*) wrong "it stands still: $(state)" 'killed ma' ;; esac
	expect 0 '^  definitely lost: 0 bytes in 0 allocations$' '' "$ma" leaks $pid
	finish 0 waiting

	start "$ma" run "$plain" busy 3
	for _ in 1 2 3; do
		expect 0 '^  definitely lost: 0 bytes in 0 allocations$' '*' "$ma" leaks $pid
	done
	finish 0 busy
fi

# Signals that come meanwhile are handled as otherwise: they end a system call.
start "$ma" run "$plain" alarmed
for _ in 1 2 3 4 5; do
	expect 0 '^  definitely lost: 0 bytes in 0 allocations$' '' "$ma" leaks $pid
done
finish 0 alarmed

# One thread that can't be stopped is no reason to do without a snapshot.
if [ "$snapshots$MA_THREADS" = 11 ]; then
	start "$ma" run "$plain" vforks
	expect 0 '^  indirectly lost: 20[0-9]* bytes in 2 allocations$' ' from a snapshot' "$ma" leaks -v $pid
	finish 0 vforks
fi

# What fork leaves out is in the snapshot, and is left out again afterwards, also if ma is killed.
if [ "$snapshots$MA_THREADS" = 11 ] && printf '%s\n5.13\n' "$(uname -r)" | sort -VC -r; then
	start "$ma" run "$plain" apart 100
	for _ in 1 2 3; do
		expect 0 '^  indirectly lost: 20[0-9]* bytes in 2 allocations$' ' from a snapshot' "$ma" leaks -v $pid
		grep -q '^  definitely lost: 10[0-9]* bytes in 1 allocation$' out || wrong 'more is lost' "$ma" leaks
	done
	killed '001 002 003 004 005 006 008 010 015 020' "$ma" leaks $pid
	finish 0 apart
fi

# No snapshot where it would do harm: ma says why, and does without.
without() {
	expect 0 '^  indirectly lost: 20[0-9]* bytes in 2 allocations$' \
		"^ma: process $pid stood still .* MiB copied \\(no snapshot: $1\\); read" "$ma" leaks -v $pid
}
if [ "$snapshots" = 1 ]; then
	start "$ma" run "$plain" filtered
	without 'it filters its system calls'
	finish 0 filtered
	start "$ma" run "$plain" adopts
	without 'it inherits orphans'
	finish 0 adopts
	if [ "$MA_THREADS" = 1 ]; then
		start "$ma" run "$plain" apart 5000
		without 'fork leaves out some of its memory'
		finish 0 'apart in too many pieces'
		start "$ma" run "$plain" half-filtered
		without 'it filters its system calls'
		finish 0 half-filtered
	fi
	if unshare --pid true 2>/dev/null; then
		start unshare --pid "$ma" run "$plain" forks
		without 'its children get other numbers than ma sees'
		finish 0 forks
	fi
fi

# Nor where no thread may be sent: in a restartable sequence, which would be torn, and where it stands still already.
if "$plain" has-sections; then
	start "$ma" run "$plain" sections
	for _ in 1 2 3; do
		expect 0 '^  indirectly lost: 20[0-9]* bytes in 2 allocations$' '' "$ma" leaks $pid
	done
	finish 0 sections
fi
start "$ma" run "$plain" leaky
stays_stopped 0 '^  indirectly lost: 20[0-9]* bytes in 2 allocations$' '' "$ma" leaks $pid

# What it does not understand.
expect 2 '' '^ma leaks: no PID given' "$ma" leaks
expect 2 '' "^ma: 'nosuch' is not a process number$" "$ma" leaks nosuch
expect 125 '' '^ma: there is no process 999999999$' "$ma" leaks 999999999
expect 2 '' "^ma leaks: --format is text or json, not 'xml'" "$ma" leaks --format=xml 1
expect 2 '' "^ma leaks: --leaks-exit needs an exit status from 1 to 255, not '0'" "$ma" leaks --leaks-exit=0 1
expect 125 '' "^ma: can't read the suppressions 'nosuch'" "$ma" leaks --suppressions=nosuch 1
start "$plain" leaky
expect 125 '' "^ma: process $pid does not run libma" "$ma" leaks $pid
finish 0 'no libma'

exit $failed
