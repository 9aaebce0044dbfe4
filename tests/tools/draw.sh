#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Heap maps as JSON and as pictures: of ma run --map and of ma draw. What they hold is checked by tools that are not
# ours, where these are there.

. "${0%/*}/common"

# have TOOL COMMAND...: the command succeeds and says nothing of errors, if the tool is there.
have() {
	! command -v "$1" >/dev/null || expect 0 '*' '' "$@"
}

# A heap with slabs, blocks, holes and a large object.
program='BEGIN { for (i = 0; i < 20000; i++) a[i] = sprintf("%0" (i % 300) "d", i); for (i = 0; i < 20000; i += 3) delete a[i]
	for (s = "x"; length(s) < 3000000;) s = s s; exit 7 }'
expect 7 '' '' "$ma" run --map=map.json awk "$program"
have python3 "$MA_SRCDIR/tests/tools/draw-json.py" map.json
have jq .pins map.json

expect 7 '' '' "$ma" run --map=map.html awk "$program"
expect 7 '' '' "$ma" run --map=map.svg awk "$program"
expect 7 '' '' "$ma" run --map=map.any --map-format=html awk "$program"
have xmllint --noout map.svg
if command -v tidy >/dev/null; then
	for file in map.html map.any; do
		expect 0 '' '' tidy -q -e --drop-empty-elements no $file
	done
fi
# It needs nothing but itself.
grep -E '(src|href) *=|https?:|@import|url\(' map.html | grep -v 'xmlns' >out && wrong 'the page refers to others' map.html
grep -q 'class="frame"' map.html || wrong 'the page has no map in it' map.html

expect 0 '' '' "$ma" draw --output=again.html map.json
expect 0 '^<svg ' '' "$ma" draw --format=svg map.json
expect 0 '^chunk 0x' '' "$ma" draw map.json
expect 0 '^one character is 4.0 KiB' '' "$ma" draw --color=never map.json
expect 0 '^<svg ' '' sh -c "$ma draw -f svg - <map.json"
"$ma" draw map.json | grep -q "$(printf '\033')" && wrong 'colours, but no terminal' "$ma" draw map.json
"$ma" draw --color=always map.json | grep -q "$(printf '\033\\[48;5;')" || wrong 'no colours' "$ma" draw --color=always
expect 7 '' "$(printf '\033\\[48;5;')" "$ma" run --map=- --color=always awk "$program"

# The program's end is ours.
expect 143 '' '*' sh -c "$ma run --map=killed.html sh -c 'kill -TERM \$\$'; exit \$?"
grep -q 'there is no map to draw' err || wrong 'no word of a missing map' "$ma" run --map=killed.html
expect 127 '' "^ma: there is no program 'nosuch'" "$ma" run --map=x.html nosuch

# A film: each map is one document, and all are in the page.
if [ "$MA_THREADS" = 1 ]; then
	expect 0 '' '' "$ma" run --map=film.html --map-every=20 sleep 1
	[ "$(grep -c 'class="frame"' film.html)" -ge 3 ] || wrong 'no film' --map-every
	expect 0 '' '' "$ma" run --map=film.json --map-every=20 sleep 1
	[ "$(grep -c '"libma_map":1' film.json)" -ge 3 ] || wrong 'no film' --map-every
	have jq .time_ms film.json
	# Cut in the middle, what is whole of it is shown.
	head -c "$(($(wc -c <film.json) - 100))" film.json >cut.json
	expect 0 '' '' "$ma" draw -o cut.html cut.json
fi

# What is no map.
echo '{"a": [1, 2' >no.json
expect 125 '' "^ma: 'no.json' is no heap map in JSON" "$ma" draw no.json
echo '{"a": [1, 2]}' >no.json
expect 125 '' "^ma: 'no.json' is no heap map in JSON" "$ma" draw no.json
: >no.json
expect 125 '' "^ma: 'no.json' is no heap map in JSON" "$ma" draw no.json
expect 125 '' "^ma: can't read 'nosuch.json': " "$ma" draw nosuch.json
expect 125 '' "^ma: can't write './nosuch/x': " "$ma" draw -o ./nosuch/x map.json
# A map that lies about its blocks is not believed, and does no harm.
sed 's/"size":[0-9]*/"size":50000/' map.json >liar.json
expect 0 '*' '' "$ma" draw liar.json
expect 0 '*' '' "$ma" draw -f svg liar.json

exit $failed
