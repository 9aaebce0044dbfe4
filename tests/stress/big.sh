#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Heaps that are larger than most (big.c), here in small; BIG=1, make check-big, is the real size: 16 GiB of address
# space, objects of 8 GiB, a hundred million of 8 to 16 bytes. That keeps 2.5 GiB resident, and takes a minute.

. "${0%/*}/../scripts/common"

: "${BIG=0}"
gib=$((1024 * 1024 * 1024))
big=$MA_BUILDDIR/tests/stress/big
# shellcheck disable=SC3045 # where it is not defined it does no harm
ulimit -c 0 2>/dev/null

# The least of what the system has, and what the group of processes may have, in MiB.
memory() {
	{
		sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo | awk '{ printf "%.0f\n", $1 / 1024 }'
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null |
			awk '/^[0-9]+$/ { printf "%.0f\n", $1 / 1048576 }'
	} | sort -n | head -n 1
}

# enough MIB BYTES: is so much memory there, and so large an address space?
enough() {
	[ "$(memory)" -ge "$1" ] || skip "$(memory) MiB of memory are available, and $1 are needed"
	# shellcheck disable=SC3045
	limit=$(ulimit -v)
	[ "$limit" = unlimited ] || [ "$limit" -ge $(($2 / 1024)) ] || skip "ulimit -v $limit allows less address space"
	[ "$(cat /proc/sys/vm/overcommit_memory)" -ne 2 ] || skip 'vm.overcommit_memory is 2: what is not touched counts too'
}

# runs MODE AMOUNT: what is wrong, if anything is.
runs() {
	("$big" "$@" >"$scratch/out" 2>&1) 2>/dev/null
	status=$?
	[ "$status" -eq 0 ] || echo "big $*: exit status $status: $(tail -n 3 "$scratch/out" | tr '\n' ' ')"
	[ "$BIG" = 0 ] || [ "$1" = forgetful ] || [ "$1" = huge ] || cat "$scratch/out" >&2
}

[ "$MA_SANITIZER${MA_EMULATED-}" = no ] || skip 'what a sanitizer, or an emulator, keeps resident is not counted'
[ -r /proc/self/smaps_rollup ] || skip 'there is no /proc/self/smaps_rollup to tell what is resident'

# shellcheck disable=SC2086 # a list of options
echo | $CC ${CFLAGS-} -dM -E - | grep -q '__LP64__ 1' || skip '32-bit addresses do not reach so far'

if [ "$BIG" = 1 ]; then
	enough 4500 $((20 * gib))
	clean runs space $((16 * gib))
	clean runs single $((8 * gib))
	clean runs many 100000000
else
	clean runs space $((gib / 8))
	clean runs single $((gib / 8))
	clean runs many 300000
fi
planted 'big forgetful 1000: exit status 134: .*not so: after.used_bytes == 0' runs forgetful 1000
planted 'big huge 1: exit status 2: usage' runs huge 1

exit $failed
