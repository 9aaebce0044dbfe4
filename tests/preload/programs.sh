#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Real programs do on libma what they do without.

# shellcheck disable=SC2016 # much here is for other programs to expand

. "${0%/*}/common"

# Something to work on.
awk 'BEGIN { srand(7); for (i = 0; i < 60000; i++) printf "%d %c%d line %d\n", rand() * 1e6, 97 + i % 26, i, i }' >lines

sorting() {
	works sort -n -k 1 -S 1M lines
	works sort --parallel=4 -k 2 lines
	works sh -c 'tr " " "\n" <lines | sort -u | wc -l'
	works awk '{ n[$2 % 977] += $1 } END { for (i in n) s += n[i]; print s }' lines
	works sed -E 's/([0-9]+) ([a-z])/\2-\1/' lines
	works grep -c -E '(1|22|333).*line [0-9]*7$' lines
}

shells() {
	works bash -c 'for i in {1..3000}; do a[i]=$i$i; done; echo ${a[@]} | md5sum; (exit 3); echo $?'
	works find /usr/share/doc -maxdepth 1 -name 'a*'
	works ls -l /usr/bin
	works expr 6 '*' 7
	same ls /nonexistent
	same cat
}

packing() {
	have xz && works sh -c 'xz -T2 --block-size=200KiB -c lines | xz -dc | md5sum'
	have gzip && works sh -c 'gzip -c lines | gzip -dc | md5sum'
	have tar && works sh -c 'tar -c -f - lines | tar -t -f -'
}

interpreters() {
	have perl && works perl -e '
		for my $n (1 .. 60000) { $h{$n % 5000} .= "x$n"; }
		print join(",", map { length $h{$_} } sort keys %h), "\n"; print "a" x 3000000 =~ tr/a//, "\n";'
	have python3 && works python3 -c '
import json, threading, collections
out = [None] * 6
def work(n):
    d = collections.OrderedDict((str(i), [i] * (i % 50)) for i in range(3000))
    out[n] = len(json.dumps(json.loads(json.dumps(d))))
threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
[t.start() for t in threads]; [t.join() for t in threads]
print(out, sum(2 ** n for n in range(3000)) % 1000007, len(bytearray(20 << 20)))'
	have python3 && works python3 -c '
import multiprocessing, os
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(3) as pool:
        print(pool.map(len, [list(range(n * 1000)) for n in range(20)]))
    if os.fork() == 0:
        os._exit(len([bytes(n) for n in range(5000)]) % 256)
    print(os.waitstatus_to_exitcode(os.wait()[1]))'
	have sqlite3 && works sqlite3 :memory: 'create table t(a, b);
		with recursive n(i) as (values(1) union all select i + 1 from n where i < 20000)
		insert into t select i * 7 % 1009, hex(i) from n;
		create index x on t(b); select count(*), sum(a), max(b) from t where b > "31";'
	have php && works php -r '$a = []; for ($i = 0; $i < 60000; $i++) $a["k" . $i % 997][] = str_repeat("x", $i % 50);
		echo count($a), " ", md5(serialize($a)), "\n";' # its extensions are loaded with RTLD_DEEPBIND
	have jq && works jq -n '[range(20000) | {a: ., b: (. | tostring)}] | map(.b | length) | add'
	have node && works node -e '
		let m = new Map(); for (let i = 0; i < 50000; i++) m.set("k" + i % 997, (m.get("k" + i % 997) || "") + i);
		console.log([...m.values()].map(v => v.length).reduce((a, b) => a + b));'
}

compiling() {
	cat >program.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <pthread.h>
		static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
		int main(void) { printf("%d\n", fib(20)); return 0; }
	END
	have gcc && works sh -c 'gcc -O2 -S -o - program.c | md5sum'
	have gcc && works sh -c 'gcc -O1 -o program program.c && ./program'
	have git && works sh -c 'rm -rf r && git init -q r && cd r && cp ../program.c ../lines . && git add -A &&
		GIT_AUTHOR_DATE="1000000000 +0000" GIT_COMMITTER_DATE="1000000000 +0000" git -c user.name=a -c user.email=b commit -q -m c &&
		git log --format=%H && git gc -q && git fsck'
}

for group in sorting shells packing interpreters compiling; do
	clean $group
done

# It is libma that they run on, and a difference shows.
planted 'another standard error on libma' same sh -c '[ -z "$LD_PRELOAD" ] || MA_OPTIONS=stats=1 expr 1'
planted 'another standard output on libma' same sh -c 'echo "$LD_PRELOAD"'
planted 'exit status 1 on libma, 0 without' same sh -c '[ -z "$LD_PRELOAD" ]'
planted 'exit status 7: ' works sh -c 'exit 7'
planted 'libma: summary' on_libma sh -c 'MA_OPTIONS=stats=1 expr 1 2>&1'

exit $failed
