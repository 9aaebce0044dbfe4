#!/bin/sh
# SPDX-License-Identifier: MIT
#
# record.sh - takes the data that draw.py draws from real programs, heaps and kernels, on this machine.
#
# usage: record.sh BUILD-FOLDER DATA-FOLDER
#
# `make record-pictures` runs it. Addresses and times are other ones each time; the pictures in the repository are
# those of the data beside it.
#
# shellcheck disable=SC2016 # perl's variables, not the shell's

set -eu
cd "$1"
data=$2
source=${0%/*}/../examples
bin=$1/docs/examples
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$data"
unset MA_OPTIONS

# What a program prints, as it is.
for program in cow:cow header:header holes:holes loader:loader map:map overcommit:overcommit \
	page_tables:page-tables pinned:pinned resident:resident segments:segments stack:stack toy:toy two_sources:two-sources \
	blocks:blocks walk:walk zero:zero; do
	"$bin/${program%:*}" >"$data/${program#*:}.txt"
done
"$bin/waste" csv >"$data/waste.csv"
(cd "$bin" && ./aslr 300 csv) >"$data/aslr.csv"

# On the C library's malloc.
cc -O2 -DPLAIN -o "$scratch/pinned" "$source/pinned.c"
"$scratch/pinned" >"$data/pinned-glibc.txt"
cc -O2 -DPLAIN -o "$scratch/timing" "$source/timing.c"

# Some runs of each, in turns.
: >"$data/timing.csv"
: >"$data/huge.txt"
: >"$data/prices.csv"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	"$bin/timing" 300000 | awk '{print "libma," $1 "," $2}' >>"$data/timing.csv"
	"$scratch/timing" 300000 | awk '{print "glibc," $1 "," $2}' >>"$data/timing.csv"
	"$bin/huge" >>"$data/huge.txt"
	"$bin/prices" | sed -E 's/ {2,}([0-9.]+) ns$/;\1/' >>"$data/prices.csv"
done

: >"$data/fit-times.csv"
for live in 32 64 128 256 512 1024 2048 4096; do
	for _ in 1 2 3 4 5 6 7 8 9; do
		"$bin/fit_times" $live | sed -E 's/^(.*[a-z]) +([0-9.]+) ns +([0-9]+) free blocks$/\1;\2;\3/' >>"$data/fit-times.csv"
	done
done

# Traces of real programs, and of none.
cc -shared -fPIC -O2 -D_GNU_SOURCE -o "$scratch/record.so" "$source/record.c"
trace() {
	name=$1
	shift
	TRACE=$scratch/$name LD_PRELOAD=$scratch/record.so "$@" >/dev/null
	echo "trace $name" >>"$data/fits.txt"
	"$bin/fits" "$scratch/$name" >>"$data/fits.txt"
}
: >"$data/fits.txt"
trace perl perl -e '$h{$_} = "x" x ($_ % 400) for 1..1500; delete @h{1..600};
	%g = map { $_ => [1..$_ % 20] } 1..2000; delete @g{500..1500}; @l = map { "z" x ($_ % 200) } 1..3000;'
gcc -E -I "$source/../../include" "$source/toy.c" >"$scratch/toy.i"
trace cc1 "$(gcc -print-prog-name=cc1)" -O2 -quiet "$scratch/toy.i" -o "$scratch/toy.s"
trace jq jq -n '[range(3000) | {a: ., b: "x\(.)", c: [range(. % 7)]}] | map(select(.a % 3 == 0))
	| group_by(.a % 10) | length'
trace sqlite3 sqlite3 :memory: 'create table t(a, b); with recursive c(x) as
	(select 1 union all select x + 1 from c where x < 5000) insert into t select x, hex(zeroblob(x % 100)) from c;
	create index i on t(b); delete from t where a % 3 = 0; select count(*) from (select * from t order by b);'
for name in random phases queue; do
	echo "trace $name" >>"$data/fits.txt"
	"$bin/fits" "$name" >>"$data/fits.txt"
done
