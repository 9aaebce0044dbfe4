#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma COMMAND PID on live processes: what it says, and that it harms none of them, also if it is killed.

. "${0%/*}/common"
. "$MA_SRCDIR/tests/tools/live-common.sh"

for program in "$ma run $plain" "$whole"; do
	# shellcheck disable=SC2086 # words
	start $program idle 8
	expect 0 "^process $pid: the heap is sound$" '' "$ma" check $pid
	expect 0 '^process .* sound$' "^ma: process $pid stood still for [0-9.]* ms; .* copied" "$ma" check -v $pid
	expect 0 '^chunk 0x[0-9a-f]*, .*, heap 1$' '' "$ma" map $pid
	expect 0 "^libma: summary of process $pid\$" '' "$ma" stats $pid
	for form in json openmetrics xml; do
		expect 0 '*' '' "$ma" stats --format=$form $pid
		cp out stats.$form
	done
	expect 0 "$(printf '\033\\[48;5;')" '' "$ma" map --color=always $pid
	! grep -q 'libma heap map' out || wrong 'not drawn' "$ma" map --color=always
	expect 0 '^chunk 0x' '' "$ma" map --color=never $pid
	expect 0 '' '' "$ma" map --output=map.svg $pid
	expect 0 '' '' "$ma" map -o map.html $pid
	expect 0 '' '' "$ma" map -o map.json $pid
	expect 0 '^<svg' '' "$ma" map --format=svg $pid
	grep -q '<svg' map.svg || wrong 'map.svg is none' "$ma" map --output
	grep -qi '^<!doctype html>' map.html || wrong 'map.html is none' "$ma" map --output
	grep -q '^{"libma_map":1' map.json || wrong 'map.json is none' "$ma" map --output
	expect 125 '' "^ma: can't write the heap map 'no/such/file': No such file" "$ma" map -o no/such/file $pid
	# The report is kept in memory until it is whole; that has a limit, too.
	for command in stats map 'map --format=json'; do
		sh -c "ulimit -f 0; $ma $command $pid 2>&1 >/dev/null; echo status \$?" | cat >out
		true >err
		matches out '^status 125$' || wrong 'not status 125' "$ma" "$command"
		matches out "^ma: there is no room for the report on process $pid," || wrong 'no word of it' "$ma" "$command"
	done
	# That ma may not open its files is not that the process has ended.
	if command -v prlimit >/dev/null; then
		expect 125 '' '^ma: may open no more than 5 files at a time, and needs 16: ulimit -n$' \
			prlimit --nofile=5 "$ma" check $pid
		expect 0 'sound$' '' prlimit --nofile=5:64 "$ma" check $pid
	fi
	if [ -c /dev/full ]; then
		for form in text json svg html; do
			expect 125 '' "^ma: can't write the heap map '/dev/full': No space left" \
				"$ma" map --format=$form -o /dev/full $pid
		done
		"$ma" stats --watch=0.1 $pid >/dev/full 2>err 9>&- &
		command=$!
		sleep 2
		kill $command 2>/dev/null && wrong 'it goes on, though the disk is full' "$ma" stats --watch
		wait $command
		matches err "^ma: can't write to standard output: " || wrong 'no word of a full disk' "$ma" stats --watch
	fi
	if command -v xmllint >/dev/null; then
		expect 0 '' '' xmllint --noout map.svg stats.xml
	fi
	if command -v tidy >/dev/null; then
		expect 0 '' '' tidy -q -e --drop-empty-elements no map.html
	fi
	expect 0 '*' '' "$ma" map --format=json $pid
	if command -v python3 >/dev/null; then
		python3 - out stats.json stats.xml "$pid" <<'END' || failed=1
