#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Replays the fuzzers' corpus, each file in a process of its own; some of the operations also with modes on.

. "${0%/*}/../scripts/common"

# replay FUZZER FILE...: prints what was found.
replay() {
	fuzzer=$1
	shift
	"$MA_BUILDDIR/tests/fuzz/$fuzzer" "$@" >"$scratch/log" 2>&1 && return
	grep -v ' operations in ' "$scratch/log"
}

corpus=$MA_SRCDIR/tests/fuzz/corpus
clean replay operations "$corpus"/operations/*
clean replay readers "$corpus"/readers/*
for options in fill=1 zero_on_free=1 guard=3 sites=1; do
	MA_OPTIONS=$options
	export MA_OPTIONS
	clean replay operations "$corpus"/operations/0*
	unset MA_OPTIONS
done

planted '^/nowhere/input: wait status' replay operations /nowhere/input

exit $failed
