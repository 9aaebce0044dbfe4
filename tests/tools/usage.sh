#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Help, versions, and what ma says of a command line that it does not understand.

. "${0%/*}/common"

try_help="^Try .ma --help' or"
try_run_help="^Try .ma run --help' or"

expect 0 '^Usage: ma \[OPTION\.\.\.\] COMMAND' '' "$ma" --help
expect 0 '^  run  +[A-Z]' '' "$ma" --help
expect 0 '^Usage: ma \[OPTION\.\.\.\] COMMAND' '' "$ma" help
expect 0 '^Usage: ma run \[OPTION\.\.\.\] PROGRAM' '' "$ma" help run
expect 0 '^Usage: ma run \[OPTION\.\.\.\] PROGRAM' '' "$ma" run --help
expect 0 '^Usage: ma help \[OPTION\.\.\.\] \[COMMAND' '' "$ma" help help
expect 0 '^ma \(libma\) [0-9.]+$' '' "$ma" --version
expect 0 '^ma \(libma\) [0-9.]+$' '' "$ma" run --version

# Every command that is listed has help, and says the same in both ways.
"$ma" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' >commands
[ -s commands ] || wrong 'no commands' "$ma" --help
while read -r command; do
	"$ma" "$command" --help >by_option
	"$ma" help "$command" >by_help
	cmp by_option by_help || failed=1
done <commands

expect 2 '' '^ma: no command given$' "$ma"
expect 2 '' "$try_help" "$ma"
expect 2 '' "^ma: unrecognized option '--nosuch'$" "$ma" --nosuch
expect 2 '' "^ma: 'rnu' is not a command; did you mean 'ma run'\?$" "$ma" rnu
expect 2 '' "^ma: 'hepl' is not a command; did you mean 'ma help'\?$" "$ma" hepl
expect 2 '' "^ma: 'hel' is not a command; did you mean 'ma help'\?$" "$ma" help hel
expect 2 '' "^ma: 'sort' is not a command; to run that program on libma: ma run sort$" "$ma" sort -u
expect 2 '' "^ma: 'nosuch-thing' is not a command; 'ma --help' lists them$" "$ma" nosuch-thing
expect 2 '' "^ma: '' is not a command" "$ma" ''
expect 2 '' "^ma help: give one command, not 'run' too$" "$ma" help run run
# A terminal obeys nothing that a message tells of.
expect 2 '' "^ma: 'a\\\\x1b\\[31m\\\\x0agrün\\\\xff' is not a command" "$ma" "$(printf 'a\033[31m\ngrün\377')"

bad=$(printf 'a\033[31m\nb')
shown='a\\x1b\[31m\\x0ab'
expect 2 '' "^ma: unrecognized option '--$shown'\$" "$ma" "--$bad"
expect 2 '' "^Try .ma --help' or" "$ma" "--$bad"
expect 2 '' "^ma: invalid option -- '\\\\x1b'\$" "$ma" "$(printf -- '-\033')"
expect 2 '' "^ma draw: unrecognized option '--nosuch=$shown'\$" "$ma" draw "--nosuch=$bad" x
expect 2 '' "^ma draw: unrecognized option '--nosuch=$shown'\$" "$ma" draw x "--nosuch=$bad"
expect 2 '' "^ma draw: --format is terminal, svg or html, not '$shown'\$" "$ma" draw --format="$bad" x
expect 2 '' "^ma draw: give one map, not '$shown' too\$" "$ma" draw x "$bad"
expect 125 '' "^ma run: --stats-file needs a file name without a comma, not '$shown,'\$" "$ma" run --stats-file "$bad," true
expect 125 '' "^ma run: unrecognized option '--st$shown'\$" "$ma" run --map x "--st$bad" true
expect 125 '' '^ma: can.t write the heap map' "$ma" run --map "--nosuch/$bad" true
expect 0 "^--nosuch=a" '' "$ma" run echo "--nosuch=$bad"
expect 0 "^--nosuch=a" '' "$ma" run -- echo "--nosuch=$bad"

# ma run leaves 2 to the program.
expect 127 '' "^ma: there is no program 'json' in PATH; what belongs to --stats stands behind an '=': --stats=json$" \
	"$ma" run --stats json true
expect 127 '' "^ma: there is no program 'a.nosuch' in PATH; what belongs to --leaks stands behind an '=': --leaks=a.nosuch$" \
	"$ma" run --leaks a.nosuch true
expect 127 '' "^ma: there is no program 'nosuch' in PATH$" "$ma" run --leaks=a nosuch
expect 125 '' '^ma run: no PROGRAM given$' "$ma" run
expect 125 '' '^ma run: no PROGRAM given$' "$ma" run --stats --
expect 125 '' "$try_run_help" "$ma" run --nosuch true
expect 125 '' "^ma run: unrecognized option '--nosuch'$" "$ma" run --nosuch true
expect 125 '' "^ma run: --stats is text, json, openmetrics or xml, not 'yes'$" "$ma" run --stats=yes true
expect 125 '' "^ma run: --stats-every needs --stats-file=FILE$" "$ma" run --stats-every=5 true
expect 125 '' "^ma run: --stats-every is a number from 1 to 86400, not '0'$" "$ma" run --stats-file=x --stats-every=0 true
expect 125 '' "^ma run: --map-format is text, json, html or svg, not 'png'$" "$ma" run --map=x --map-format=png true
expect 125 '' '^ma run: --map-format needs --map=FILE$' "$ma" run --map-format=svg true
expect 125 '' '^ma run: --map-every makes a film, which is html or json, not svg$' \
	"$ma" run --map=x.svg --map-every=100 true
expect 125 '' "^ma run: --map-every is a number from 1 to 86400000, not '1s'$" "$ma" run --map=x.html --map-every=1s true
expect 125 '' '^ma run: --map=- is for text and json; a picture needs a file$' "$ma" run --map=- --map-format=svg true
expect 125 '' "^ma run: --color is auto, always or never, not 'yes'$" "$ma" run --map=- --color=yes true
expect 2 '' '^ma draw: no MAP given$' "$ma" draw
# A name that promises another form than it would get.
expect 125 '' "^ma run: no map is made as \.png: the form is text, json, html or svg, by suffix or --map-format$" \
	"$ma" run --map=x.png true
expect 2 '' "^ma map: no map is made as \.pdf: the form is text, json, svg or html, by suffix or --format$" "$ma" map -o x.pdf 1
expect 2 '' "^ma draw: no map is drawn as \.json: the form is terminal, svg or html, by suffix or --format$" \
	"$ma" draw -o x.json y.json
expect 125 '' "^ma: can't read 'y.json'" "$ma" draw -f svg -o x.png y.json
expect 2 '' "^ma draw: give one map, not 'b' too$" "$ma" draw a b
expect 2 '' "^ma draw: --format is terminal, svg or html, not 'png'$" "$ma" draw -f png a
expect 125 '' "^ma run: option '--map' requires an argument$" "$ma" run --map
expect 125 '' '^ma run: --map needs a file name' "$ma" run --map= true
expect 125 '' '^ma run: --map needs a file name' "$ma" run --map=a,b true

if [ -c /dev/full ]; then
	"$ma" --help >/dev/full 2>err && wrong 'no failure on a full disk' "$ma" --help
	matches err "^ma: can't write to standard output: " || wrong 'no word of a full disk' "$ma" --help
fi

exit $failed
