#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma run --stats: each form is read by a parser that is not ours, and a file is replaced while the program runs.

. "${0%/*}/common"

expect 0 '' '^libma: summary of process ' "$ma" run --stats sort
expect 0 '' '^libma: summary of process ' "$ma" run --stats=text sort
expect 0 '' '^  "process": ' "$ma" run --stats=json sort
expect 0 '' '^libma_held_bytes' "$ma" run --stats=openmetrics sort
expect 0 '' '^<malloc version="1">$' "$ma" run --stats=xml sort
expect 0 '' '' "$ma" run --stats-file=stats.json sort
expect 0 '' '' "$ma" run --stats-file=stats.prom sort
expect 0 '' '' "$ma" run --stats-file=stats.xml sort
expect 0 '' '' "$ma" run --stats=json --stats-file=stats.other sort
expect 0 '' '' "$ma" run --stats-file=stats.%p sort
expect 125 '' "^ma: can't write the statistics './nosuch/x': " "$ma" run --stats-file=./nosuch/x true

if command -v python3 >/dev/null; then
	expect 0 '*' '' python3 -m json.tool stats.json
	expect 0 '*' '' python3 -m json.tool stats.other
	python3 "$MA_SRCDIR/tests/tools/openmetrics.py" stats.prom stats.json >out 2>err
	case $? in
	0 | 77) ;; # 77: Prometheus' parser is not there
	*) wrong 'not the OpenMetrics that it should be' openmetrics.py ;;
	esac
fi
! command -v xmllint >/dev/null || expect 0 '' '' xmllint --noout stats.xml
set -- stats.[0-9]*
[ -s "$1" ] || wrong 'no file with the number of the process' "$ma" run --stats-file=stats.%p

# While the program runs: the file is there, whole, and there is nothing beside it.
if [ "$MA_THREADS" = 1 ]; then
	"$ma" run --stats-file="$scratch/every.json" --stats-every=1 sleep 60 &
	tries=100
	while [ ! -s every.json ] && [ $tries -gt 0 ]; do
		sleep 0.1
		tries=$((tries - 1))
	done
	kill $!
	wait $! 2>/dev/null
	[ -s every.json ] || { : >out; : >err; wrong 'no file while the program runs' --stats-every; }
	tail -n 1 every.json | grep -qx '}' || wrong 'the file is not whole' --stats-every
fi

exit $failed
