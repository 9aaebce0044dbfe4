#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The completions for bash and zsh know all commands and options, and bash's does what it should.

. "${0%/*}/common"

completions=$MA_SRCDIR/tools/completions

# unknown FILE: the commands and options that --help shows and the completion does not know.
unknown() {
	{
		"$ma" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
		for command in run draw bench check stats leaks memory map; do
			"$ma" "$command" --help | grep -o -e '--[a-z][a-z-]*'
		done | sort -u
	} | while read -r word; do
		grep -q -e "[^a-z-]${word}[^a-z-]" "$1" || echo "${1##*/} does not know $word"
	done
}

clean unknown "$completions/ma"
clean unknown "$completions/_ma"
sed 's/--stats//' "$completions/ma" >ma
planted '^ma does not know --stats$' unknown ma

for shell in bash zsh; do
	command -v $shell >/dev/null || continue
	[ $shell = bash ] && file=ma || file=_ma
	$shell -n "$completions/$file" || failed=1
done

framework=/usr/share/bash-completion/bash_completion
[ -r "$framework" ] && command -v bash >/dev/null || exit $failed

# complete LINE: what bash offers at its end.
complete() {
	bash -c '
		. "$1" && . "$2" || exit
		COMP_LINE=$3 COMP_POINT=${#3}
		read -r -a COMP_WORDS <<<"${3//=/ = }"
		[[ $3 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_ma ma "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
		echo ${COMPREPLY[*]}
	' bash "$framework" "$completions/ma" "$1"
}

touch a-file
expect 0 '^run draw bench check stats leaks memory map help --help' '' complete 'ma '
expect 0 '^run$' '' complete 'ma r'
expect 0 '^run draw bench check stats leaks memory map help$' '' complete 'ma help '
expect 0 '--map= .*--stats' '' complete 'ma run --'
expect 0 '^a-file$' '' complete 'ma run --map=a-f'
expect 0 '^openmetrics$' '' complete 'ma run --stats=op'
expect 0 '^html$' '' complete 'ma run --map-format=h'
expect 0 '^a-file$' '' complete 'ma draw a-f'
expect 0 '^svg$' '' complete 'ma draw --format=s'
expect 0 '^a-file$' '' complete 'ma run --map a-f'
expect 0 '(^| )mkfifo( |$)' '' complete 'ma run --stats mkfi'
expect 0 '(^| )mkfifo( |$)' '' complete 'ma run --map x -- mkfi'
expect 0 '^a-file$' '' complete 'ma run nosuch-program a-f'
expect 0 '--allocators= .* --quick' '' complete 'ma bench --'
expect 0 '^a-file$' '' complete 'ma bench --html=a-f'
expect 0 '(^| )mkfifo( |$)' '' complete 'ma bench mkfi'
# The names are those that the command itself lists.
PATH=$MA_BUILDDIR:$PATH
expect 0 '^larson$' '' complete 'ma bench --only=lars'
expect 0 '^threads$' '' complete 'ma bench --only=thr'

if [ "$MA_SANITIZER" = no ]; then
	"$ma" run sleep 100 &
	sleep 0.2
	expect 0 "(^| )$!( |$)" '' complete 'ma check '
	expect 0 "(^| )$!( |$)" '' complete 'ma map -v '
	expect 0 '^--verbose ' '' complete 'ma check -'
	expect 0 '^openmetrics$' '' complete 'ma stats --format=o'
	kill $!
	wait $! 2>/dev/null
fi

exit $failed