import json, sys, xml.etree.ElementTree
json.load(open(sys.argv[1]))
stats = json.load(open(sys.argv[2]))
xml.etree.ElementTree.parse(sys.argv[3])
assert str(stats["process"]) == sys.argv[4], stats["process"]
END
	fi
	tail -n 1 stats.openmetrics | grep -qx '# EOF' || wrong 'no end' stats
	finish 0 idle
	# shellcheck disable=SC2086
	start $program damaged
	expect 1 "^process $pid: the heap has [0-9]* faults" '' "$ma" check $pid
	grep -q '^libma: check: block header overwritten: 0x' out || wrong 'the damaged block is not named' check
	# What it has no room to say is not taken for nothing.
	for limit in 0 1; do
		sh -c "ulimit -f $limit; $ma check $pid 2>&1 >/dev/null; echo status \$?" | cat >out
		true >err
		if [ $limit = 0 ]; then
			matches out '^status 125$' || wrong 'not status 125' "ulimit -f $limit; $ma check"
			matches out "^ma: there is no room for the report on process $pid," || wrong 'no word of it' "$ma check"
		else
			matches out '^status (1|125)$' || wrong 'a damaged heap is called sound' "ulimit -f $limit; $ma check"
		fi
	done
	finish 0 damaged
	[ "$MA_THREADS" = 1 ] || continue
	# shellcheck disable=SC2086
	start $program busy 3
	for _ in 1 2 3; do
		expect 0 'sound$' '*' "$ma" check $pid
	done
	expect 0 '^chunk ' '*' "$ma" map $pid
	expect 0 '^libma: summary of process' '*' "$ma" stats $pid
	finish 0 busy
done

# Where and when objects were allocated, and guarded ones: as JSON, as text, and drawn.
for program in "$ma run --sites $plain" "$whole"; do
	# shellcheck disable=SC2086 # words
	start env MA_OPTIONS=sites=1,guard=20,guard_rate=0 $program idle 8
	expect 0 '' '' "$ma" map -o sites.json $pid
	if command -v python3 >/dev/null; then
		expect 0 '' '' python3 "$MA_SRCDIR/tests/tools/draw-json.py" sites.json 5
	fi
	expect 0 '^who holds memory:$' '' "$ma" map $pid
	grep -Eq '^    [^ ].* (at [^ ]+:[0-9]+|in live-(plain|static)\+0x[0-9a-f]+)$' out || wrong 'no code is named' "$ma" map
	grep -q '^guarded 0x.* s old$' out || wrong 'no guarded objects' "$ma" map
	expect 0 'old, allocated by ' '' "$ma" map --color=always $pid
	if grep -q '^S\["HAVE_LIBDW_TRUE"\]=""' "$MA_BUILDDIR/config.status"; then
		grep -q '"source":"[^"]*live[.]c","line":[0-9]' sites.json ||
			wrong 'the code is not named' "$ma" map -o sites.json
	fi
	finish 0 idle
done

# A busy process is stopped where nothing is half changed: it need not be read again and again.
case $(uname -m)$MA_THREADS in
x86_641 | aarch641)
	"$ma" run --sites "$MA_BUILDDIR/bench/ma-workload" churn allocations=1000000000000 >/dev/null 2>&1 &
	pid=$!
	sleep 0.5
	few=0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		expect 0 'sound$' '; read [1-6] times?$' "$ma" check -v $pid
		! grep -q 'read [1-3] time' err || few=1
		[ $few = 0 ] || break
	done
	[ $few = 1 ] || wrong 'always read more than three times' 'ma check of a busy process'
	kill $pid
	wait $pid 2>/dev/null
	;;
esac

# Killed at any moment, ma harms nobody.

start "$ma" run "$plain" busy 2
killed '001 002 003 005 008 010 015 020 030 050' "$ma" check $pid
for _ in 1 2 3 4 5 6 7 8 9 10; do # a reader that ma left behind ends soon
	sleep 0.2
	case $(state) in *[tT]*) ;; *) break ;; esac
done
case $(state) in
*[tT]*) true >out && true >err && wrong "it stands still: $(state)" 'killed ma' ;;
esac
expect 0 'sound$' '' "$ma" check $pid
finish 0 'killed ma'

# And a process that ends meanwhile is no riddle.

