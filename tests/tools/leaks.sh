#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ma run --leaks: what it reports and as what, its exit status, suppressions, and signals.

# shellcheck disable=SC2016 # much here is expanded by the shells that are run

. "${0%/*}/common"

cat >lose.c <<'END'
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void wipe(void)
{
	char stack[16384];

	memset(stack, 0, sizeof(stack));
	__asm__ volatile("" : : "r"(stack) : "memory");
}

__attribute__((noinline)) void lose_one(void)
{
	char *volatile lost = malloc(100);
	lost = NULL;
}

__attribute__((noinline)) void lose_pair(void)
{
	void *volatile *volatile pair = malloc(64);
	*pair = malloc(200);
	pair = NULL;
}

int main(int argc, char **argv)
{
	if (argc < 2 || strchr(argv[1], 'c') == NULL)
		lose_one();
	if (argc < 2)
		lose_pair();
	wipe();
	if (argc > 1 && strchr(argv[1], 'f') != NULL) {
		if (fork() == 0)
			lose_pair();
		else
			wait(NULL);
	}
	if (argc > 1 && strchr(argv[1], 'k') != NULL)
		abort();
	if (argc > 1 && strchr(argv[1], 'p') != NULL)
		pause();
	wipe();
	return argc > 1 && strchr(argv[1], '3') != NULL ? 3 : 0;
}
END
$CC -g -O1 -fno-builtin lose.c -o lose || exit 99

# The program is what counts: its status, its signals, its standard streams.
expect 0 '' 'definitely lost: 0 bytes in 0 allocations$' "$ma" run --leaks ./lose c
expect 3 '' '^Leaks of process [0-9]* \(lose\):$' "$ma" run --leaks ./lose 3
expect 0 '^a  b --leaks$' '*' "$ma" run --leaks echo 'a  b' --leaks
expect 0 ' signal:6$' '*' "$MA_BUILDDIR/tools/measure" 9 o e "$ma" run --leaks ./lose k
expect 127 '' '^ma: there is no program' "$ma" run --leaks nosuch-program
"$ma" run --leaks ./lose p 2>err &
sleep 1
kill -TERM $!
wait $!
[ $? -eq 143 ] || wrong 'SIGTERM was not handed on' "$ma" run --leaks ./lose p
[ -z "$(ls -d "${TMPDIR:-/tmp}"/ma-leaks.* 2>/dev/null)" ] || wrong 'a folder is left' "$ma" run --leaks

# A picture of the heap can be had in the same run, also where a map as text is coloured.
expect 3 '' '^Leaks of process' "$ma" run --leaks --map=map.html ./lose 3
grep -q '</html>' map.html || wrong 'no picture' "$ma" run --leaks --map=map.html ./lose 3
expect 9 '' "$(printf '\033')" "$ma" run --leaks-exit=9 --map=- --color=always ./lose

# What is left to do when the program has ended can be ended, too.
mkfifo pipe
"$ma" run --leaks=pipe ./lose c 2>err &
sleep 1
kill -TERM $!
wait $!
[ $? -eq 143 ] || wrong 'SIGTERM did not end ma when the program had ended' "$ma" run --leaks=pipe ./lose c

# What is lost.
expect 0 '' 'definitely lost: .* in 2 allocations$' "$ma" run --leaks ./lose
expect 0 '' 'indirectly lost: .* in 1 allocation$' "$ma" run --leaks ./lose
expect 0 '' '^[0-9]* bytes in 1 allocation are definitely lost: up to ' "$ma" run --leaks ./lose
expect 0 '' '^100 bytes in 1 allocation are definitely lost, allocated by$' "$ma" run --leaks --sites ./lose
expect 0 '' '^64 bytes in 1 allocation are definitely lost, and indirectly 200 bytes in 1 allocation, allocated by$' \
	"$ma" run --leaks --sites ./lose
head -n 7 err | grep -q '^64 bytes' || wrong 'the largest loss is not the first' "$ma" run --leaks --sites ./lose
symbols=false
if grep -q '^    lose_one at .*/lose.c:[0-9]*$' err; then symbols=true; fi
if grep -q '^S\["HAVE_LIBDW_TRUE"\]=""' "$MA_BUILDDIR/config.status" && ! $symbols; then
	wrong 'no file and line' "$ma" run --leaks --sites ./lose
