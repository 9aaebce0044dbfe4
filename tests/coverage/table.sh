#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make coverage` adds up what lcov has found, and fails below what is asked for.

. "${0%/*}/../scripts/common"

# table LEAST: what run.sh prints of two files, one without a branch.
table() {
	printf '%s\n' SF:/x/sources/src/one.c BRF:4 BRH:1 LF:10 LH:9 end_of_record \
		SF:/x/sources/src/inspect/two.c LF:90 LH:90 end_of_record >"$scratch/info"
	COVERAGE_LEAST=$1 sh "$MA_SRCDIR/tests/coverage/run.sh" --table "$scratch/info"
	echo "status $?"
}

planted '^src/one.c  *90.0 % of *10 lines  *25.0 % of *4 branches$' table '99 25'
planted '^src/inspect/two.c  *100.0 % of *90 lines  *100.0 % of *0 branches$' table '99 25'
planted '^all  *99.0 % of *100 lines  *25.0 % of *4 branches$' table '99 25'
planted '^status 0$' table '99 25'
planted '^coverage: below the 99.1 % of lines and 25 % of branches' table '99.1 25'
planted '^status 1$' table '99.1 25'
planted '^status 1$' table '99 26'

exit $failed