for ms in 001 004 008 016 032; do
	start "$ma" run "$plain" idle 8
	{
		sleep 0.$ms
		kill -KILL $pid
	} &
	"$ma" check $pid >out 2>err
	ended=$?
	wait 2>/dev/null
	exec 9>&-
	case $ended in
	0) ;;
	125) matches err "^ma: (process $pid has (ended|no memory)|there is no process $pid)" || wrong 'unclear' 'ended meanwhile' ;;
	*) wrong "exit status $ended" 'ended meanwhile' ;;
	esac
done

# Again and again, until the process ends.

start "$ma" run "$plain" idle 1
"$ma" stats --watch=0.1 $pid >out 2>err 9>&- &
command=$!
sleep 1
finish 0 watched
wait $command
ended=$?
case $ended in
0 | 125) ;;
*) wrong "exit status $ended" 'ma stats --watch' ;;
esac

# Also if nobody has waited for it yet.
sh -c "$ma run sleep 1 & echo \$! >number; exec sleep 9" &
parent=$!
until [ -s number ]; do sleep 0.05; done
sleep 0.3
expect 0 '^libma: summary of process ' '' "$ma" stats --watch=0.3 "$(cat number)"
kill $parent
wait $parent 2>/dev/null

# On a terminal each reading takes the place of the last one.
if script -qec true /dev/null >out 2>&1 </dev/null; then # a chroot may have no terminals
	start "$ma" run "$plain" idle 1
	timeout 2 script -qec "$ma stats --watch=0.2 $pid" /dev/null >out 2>err </dev/null 9>&-
	[ "$(grep -c "$(printf '\033\\[Hprocess')" out)" -ge 2 ] || wrong 'no second reading' 'ma stats --watch'
	[ "$(grep -c "$(printf '\033\\[2J')" out)" -eq 1 ] || wrong 'the screen is emptied again and again' 'ma stats --watch'
	finish 0 'on a terminal'
	# Of a small one it takes no more than there is.
	start "$ma" run "$plain" idle 1
	timeout 2 script -qec "stty rows 8 cols 50; exec $ma stats --watch=0.2 $pid" /dev/null >out 2>err </dev/null 9>&-
	tr -d '\r' <out | sed "s/$(printf '\033')\\[[0-9]*[A-Z]//g" >lines
	awk 'length > 50 { exit 1 }' lines || wrong 'too wide' 'ma stats --watch in 50 columns'
	awk '/^process/ { rows = 0 } ++rows > 7 { exit 1 }' lines || wrong 'too high' 'ma stats --watch in 8 rows'
	grep -q '^libma: summary of process' lines || wrong 'no statistics' 'ma stats --watch in 8 rows'
	finish 0 'on a small terminal'
	# One that obeys nothing gets one after the other.
	start "$ma" run "$plain" idle 1
	TERM=dumb timeout 2 script -qec "$ma stats --watch=0.2 $pid" /dev/null >out 2>err </dev/null 9>&-
	[ "$(grep -c '^libma: summary of process' out)" -ge 2 ] || wrong 'no second reading' 'TERM=dumb ma stats --watch'
	! grep -q "$(printf '\033')" out || wrong 'a dumb terminal is told to do something' 'ma stats --watch'
	finish 0 'on a dumb terminal'
fi

# A process that was stopped stays so.

start "$ma" run "$plain" idle 1
stays_stopped 0 'sound$' '' "$ma" check $pid

# What can't be inspected.

expect 2 '' '^ma check: no PID given' "$ma" check
expect 2 '' "^ma: 'cat' is not a process number; 'pidof cat' shows it, if that program runs$" "$ma" check cat
expect 2 '' "^ma: 'nosuch' is not a process number$" "$ma" check nosuch
expect 2 '' "^ma stats: give one PID, not '7' too; seconds stand behind an '=': --watch=SECONDS$" "$ma" stats --watch 5 7
expect 2 '' "^ma: '' is not a process number$" "$ma" check ''
expect 2 '' "^ma: '-5' is not a process number$" "$ma" check -- -5
expect 2 '' "^ma: '12x' is not a process number$" "$ma" map 12x
expect 2 '' "^ma: '99999999999999999999' is not a process number$" "$ma" map 99999999999999999999
expect 2 '' "^ma stats: --format is text, json, openmetrics or xml, not 'yaml'" "$ma" stats --format=yaml 1
expect 2 '' "^ma stats: --watch takes a number of seconds from 0.1 to 1000000, not '0'" "$ma" stats --watch=0 1
expect 2 '' "^ma map: --format is text, json, svg or html, not 'xml'" "$ma" map --format=xml 1
expect 2 '' "^ma map: --color is auto, always or never, not 'yes'" "$ma" map --color=yes 1
expect 2 '' "^ma check: give one PID, not '2' too" "$ma" check $$ 2
expect 125 '' '^ma: there is no process 999999999$' "$ma" check 999999999
# shellcheck disable=SC2016 # for the inner shell
expect 2 '' 'is this ma itself$' sh -c 'exec "$1" check $$' sh "$ma"

