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
# As wide as the terminal is, the legend too.
for width in 40 80 140; do
	expect 0 '^one character is ' '' env COLUMNS=$width "$ma" draw map.json
	sed '/^chunk/q' out | awk -v most=$width 'length > most { exit 1 }' || wrong "too wide for $width columns" "$ma" draw
	grep '^  ' out | awk -v most=$width 'length > most { exit 1 }' || wrong "too wide for $width columns" "$ma" draw
done
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
cp map.json map.copy
expect 125 '' "^ma: 'map.any' is no heap map" "$ma" draw --output=map.copy map.any
cmp map.json map.copy || wrong 'the output is gone, though there is none' "$ma" draw --output=map.copy map.any
expect 0 '' '' "$ma" draw --format=svg --output=map.copy map.copy
grep -q '^<svg ' map.copy || wrong 'no picture in the place of its map' "$ma" draw --output=map.copy map.copy
# A picture takes the place of an old one when it is whole, not before: not if there is no room for it, nor if ma is
# interrupted; and nothing is left beside it. The rights stay as they are.
mkdir whole
echo old >whole/old.html
chmod 640 whole/old.html
sh -c "ulimit -f 8; exec $ma draw -o whole/old.html map.json" 2>err
[ $? -eq 125 ] || wrong 'not status 125' ulimit -f 8
: >out
matches err "^ma: can't write 'whole/old.html': File too large$" || wrong 'no word of the limit' ulimit -f 8
[ "$(cat whole/old.html)" = old ] || wrong 'the old picture is gone' ulimit -f 8
[ "$(ls whole)" = old.html ] || wrong "left: $(ls whole)" ulimit -f 8
for signal in INT TERM HUP QUIT; do
	for ms in 002 004 006 008 010 012 015 020; do
		timeout -s $signal 0.$ms "$ma" draw -o whole/old.html map.json 2>err
		[ "$(ls whole)" = old.html ] || wrong "left: $(ls whole)" "draw, interrupted by $signal"
		[ "$(cat whole/old.html)" = old ] || grep -q '</html>' whole/old.html ||
			wrong 'half a picture' "draw, interrupted by $signal"
		echo old >whole/old.html
	done
done
expect 0 '' '' "$ma" draw -o whole/old.html map.json
expect 0 '^-rw-r-----' '' ls -l whole/old.html
# What is no file of its own is written to as it is: a link's file, the end of what standard output has.
ln -s old.html whole/link.html
echo old >whole/old.html
expect 0 '' '' "$ma" draw -o whole/link.html map.json
{ [ -L whole/link.html ] && grep -q '</html>' whole/old.html; } || wrong 'not written through the link' "$ma" draw -o whole/link.html
sh -c "echo first; $ma draw -f svg -o /dev/stdout map.json; echo last" >whole/all
[ "$(sed -n '1p;$p' whole/all | tr '\n' ' ')" = 'first last ' ] || wrong 'what was printed is gone' "$ma" draw -o /dev/stdout
grep -q '^<svg ' whole/all || wrong 'no picture' "$ma" draw -o /dev/stdout
expect 0 '^<svg ' '' "$ma" draw --format=svg map.json
expect 0 '^chunk 0x' '' "$ma" draw map.json
expect 0 '^one character is 4.0 KiB' '' "$ma" draw --color=never map.json
expect 0 '^<svg ' '' sh -c "$ma draw -f svg - <map.json"
"$ma" draw map.json | grep -q "$(printf '\033')" && wrong 'colours, but no terminal' "$ma" draw map.json
"$ma" draw --color=always map.json | grep -q "$(printf '\033\\[48;5;')" || wrong 'no colours' "$ma" draw --color=always
expect 7 '' "$(printf '\033\\[48;5;')" "$ma" run --map=- --color=always awk "$program"