fi
# A compiler that leaves out the table of addresses.
if $symbols && command -v clang >/dev/null; then
	mkdir clang
	clang -g -O1 -fno-builtin lose.c -o clang/lose || exit 99
	expect 0 '' '^    lose_one at .*/lose.c:[0-9]*$' "$ma" run --leaks --sites clang/lose
fi
expect 0 '' '^100 bytes' "$ma" run --leaks --sites ./lose f
[ "$(grep -c '^Leaks of process' err)" -eq 2 ] || wrong 'not a report for each process' "$ma" run --leaks ./lose f

# Exit status.
expect 9 '' '*' "$ma" run --leaks-exit=9 ./lose
expect 9 '' '*' "$ma" run --leaks-exit=9 ./lose 3
expect 0 '' '*' "$ma" run --leaks-exit=9 ./lose c
for status in 0 256 x '' 9x ' 5'; do
	expect 125 '' "--leaks-exit needs an exit status from 1 to 255, not '$status'$" \
		"$ma" run --leaks-exit="$status" ./lose
done

# Files; JSON that others can read.
expect 0 '' '' "$ma" run --leaks=report ./lose
grep -q '^Leaks of process' report || wrong 'no report' "$ma" run --leaks=report
expect 0 '' '' "$ma" run --leaks=report.json --sites ./lose
if command -v python3 >/dev/null; then
	expect 0 '^2 264 3$' '' python3 -c '
import json
report, = json.load(open("report.json"))["processes"]
leaks = [leak for leak in report["leaks"] if leak["kind"] == "definitely lost"]
pair = leaks[0]
assert report["program"] == "lose" and report["indirectly_lost"] == {"bytes": 200, "allocations": 1}
assert pair["stack"][0]["offset"] and pair["first"].startswith("0x") and not pair["suppressed"]
print(len(leaks), pair["direct"]["bytes"] + pair["indirect"]["bytes"],
      report["definitely_lost"]["allocations"] + report["indirectly_lost"]["allocations"])'
fi
# Names as they are, if they are UTF-8; bytes that are not, one by one.
for octal in '\0303\0274' '\0374'; do
	name=$(printf %b "gr${octal}n")
	cp lose "$name"
	expect 0 '' '' "$ma" run --leaks=report.json "./$name" c
	grep -q -e "\"program\": \"$(printf %b 'gr\0303\0274n')\"" -e '"program": "gr\\u00fcn"' report.json ||
		wrong "not the program's name" "$ma" run --leaks=report.json "./$name"
done
# And those that speak to a terminal, or look like lines of the report: visible as text, as they are in JSON.
name=$(printf 'a\033[31m)\nlibma: b')
cp lose "$name"
expect 0 '' '^Leaks of process [0-9]* \(a\\x1b\[31m\)\\x0alibma: b\):$' "$ma" run --leaks --sites "./$name"
! $symbols || grep -q '^    lose_one at .*/lose.c:[0-9]*$' err || wrong 'no file and line' "$ma" run --leaks --sites "./$name"
expect 0 '' '' "$ma" run --leaks=report.json --sites "./$name"
grep -q '"program": "a\\u001b\[31m)\\u000alibma: b"' report.json || wrong "not the program's name" "$ma" run --leaks
expect 0 '' '/a\\x1b\[31m\)\\x0alibma: b\+0x' "$ma" run --sites --map=- --color=never "./$name"
expect 0 '' '^in use' "$ma" run --sites --map=- --color=always "./$name"
! grep -q "$(printf 'a\033\\[31m)')" err || wrong 'a name is not made visible' "$ma" run --sites --map=-
# That there is no room for reports is not that nothing is lost.
mkdir room
(ulimit -f 0; TMPDIR=$scratch/room "$ma" run --leaks-exit=3 ./lose 2>&1; echo "status $?") | cat >out
: >err
matches out "^ma: can't write leak reports in '/.*/ma-leaks\.[^/]*': File too large$" || wrong 'no word of it' ulimit -f 0
matches out '^status 125$' || wrong 'not status 125' ulimit -f 0
[ -z "$(ls room)" ] || wrong "left: $(ls room)" "$ma" run --leaks
expect 125 '' "^ma: can't write the leak report './nosuch/report': " "$ma" run --leaks=./nosuch/report ./lose
expect 125 '' 'needs the name of a file' "$ma" run --leaks= ./lose

