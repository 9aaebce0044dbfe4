# SPDX-License-Identifier: MIT

# What a release is made of: the tarball, the Debian packages, the ABI.

# The same tarball from the same commit, whoever makes it, where and when: files in order, of nobody, with the
# time of the commit. A tarball of the tarball has the time of its files.
am__tar = epoch=$${SOURCE_DATE_EPOCH:-`git -C '$(srcdir)' log -1 --format=%ct 2>/dev/null || \
		stat -c %Y '$(srcdir)/configure.ac'`} && \
	tar --format=ustar --sort=name --mtime=@$$epoch --owner=0 --group=0 --numeric-owner \
		--mode=u=rwX,go=rX -chf - "$$tardir"

# The Debian packages, built from the tarball, in ./deb. In a checkout only: debian/ is no part of the tarball, as
# Debian wants it. For example:
#
#   make deb DEB_BUILD_OPTIONS=nocheck
deb: dist-xz
	@'$(srcdir)/packaging/deb' '$(distdir).tar.xz' '$(srcdir)/debian' '$(abs_builddir)/deb'

clean-local:
	rm -rf deb

# The binary interface that tests/scripts/abi.sh compares with; made anew for a release, or when it is meant to change.
update-abi: libma.la
	'$(srcdir)/packaging/abi' .libs/libma.so '$(srcdir)/include' >'$(srcdir)/packaging/libma.abi'

# The tests that are programs, for packaging/cross.
print-test-programs:
	@for test in $(TESTS); do case $$test in *.sh) ;; *) echo $$test ;; esac; done

EXTRA_DIST += \
	packaging/abi \
	packaging/check-deb \
	packaging/check-tarball \
	packaging/cross \
	packaging/deb \
	packaging/libma.abi

.PHONY: deb print-test-programs update-abi
