#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Memory does not creep (soak.c), in short: `make soak SECONDS=3600` runs it for an hour. And when it does creep, or the
# heap is damaged, that shows.

. "${0%/*}/../scripts/common"

[ "$MA_SANITIZER${MA_EMULATED-}" = no ] || skip 'what a sanitizer, or an emulator, keeps resident is not counted'
soak=$MA_BUILDDIR/tests/stress/soak
# shellcheck disable=SC3045 # where it is not defined it does no harm
ulimit -c 0 2>/dev/null

# soaks PLANT...: what it has to say if it fails.
soaks() {
	"$soak" --seconds=1 "$@" >"$scratch/out" 2>&1
	status=$?
	[ "$status" -eq 0 ] || echo "exit status $status: $(cat "$scratch/out")"
}

clean soaks
grep -q '^soak: trimmed, .* are allowed$' "$scratch/out" || {
	echo 'it does not say what it has measured'
	failed=1
}
planted '^exit status 1: .*' soaks --plant=creep
planted '^soak: memory creeps: by [0-9.]* MiB' cat "$scratch/out"
planted 'soak: the heap is not sound after round' soaks --plant=damage
planted '^exit status 2: usage: soak' soaks --sconds=1

exit $failed