# Suppressions.
if $symbols; then
	# suppress STATUS TEXT: with these suppressions ma exits so.
	suppress() {
		printf '%s\n' "$2" >supp
		expect "$1" '' '*' "$ma" run --leaks-exit=9 --sites --suppressions=supp ./lose
	}
	suppress 0 'leak:lose_*'
	suppress 0 'leak:lose.c'
	suppress 0 'leak:^main$'
	suppress 9 'leak:^ain$'
	suppress 9 'leak:^lose_one$'
	suppress 0 "# a comment
leak:^lose_one\$
leak:lose_pair"
	suppress 0 '{
   by function
   Memcheck:Leak
   match-leak-kinds: definite
   fun:malloc
   fun:lose_*
   fun:main
}'
	suppress 9 '{
   other kind
   Memcheck:Leak
   match-leak-kinds: possible,reachable
   fun:malloc
   ...
}'
	suppress 9 '{
   other fault
   Memcheck:Cond
   ...
}'
	suppress 9 '{
   not the innermost
   Memcheck:Leak
   fun:malloc
   fun:main
}'
	suppress 0 '{
   anywhere
   Memcheck:Leak
   ...
   fun:main
}'
	suppress 0 '{
   not the first that matches
   Memcheck:Leak
   ...
   fun:*
   fun:__libc_start*
   ...
}'
	suppress 9 '{
   in another order
   Memcheck:Leak
   ...
   fun:main
   ...
   fun:lose_*
}'
	suppress 0 '{
   object and source
   Memcheck:Leak
   obj:*/lose
   src:lose.c*
}'
	expect 0 '' '^  of these suppressed: 364 bytes in 3 allocations$' \
		"$ma" run --leaks-exit=9 --sites --suppressions=supp ./lose
fi
# A long one is soon found not to apply to a deep stack.
cat >deep.c <<'END'
#include <stdlib.h>

__attribute__((noinline)) void *deep(int levels)
{
	void *p = levels == 0 ? malloc(100) : deep(levels - 1);

	__asm__ volatile("" : : "r"(p));
	return p;
}

int main(void)
{
	char stack[16384];

	deep(60);
	for (size_t i = 0; i < sizeof(stack); i++)
		((volatile char *)stack)[i] = 0;
	return 0;
}
END
$CC -g -O0 deep.c -o deep || exit 99
{
	printf '{\n long\n Memcheck:Leak\n'
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do printf ' ...\n fun:*\n'; done
	printf ' fun:nosuch\n}\n'
} >supp
expect 0 '' '*' timeout -k 1 60 env MA_OPTIONS=sites_depth=64 "$ma" run --leaks --sites --suppressions=supp ./deep
expect 125 '' "^ma: can't read the suppressions 'nosuch': " "$ma" run --leaks --suppressions=nosuch ./lose
printf '\nleaks:x\n' >supp
expect 125 '' "^ma: supp:2: 'leaks:x' begins no suppression: " "$ma" run --leaks --suppressions=supp ./lose
printf '{\n name\n Memcheck:Leak\n fun:x\n' >supp
expect 125 '' "^ma: supp:4: a suppression ends without '}'$" "$ma" run --leaks --suppressions=supp ./lose
printf '{\n name\n Memcheck:Leak\n function:x\n}\n' >supp
expect 125 '' "^ma: supp:4: 'function:x' is no line of a suppression: " "$ma" run --leaks --suppressions=supp ./lose
printf '{\n name\n Memcheck:Leak\n match-leak-kinds: definitely\n}\n' >supp
expect 125 '' "^ma: supp:4: 'definitely' is no kind of leak; " "$ma" run --leaks --suppressions=supp ./lose
printf 'leak:a' >supp
truncate -s 1G supp
expect 125 '' "^ma: can't read the suppressions 'supp': it has more than 16 MiB$" \
	"$ma" run --leaks --suppressions=supp ./lose
if [ -c /dev/full ]; then
	expect 125 '' "^ma: can't read the suppressions '/dev/zero': it has more than 16 MiB$" \
		"$ma" run --leaks --suppressions=/dev/zero ./lose
	expect 125 '' "^ma: can't write the leak report '/dev/full': No space left" "$ma" run --leaks=/dev/full ./lose
fi
: >supp
expect 125 '' '^ma: --suppressions without --leaks' "$ma" run --suppressions=supp ./lose

exit $failed
