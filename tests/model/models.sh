#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Spin looks through all that the models of the lock-free protocols can do, and finds no fault; and it finds every fault
# that a model names at its head ("FAULT_X   what is wrong then").

. "${0%/*}/../scripts/common"

models=$MA_SRCDIR/tests/model
command -v spin >/dev/null || skip 'needs spin'
compiler=$(command -v cc || command -v gcc || command -v clang) || skip 'needs a compiler for what spin writes'
[ -n "$(find "$models" -name '*.pml')" ] || skip 'no models here'

# model FILE [-DNAME[=VALUE]...]: prints what spin finds wrong; every check ends with how many errors it found.
model() {
	file=$1
	shift
	folder=$(mktemp -d "$scratch/XXXXXX")
	(
		cd "$folder" || exit
		# Most of what is found takes less time than an optimising compiler.
		spin -a "$@" "$file" >log 2>&1 && "$compiler" -O0 -w -DSAFETY -DMEMLIM=2000 -o pan pan.c >>log 2>&1 &&
			./pan -m500000 -w20 >>log 2>&1
		# The whole was looked through: no limit was met.
		grep -q 'errors: 0$' log && ! grep -q -e 'max search depth' -e 'Search not completed' log && exit
		sed -n -e 's/^pan:1: //p' -e '/rror/p' log | sed "s|^|${file##*/} $*: |"
	)
	rm -rf "$folder"
}

faults_of() {
	sed -n 's/^ \*   \(FAULT_[A-Z_]*\) .*/\1/p' "$1"
}

# The protocols of one slab with two threads that push, and of two slabs on the list of pending ones.
clean model "$models/remote.pml" -DSLABS=1 -DSLOTS=2
clean model "$models/remote.pml" -DSLABS=2 -DSLOTS=1
for file in heaps registry timer; do
	clean model "$models/$file.pml"
done

for file in "$models"/*.pml; do
	[ -n "$(faults_of "$file")" ] || {
		echo "${file##*/} names no fault that spin is to find"
		failed=1
	}
	for fault in $(faults_of "$file"); do
		planted 'assertion violated\|invalid end state' model "$file" "-D$fault"
	done
done

exit $failed
