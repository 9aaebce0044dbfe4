#!/bin/sh
# SPDX-License-Identifier: MIT
#
# configure.ac, include/ma.h, NEWS.md, debian/changelog, ma.pc, `ma --version` and the manual pages name the same version.

. "${0%/*}/common"

# same WHERE VERSION
same() {
	[ "$2" = "$MA_VERSION" ] || echo "$1 says version '$2', configure.ac says '$MA_VERSION'"
}

# What stands before Debian's own revision.
debian_version() {
	sed -n '1s/^libma (\(.*\)-[^-]*) .*/\1/p'
}

header_version() {
	sed -n 's/^#define MA_VERSION_[A-Z]* *\([0-9]*\)$/\1/p' "$1" | paste -s -d .
}

clean same include/ma.h "$(header_version "$MA_SRCDIR/include/ma.h")"
clean same NEWS.md "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$MA_SRCDIR/NEWS.md" | head -n 1)"
# No part of the tarball.
[ ! -e "$MA_SRCDIR/debian/changelog" ] ||
	clean same debian/changelog "$(debian_version <"$MA_SRCDIR/debian/changelog")"
# The pages of functions tell since when there is one.
pages() {
	for page in "$1"/*.[17]; do
		same "${page##*/}" "$(sed -n 's/^This page describes libma \(.*\)\.$/\1/p' "$page")"
	done
}
clean pages "$MA_SRCDIR/man"
clean same ma.pc "$(sed -n 's/^Version: //p' "$MA_BUILDDIR/ma.pc")"
clean same 'ma --version' "$("$MA_BUILDDIR/ma" --version | sed -n '1s/.* //p')"

sed 's/\(MA_VERSION_MINOR\) .*/\1 99/' "$MA_SRCDIR/include/ma.h" >"$scratch/ma.h"
planted "ma.h says version '[0-9]*\.99\.[0-9]*'" same ma.h "$(header_version "$scratch/ma.h")"
mkdir "$scratch/man"
sed 's/describes libma .*/describes libma 0.0.9./' "$MA_SRCDIR/man/ma.1" >"$scratch/man/ma.1"
planted "ma.1 says version '0.0.9'" pages "$scratch/man"
planted "changelog says version '0.0.9'" same debian/changelog \
	"$(echo 'libma (0.0.9-1) unstable; urgency=medium' | debian_version)"

exit $failed
