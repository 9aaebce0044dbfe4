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

EXTRA_DIST += packaging/deb

.PHONY: deb