# A terminal that says that it obeys nothing gets nothing to obey; an empty NO_COLOR says nothing.
if script -qec true /dev/null >out 2>&1 </dev/null; then # a chroot may have no terminals
	on_terminal() {
		script -qec "$1" /dev/null </dev/null | tr -d '\r' >out
		: >err
	}
	export TERM=xterm
	on_terminal "$ma draw map.json"
	grep -q "$(printf '\033')" out || wrong 'no colours' "$ma draw"
	NO_COLOR='' on_terminal "$ma draw map.json"
	grep -q "$(printf '\033')" out || wrong 'no colours for an empty NO_COLOR' "$ma draw"
	NO_COLOR=1 on_terminal "$ma draw map.json"
	! grep -q "$(printf '\033')" out || wrong 'colours in spite of NO_COLOR' "$ma draw"
	export TERM=dumb
	on_terminal "$ma draw map.json"
	! grep -q "$(printf '\033')" out || wrong 'colours on a dumb terminal' "$ma draw"
	on_terminal "$ma bench --quick --runs=1 --allocators=glibc --only=pair"
	! grep -q "$(printf '\033')" out || wrong 'a dumb terminal is told to do something' "$ma bench"
	unset TERM
fi

# What is sent to ma is for the program, and nothing is left behind.
mkdir temporary
TMPDIR=$scratch/temporary "$ma" run --map=map.html sh -c 'trap "exit 5" USR1; echo >started; while :; do sleep 0.1; done' &
until [ -e started ]; do sleep 0.1; done
kill -USR1 $!
wait $!
[ $? -eq 5 ] || wrong 'SIGUSR1 was not handed on' "$ma" run --map=map.html
[ -z "$(ls temporary)" ] || wrong 'a file is left' "$ma" run --map=map.html

# Nor by one that is sent again when the program has ended, as timeout(1) does.
for _ in 1 2 3 4 5; do
	TMPDIR=$scratch/temporary timeout 0.5 "$ma" run --leaks --map=map.html sleep 9 2>err
	[ -z "$(ls temporary)" ] || wrong 'a file is left' timeout 0.5 "$ma" run --leaks --map=map.html
	rm -rf temporary/*
done

# Nor if the program is killed while it writes its map, of which there is half a file then.
cat >half.c <<'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	const char *at = strstr(getenv("MA_OPTIONS"), "map=");
	char name[4096];

	snprintf(name, sizeof name, "%.*s.%d", (int)strcspn(at + 4, ","), at + 4, getpid());
	fclose(fopen(name, "w"));
	return raise(SIGKILL);
}
END
$CC -o half half.c || exit 99
TMPDIR=$scratch/temporary "$ma" run --map=map.html ./half 2>err
[ -z "$(ls temporary)" ] || wrong "left: $(ls temporary)" "$ma" run --map=map.html
rm -rf temporary/*
# Nor if what is asked for besides can't be had.
(ulimit -f 0; TMPDIR=$scratch/temporary exec "$ma" run --leaks --map=map.html true 2>/dev/null)
[ -z "$(ls temporary)" ] || wrong "left: $(ls temporary)" "$ma" run --leaks --map=map.html

# With sites and guarded objects, in all forms. Of these awk allocates plenty.
MA_OPTIONS=guard=50,guard_rate=0
export MA_OPTIONS
expect 7 '' '' "$ma" run --sites --map=sites.json awk "$program"
expect 7 '' '' "$ma" run --sites --map=sites.html awk "$program"
expect 7 '' '^who holds memory:$' "$ma" run --sites --map=- --color=never awk "$program"
grep -q '^guarded 0x.* of its own, .* s old$' err || wrong 'no guarded objects' "$ma" run --map=-
unset MA_OPTIONS
have python3 "$MA_SRCDIR/tests/tools/draw-json.py" sites.json 5
expect 0 '^guarded 0x' '' "$ma" draw sites.json
grep -q ' old, allocated by ' out || wrong 'no word of who allocated' "$ma" draw sites.json
expect 0 '<title>guarded object 0x.*, allocated ' '' "$ma" draw -f svg sites.json
grep -q '>Who holds memory<' out || wrong 'no word of who allocated' "$ma" draw -f svg sites.json
cp out sites.svg
have xmllint --noout sites.svg
grep -q '"guarded":\[' sites.html || wrong 'no guarded objects' sites.html
have tidy -q -e --drop-empty-elements no sites.html
# The page of a map that another ma has named the code of, or that is older than the programs, is made all the same.
sed 's/"time_ms":[0-9]*/"time_ms":1000/' sites.json >old.json
expect 0 '' '' "$ma" draw -o old.html old.json

