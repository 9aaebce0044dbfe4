#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Limits on memory that are not the program's own (own.sh has those): the number of mappings, a memory cgroup, and what
# is set for a whole machine, for which KERNEL=1 (make check-exhaustion) starts one: user-mode Linux.

. "${0%/*}/common"

build exhausted || { echo 'exhausted.c does not compile' && exit 1; }

skipped() {
	echo "skipped: $*" >&2
}

# passes WHAT COMMAND...: it ends with status 0.
passes() {
	what=$1
	shift
	"$@" >out 2>&1 </dev/null
	status=$?
	[ "$status" -ne 77 ] || skipped "$(tail -n 1 out)"
	[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || echo "$what: exit status $status: $(tail -n 3 out)"
}

# As many mappings as the system allows, less a few.
mappings() {
	passes 'too many mappings' on_libma ./exhausted maps
}

# in_group COMMAND...: runs it in the group.
in_group() {
	# shellcheck disable=SC2016 # for the shell that is run
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}

# A memory cgroup: libma keeps to its limit, so that nothing is killed. $1 are the program's options.
grouped() {
	group=/sys/fs/cgroup/memory limit=memory.limit_in_bytes
	[ -d "$group" ] || group=/sys/fs/cgroup limit=memory.max
	group=$group/libma-test-$$
	if ! mkdir "$group" 2>/dev/null || ! echo 64M 2>/dev/null >"$group/$limit"; then
		[ ! -d "$group" ] || rmdir "$group"
		skipped 'no memory cgroup can be made here'
		return
	fi
	echo 0 2>/dev/null >"$group/memory.swap.max"
	passes 'in a memory cgroup' in_group env MA_OPTIONS="$1" LD_PRELOAD="$preload" ./exhausted
	rmdir "$group" || echo "the group $group can't be removed"
}

# vm.overcommit_memory and vm.max_map_count are the whole machine's.
machine() {
	if [ -z "${KERNEL-}" ]; then
		return
	fi
	if ! command -v linux.uml >/dev/null; then
		skipped 'there is no user-mode Linux (user-mode-linux) here'
		return
	fi
	cat >init <<-END
		#!/bin/sh
		mount -t proc proc /proc
		cd '$scratch'
		exec >kernel 2>&1
		export LD_PRELOAD='$preload'
		echo 2 >/proc/sys/vm/overcommit_memory
		./exhausted && echo 'overcommit_memory: well'
		echo 0 >/proc/sys/vm/overcommit_memory
		echo 200 >/proc/sys/vm/max_map_count
		./exhausted maps && echo 'max_map_count: well'
		poweroff -f || halt -f
	END
	chmod +x init
	timeout 900 linux.uml rootfstype=hostfs rw init="$scratch/init" mem=256M con=null con0=null >console 2>&1 </dev/null
	for what in overcommit_memory max_map_count; do
		grep -q "^$what: well" kernel || echo "$what: $(tail -n 3 kernel)"
	done
}

clean mappings
clean grouped limit=cgroup
clean machine

planted 'exit status 3' passes it sh -c 'exit 3'
# Without the limit of libma's the system ends the program.
if mkdir /sys/fs/cgroup/memory/libma-test-$$ 2>/dev/null; then
	rmdir /sys/fs/cgroup/memory/libma-test-$$
	planted 'exit status 137' grouped limit=0
fi

exit $failed
