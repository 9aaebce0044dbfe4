# SPDX-License-Identifier: MIT

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

# What a test may ask about the build. MA_SANITIZER is "no" or the list.
AM_TESTS_ENVIRONMENT = \
	export MA_SRCDIR='$(abs_top_srcdir)' MA_BUILDDIR='$(abs_top_builddir)' \
		MA_VERSION='$(PACKAGE_VERSION)' MA_THREADS='$(MA_THREADS)' MA_STATS='$(MA_STATS)' \
		MA_DEBUG='$(MA_DEBUG)' MA_SANITIZER='$(MA_SANITIZER)' CC='$(CC)' CXX='$(CXX)' \
		CFLAGS='$(CFLAGS)' LDFLAGS='$(LDFLAGS)' \
		NM='$(NM)' OBJDUMP='$(OBJDUMP)' READELF='$(READELF)';

script_tests = \
	tests/scripts/man-examples.sh \
	tests/scripts/man-lint.sh \
	tests/scripts/man.sh \
	tests/scripts/spdx.sh \
	tests/scripts/symbols.sh \
	tests/scripts/twins.sh \
	tests/scripts/version.sh

TESTS += $(script_tests)
EXTRA_DIST += $(script_tests) tests/scripts/common

# The command and `make run`; what needs the preload library, where there is one.
command_tests = \
	tests/tools/completions.sh \
	tests/tools/real-programs.sh \
	tests/tools/usage.sh
preload_command_tests = \
	tests/tools/run.sh \
	tests/tools/run-without.sh

TESTS += $(command_tests)
if MA_PRELOAD
TESTS += $(preload_command_tests)
endif
EXTRA_DIST += $(command_tests) $(preload_command_tests) tests/tools/common

# Unit tests, one for each file of src/: tests/unit/test_x.c for src/x.c (see tests/scripts/twins.sh).
# Libcheck is theirs alone.
if HAVE_CHECK
else
check-local:
	@echo 'make check needs the library "check": ./bootstrap, or apt-get install check; then ./configure' >&2
	@exit 1
endif

# The installed library, used as a stranger would.
installcheck-local:
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/scripts/installed.sh \
		'$(DESTDIR)' '$(bindir)' '$(libdir)' '$(pkgconfigdir)'

EXTRA_DIST += tests/scripts/installed.sh tests/scripts/installed.c