start "$plain" idle 1
expect 125 '' "^ma: process $pid does not run libma; 'ma run PROGRAM' starts a program on it$" "$ma" check $pid
# What a picture would take the place of stays, if there is none.
echo kept >kept.html
expect 125 '' '*' "$ma" map -o kept.html $pid
grep -q kept kept.html || wrong 'the old picture is gone' "$ma" map -o kept.html
expect 125 '' '*' "$ma" map -o new.html $pid
[ ! -e new.html ] || wrong 'an empty picture' "$ma" map -o new.html
finish 0 'no libma'

start "$ma" run "$plain" traced
expect 125 '' "^ma: can't inspect process $pid while process [0-9]* traces it" "$ma" check $pid
finish 0 traced

# What has lost its first thread can be looked into by the number of another one.
if [ "$MA_THREADS" = 1 ]; then
	cat >headless.c <<'END'
#include <pthread.h>
#include <unistd.h>

static void *other(void *arg)
{
	char c;

	usleep(300000);
	(void)!write(1, "ready\n", 6);
	return read(0, &c, 1) < 0 ? NULL : arg;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, other, NULL);
	pthread_exit(NULL);
}
END
	$CC -pthread headless.c -o headless || exit 99
	start "$ma" run ./headless
	expect 125 '' "^ma: the first thread of process $pid has ended: give the number of another one, [0-9]+$" "$ma" check $pid
	expect 0 'sound$' '' "$ma" check "$(sed -n 's/.* one, //p' err)"
	expect 125 '' "^ma: the first thread of process $pid has ended" "$ma" memory $pid
	finish 0 headless
fi

# Of another version, or another make: what is changed are strings in the program that libma is linked to.
remake() {
	sed -z "s/$1/$2/" "$whole" >other
	chmod +x other
	start ./other idle 1
	expect 125 '' "^ma: can't inspect process $pid: $3" "$ma" check $pid
	finish 0 "$2"
}
remake 'libma root' 'libma ROOT' "its libma can't be understood by this ma, of version "
remake 'heaps\.all_heaps' 'heaps.xll_heaps' 'its libma was built differently: use the ma of the same build$'
rest=$(printf '%s' "${MA_VERSION#?}" | sed 's/\./\\./g')
remake "^.$rest\$" "9${MA_VERSION#?}" "it runs libma 9$rest, and this ma is of version .*: use the ma of that version$"

# Of another user.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	start "$ma" run "$plain" idle 1
	cp "$ma" . && chmod 755 . ma
	expect 125 '' "^ma: may not inspect process $pid: it is root's; run ma as that user, or as root" \
		setpriv --reuid=65534 --clear-groups ./ma check $pid
	finish 0 'of another user'
fi

# Of another word size.
cat >small.s <<'END'
	.globl _start
_start:	mov $29, %eax
	int $0x80
END
if [ "$(uname -m)" = x86_64 ] && as --32 -o small.o small.s && ld -m elf_i386 -o small small.o; then
	./small 2>/dev/null & # not every kernel can
	pid=$!
	sleep 0.2
	if kill -0 $pid 2>/dev/null; then
		expect 125 '' "^ma: can't inspect process $pid: it is a 32-bit program, and this ma is for 64-bit ones" \
			"$ma" check $pid
		kill $pid
	fi
	wait $pid 2>/dev/null
fi

exit $failed
