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

# Unit tests, one for each file of src/: tests/unit/test_x.c for src/x.c (see tests/scripts/twins.sh). They link all of
# the library but src/source.c, whose place a scripted source takes. Libcheck is theirs alone.
unit_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/src $(CHECK_CFLAGS)
unit_ldadd = tests/unit/libunit.la $(CHECK_LIBS)

if HAVE_CHECK
check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = \
	tests/expect.h \
	tests/pattern.h \
	tests/random.h \
	tests/unit/scripted_source.c \
	tests/unit/scripted_source.h \
	tests/unit/unit.c \
	tests/unit/unit.h
tests_unit_libunit_la_CPPFLAGS = $(unit_cppflags)
tests_unit_libunit_la_LIBADD = libma_core.la

unit_tests = \
	tests/unit/test_block \
	tests/unit/test_chunk \
	tests/unit/test_fatal \
	tests/unit/test_fit \
	tests/unit/test_options \
	tests/unit/test_slab \
	tests/unit/test_text

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_test_block_CPPFLAGS = $(unit_cppflags)
tests_unit_test_block_LDADD = $(unit_ldadd)
tests_unit_test_chunk_CPPFLAGS = $(unit_cppflags)
tests_unit_test_chunk_LDADD = $(unit_ldadd)
tests_unit_test_fatal_CPPFLAGS = $(unit_cppflags)
tests_unit_test_fatal_LDADD = $(unit_ldadd)
tests_unit_test_fit_CPPFLAGS = $(unit_cppflags)
tests_unit_test_fit_LDADD = $(unit_ldadd)
tests_unit_test_options_CPPFLAGS = $(unit_cppflags)
tests_unit_test_options_LDADD = $(unit_ldadd)
tests_unit_test_slab_CPPFLAGS = $(unit_cppflags)
tests_unit_test_slab_LDADD = $(unit_ldadd)
tests_unit_test_text_CPPFLAGS = $(unit_cppflags)
tests_unit_test_text_LDADD = $(unit_ldadd)
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