# So many objects that a page can't tell of each: it tells of slabs, and says so.
many='BEGIN { srand(1); for (i = 0; i < 200000; i++) a[i] = sprintf("%0" (1 + int(rand() * 300)) "d", i)
	for (i = 0; i < 300000; i++) { j = int(rand() * 200000); a[j] = sprintf("%0" (1 + int(rand() * 300)) "d", i) } exit 7 }'
if [ "${MA_TEST_SHORT:-0}" != 1 ]; then
	expect 7 '' '' "$ma" run --sites --map=many.json awk "$many"
	have python3 "$MA_SRCDIR/tests/tools/draw-json.py" many.json
	if command -v python3 >/dev/null; then
		# The same map many times over is a large one.
		python3 "$MA_SRCDIR/tests/tools/draw-many.py" many.json 20000000 >larger.json || failed=1
		expect 0 '' '' "$ma" draw -o larger.html larger.json
		[ "$(wc -c <larger.html)" -lt 20000000 ] || wrong 'the page is too large' larger.html
		grep -q '"detail":"slots"' larger.html || wrong 'sites are not summed up' larger.html
		python3 "$MA_SRCDIR/tests/tools/draw-page.py" larger.html || failed=1
	fi
fi

# The page in a browser, if there is one that runs here: what the keyboard selects is described, call stack and age.
for browser in chromium chromium-browser google-chrome; do
	command -v $browser >/dev/null && break
	browser=
done
# look SCRIPT: the page as the browser has it after the script.
look() {
	sed "s|</body>|<script>window.onerror=m=>{document.title='ERROR '+m};const key=k=>map.dispatchEvent(\
new KeyboardEvent('keydown',{key:k,bubbles:true}));$1</script></body>|" sites.html >look.html
	HOME=$scratch timeout 60 "$browser" --headless --no-sandbox --disable-gpu --virtual-time-budget=3000 --dump-dom \
		"file://$scratch/look.html" 2>/dev/null
}
if [ -n "$browser" ] && look '' | grep -q 'Heap map of process [0-9]'; then
	look 'map.focus();key("End");for(let i=0;i<9\&\&!isInUse(selected);i++)key("ArrowLeft");' >out
	tr '\n' ' ' <out | grep -Eq 'id="what"><b>Guarded object</b> .* allocated [0-9.]+ s before as [0-9.]+ [KMGiB]+ by thread [0-9]+ in ' ||
		wrong 'a guarded object is not described' sites.html
	look 'choose(frame.stacks[0].index);map.focus();key("Home");key("s");' >out
	tr '\n' ' ' <out | grep -Eq 'id="what"><b>(Block in use|Large object|Slab of|Slot of|Guarded).* s before ' ||
		tr '\n' ' ' <out | grep -Eq 'id="what"><b>Slab.* s old; [0-9]+ % were allocated in' ||
		wrong 'the object of a chosen site is not described' sites.html
	grep -q 'aria-pressed="true"' out || wrong 'a site can not be chosen' sites.html
	# shellcheck disable=SC2016 # for the page
	look '$("by").value="age";$("by").onchange();key("+");key("+");key("n");key("f");fit();' >out
	grep -q '<title>ERROR' out && wrong "an error in the page's script" sites.html
fi

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
# What has no end, or none in sight.
if [ -c /dev/full ]; then
	expect 125 '' "^ma: '/dev/zero' is no heap map in JSON" "$ma" draw /dev/zero
	for form in terminal svg html; do
		expect 125 '' "^ma: can't write '/dev/full': No space left" "$ma" draw -f $form -o /dev/full map.json
	done
fi
echo '{"a": [1, 2' >endless.json
truncate -s 1100M endless.json
expect 125 '' "^ma: can't read 'endless.json': it has more than 1024 MiB$" "$ma" draw endless.json
# A map that lies about its blocks is not believed, and does no harm.
sed 's/"size":[0-9]*/"size":50000/' map.json >liar.json
expect 0 '*' '' "$ma" draw liar.json
expect 0 '*' '' "$ma" draw -f svg liar.json

exit $failed
