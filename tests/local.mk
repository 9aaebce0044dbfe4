# SPDX-License-Identifier: MIT

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

# What a test may ask about the build. MA_SANITIZER is "no" or the list.
AM_TESTS_ENVIRONMENT = \
	export ASAN_OPTIONS=detect_leaks=0 MA_SRCDIR='$(abs_top_srcdir)' MA_BUILDDIR='$(abs_top_builddir)' \
		MA_VERSION='$(PACKAGE_VERSION)' MA_THREADS='$(MA_THREADS)' MA_STATS='$(MA_STATS)' \
		MA_DEBUG='$(MA_DEBUG)' MA_SANITIZER='$(MA_SANITIZER)' CC='$(CC)' CXX='$(CXX)' \
		CFLAGS='$(CFLAGS)' LDFLAGS='$(LDFLAGS)' \
		NM='$(NM)' OBJDUMP='$(OBJDUMP)' READELF='$(READELF)';

script_tests = \
	tests/scripts/abi.sh \
	tests/scripts/layers.sh \
	tests/scripts/man-examples.sh \
	tests/scripts/man-lint.sh \
	tests/scripts/man.sh \
	tests/scripts/order.sh \
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
	tests/tools/usage.sh \
	tests/tools/workloads.sh
preload_command_tests = \
	tests/tools/draw.sh \
	tests/tools/stats.sh \
	tests/tools/bench.sh \
	tests/tools/leaks.sh \
	tests/tools/leaks-live.sh \
	tests/tools/live.sh \
	tests/tools/memory.sh \
	tests/tools/run.sh \
	tests/tools/run-without.sh

TESTS += $(command_tests)
if MA_PRELOAD
TESTS += $(preload_command_tests)
endif
EXTRA_DIST += $(command_tests) $(preload_command_tests) tests/tools/bench-figures.py tests/tools/common tests/tools/live-common.sh \
	tests/tools/draw-json.py tests/tools/draw-many.py tests/tools/draw-page.py tests/tools/openmetrics.py

# What tests/tools/live.sh looks into.
if MA_PRELOAD
check_PROGRAMS += tests/tools/live-plain tests/tools/live-static
endif
tests_tools_live_plain_SOURCES = tests/tools/live.c
tests_tools_live_plain_CPPFLAGS = $(AM_CPPFLAGS) -DLIVE_ON_LIBMA=0
tests_tools_live_static_SOURCES = tests/tools/live.c
tests_tools_live_static_CPPFLAGS = $(AM_CPPFLAGS) -DLIVE_ON_LIBMA=1
tests_tools_live_static_LDADD = tests/libwhole.la

# The whole library under the tests' own feet: linked in statically, however libma itself is built.
check_LTLIBRARIES += tests/libwhole.la
tests_libwhole_la_SOURCES = src/source.c
tests_libwhole_la_CPPFLAGS = $(library_cppflags)
tests_libwhole_la_CFLAGS = $(library_cflags)
tests_libwhole_la_LIBADD = libma_core.la

# Unit tests, one for each file of src/: tests/unit/test_x.c for src/x.c (see tests/scripts/twins.sh). They link all of
# the library but src/source.c, whose place a scripted source takes. Libcheck is theirs alone.
unit_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/src $(CHECK_CFLAGS)
unit_ldadd = tests/unit/libunit.la $(CHECK_LIBS)

if HAVE_CHECK
check_LTLIBRARIES += tests/unit/libunit.la
tests_unit_libunit_la_SOURCES = \
	tests/emulated.h \
	tests/expect.h \
	tests/hide.h \
	tests/pattern.h \
	tests/random.h \
	tests/used.h \
	tests/unit/leak_unit.h \
	tests/unit/block_side.h \
	tests/unit/slab_side.h \
	tests/unit/scripted_source.c \
	tests/unit/scripted_source.h \
	tests/unit/unit.c \
	tests/unit/unit.h
tests_unit_libunit_la_CPPFLAGS = $(unit_cppflags)
tests_unit_libunit_la_LIBADD = libma_core.la

check_LTLIBRARIES += tests/unit/libreal.la
tests_unit_libreal_la_SOURCES = tests/unit/unit.c tests/unit/unit.h
tests_unit_libreal_la_CPPFLAGS = $(unit_cppflags)
tests_unit_libreal_la_LIBADD = tests/libwhole.la

unit_tests = \
	tests/unit/test_api \
	tests/unit/test_block \
	tests/unit/test_block_purge \
	tests/unit/test_busy \
	tests/unit/test_cfi \
	tests/unit/test_cgroup \
	tests/unit/test_check \
	tests/unit/test_chunk \
	tests/unit/test_fatal \
	tests/unit/test_fit \
	tests/unit/test_front \
	tests/unit/test_guard \
	tests/unit/test_heap \
	tests/unit/test_heaps \
	tests/unit/test_inside \
	tests/unit/test_large \
	tests/unit/test_leak_index \
	tests/unit/test_leak_mark \
	tests/unit/test_leak_report \
	tests/unit/test_limit \
	tests/unit/test_map \
	tests/unit/test_map_json \
	tests/unit/test_map_sites \
	tests/unit/test_map_text \
	tests/unit/test_mode \
	tests/unit/test_options \
	tests/unit/test_pins \
	tests/unit/test_place \
	tests/unit/test_quarantine \
	tests/unit/test_quick \
	tests/unit/test_redzone \
	tests/unit/test_residency \
	tests/unit/test_sample \
	tests/unit/test_signals \
	tests/unit/test_sites \
	tests/unit/test_root \
	tests/unit/test_slab \
	tests/unit/test_snapshot \
	tests/unit/test_slab_look \
	tests/unit/test_slab_remote \
	tests/unit/test_source \
	tests/unit/test_stacks \
	tests/unit/test_stats \
	tests/unit/test_stats_print \
	tests/unit/test_text \
	tests/unit/test_walk
if MA_THREADS
unit_tests += tests/unit/test_thread tests/unit/test_timer
else
unit_tests += tests/unit/test_thread_single tests/unit/test_timer_single tests/unit/test_leak_threads_single
endif
# Linked over the C library's malloc, which the sanitizers have their own way to do.
if MA_PRELOAD
unit_tests += \
	tests/unit/test_override \
	tests/unit/test_override_dlopen \
	tests/unit/test_override_new \
	tests/unit/test_override_signal
# These read all memory of the process, terabytes of the sanitizers' own among it; or need signals, stacks and
# functions of the C library as they are without one.
unit_tests += \
	tests/unit/test_leak \
	tests/unit/test_leak_roots \
	tests/unit/test_output \
	tests/unit/test_report \
	tests/unit/test_unwind
if MA_THREADS
unit_tests += tests/unit/test_leak_threads tests/tools/test_stop
endif
endif

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_test_api_CPPFLAGS = $(unit_cppflags)
tests_unit_test_api_LDADD = $(unit_ldadd)
tests_unit_test_block_CPPFLAGS = $(unit_cppflags)
tests_unit_test_block_LDADD = $(unit_ldadd)
tests_unit_test_block_purge_CPPFLAGS = $(unit_cppflags)
tests_unit_test_block_purge_LDADD = $(unit_ldadd)
tests_unit_test_busy_CPPFLAGS = $(unit_cppflags)
tests_unit_test_busy_LDADD = $(unit_ldadd)
tests_unit_test_cfi_CPPFLAGS = $(unit_cppflags)
tests_unit_test_cfi_LDADD = $(unit_ldadd)
tests_unit_test_check_CPPFLAGS = $(unit_cppflags)
tests_unit_test_check_LDADD = $(unit_ldadd)
tests_unit_test_chunk_CPPFLAGS = $(unit_cppflags)
tests_unit_test_chunk_LDADD = $(unit_ldadd)
tests_unit_test_fatal_CPPFLAGS = $(unit_cppflags)
tests_unit_test_fatal_LDADD = $(unit_ldadd)
tests_unit_test_fit_CPPFLAGS = $(unit_cppflags)
tests_unit_test_fit_LDADD = $(unit_ldadd)
tests_unit_test_front_CPPFLAGS = $(unit_cppflags)
tests_unit_test_front_LDADD = $(unit_ldadd)
tests_unit_test_guard_CPPFLAGS = $(unit_cppflags)
tests_unit_test_guard_LDADD = $(unit_ldadd)
tests_unit_test_heap_CPPFLAGS = $(unit_cppflags)
tests_unit_test_heap_LDADD = $(unit_ldadd)
tests_unit_test_heaps_CPPFLAGS = $(unit_cppflags)
tests_unit_test_heaps_LDADD = $(unit_ldadd)
tests_unit_test_inside_CPPFLAGS = $(unit_cppflags)
tests_unit_test_inside_LDADD = $(unit_ldadd)
tests_unit_test_large_CPPFLAGS = $(unit_cppflags)
tests_unit_test_large_LDADD = $(unit_ldadd)
tests_unit_test_leak_CPPFLAGS = $(unit_cppflags)
tests_unit_test_leak_LDADD = $(unit_ldadd)
tests_unit_test_leak_index_CPPFLAGS = $(unit_cppflags)
tests_unit_test_leak_index_LDADD = $(unit_ldadd)
tests_unit_test_leak_mark_CPPFLAGS = $(unit_cppflags)
tests_unit_test_leak_mark_LDADD = $(unit_ldadd)
tests_unit_test_leak_report_CPPFLAGS = $(unit_cppflags)
tests_unit_test_leak_report_LDADD = $(unit_ldadd)
tests_unit_test_leak_roots_CPPFLAGS = $(unit_cppflags)
tests_unit_test_leak_roots_LDADD = $(unit_ldadd)
tests_unit_test_leak_threads_CPPFLAGS = $(unit_cppflags)
tests_unit_test_leak_threads_LDADD = $(unit_ldadd)
tests_unit_test_leak_threads_single_CPPFLAGS = $(unit_cppflags)
tests_unit_test_leak_threads_single_LDADD = $(unit_ldadd)
tests_unit_test_map_CPPFLAGS = $(unit_cppflags)
tests_unit_test_map_LDADD = $(unit_ldadd)
tests_unit_test_mode_CPPFLAGS = $(unit_cppflags)
tests_unit_test_mode_LDADD = $(unit_ldadd)
tests_unit_test_options_CPPFLAGS = $(unit_cppflags)
tests_unit_test_options_LDADD = $(unit_ldadd)
tests_unit_test_report_CPPFLAGS = $(unit_cppflags)
tests_unit_test_report_LDADD = $(unit_ldadd)
tests_unit_test_sample_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sample_LDADD = $(unit_ldadd)
tests_unit_test_cgroup_CPPFLAGS = $(unit_cppflags)
tests_unit_test_cgroup_LDADD = $(unit_ldadd)
tests_unit_test_limit_CPPFLAGS = $(unit_cppflags)
tests_unit_test_limit_LDADD = $(unit_ldadd)
tests_unit_test_quick_CPPFLAGS = $(unit_cppflags)
tests_unit_test_quick_LDADD = $(unit_ldadd)
tests_unit_test_quarantine_CPPFLAGS = $(unit_cppflags)
tests_unit_test_quarantine_LDADD = $(unit_ldadd)
tests_unit_test_redzone_CPPFLAGS = $(unit_cppflags)
tests_unit_test_redzone_LDADD = $(unit_ldadd)
tests_unit_test_signals_CPPFLAGS = $(unit_cppflags)
tests_unit_test_signals_LDADD = $(unit_ldadd)
tests_unit_test_sites_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sites_LDADD = $(unit_ldadd)
tests_unit_test_root_CPPFLAGS = $(unit_cppflags)
tests_unit_test_snapshot_CPPFLAGS = $(unit_cppflags)
tests_unit_test_root_LDADD = $(unit_ldadd)
tests_unit_test_snapshot_LDADD = $(unit_ldadd)
tests_unit_test_place_CPPFLAGS = $(unit_cppflags)
tests_unit_test_place_LDADD = $(unit_ldadd)
tests_unit_test_slab_CPPFLAGS = $(unit_cppflags)
tests_unit_test_slab_LDADD = $(unit_ldadd)
tests_unit_test_slab_look_CPPFLAGS = $(unit_cppflags)
tests_unit_test_slab_look_LDADD = $(unit_ldadd)
tests_unit_test_slab_remote_CPPFLAGS = $(unit_cppflags)
tests_unit_test_slab_remote_LDADD = $(unit_ldadd)
tests_unit_test_stacks_CPPFLAGS = $(unit_cppflags)
tests_unit_test_stacks_LDADD = $(unit_ldadd)
tests_unit_test_map_json_CPPFLAGS = $(unit_cppflags)
tests_unit_test_map_json_LDADD = $(unit_ldadd)
tests_unit_test_map_sites_CPPFLAGS = $(unit_cppflags)
tests_unit_test_map_sites_LDADD = $(unit_ldadd)
tests_unit_test_map_text_CPPFLAGS = $(unit_cppflags)
tests_unit_test_map_text_LDADD = $(unit_ldadd)
tests_unit_test_pins_CPPFLAGS = $(unit_cppflags)
tests_unit_test_pins_LDADD = $(unit_ldadd)
tests_unit_test_residency_CPPFLAGS = $(unit_cppflags)
tests_unit_test_residency_LDADD = $(unit_ldadd)
tests_unit_test_stats_CPPFLAGS = $(unit_cppflags)
tests_unit_test_stats_LDADD = $(unit_ldadd)
tests_unit_test_stats_print_CPPFLAGS = $(unit_cppflags)
tests_unit_test_stats_print_LDADD = $(unit_ldadd)
tests_unit_test_timer_CPPFLAGS = $(unit_cppflags)
tests_unit_test_timer_LDADD = $(unit_ldadd)
tests_unit_test_timer_single_CPPFLAGS = $(unit_cppflags)
tests_unit_test_timer_single_LDADD = $(unit_ldadd)
tests_unit_test_output_CPPFLAGS = $(unit_cppflags)
tests_unit_test_output_LDADD = $(unit_ldadd)
tests_tools_test_stop_SOURCES = tests/tools/test_stop.c tools/ma/message.c tools/ma/stop.c
tests_tools_test_stop_CPPFLAGS = $(unit_cppflags)
tests_tools_test_stop_LDADD = $(unit_ldadd)
tests_unit_test_text_CPPFLAGS = $(unit_cppflags)
tests_unit_test_text_LDADD = $(unit_ldadd)
tests_unit_test_thread_CPPFLAGS = $(unit_cppflags)
tests_unit_test_thread_LDADD = $(unit_ldadd)
tests_unit_test_thread_single_CPPFLAGS = $(unit_cppflags)
tests_unit_test_thread_single_LDADD = $(unit_ldadd)
tests_unit_test_unwind_CPPFLAGS = $(unit_cppflags)
tests_unit_test_unwind_LDADD = $(unit_ldadd)
tests_unit_test_walk_CPPFLAGS = $(unit_cppflags)
tests_unit_test_walk_LDADD = $(unit_ldadd)

# The real source, and no scripted one.
tests_unit_test_source_SOURCES = tests/unit/test_source.c
tests_unit_test_source_CPPFLAGS = $(unit_cppflags)
tests_unit_test_source_LDADD = tests/unit/libreal.la $(CHECK_LIBS)
tests_unit_test_override_SOURCES = tests/unit/test_override.c src/override.c src/override_new.c
tests_unit_test_override_CPPFLAGS = $(unit_cppflags)
tests_unit_test_override_CFLAGS = $(library_cflags) -fno-builtin
tests_unit_test_override_LDADD = tests/unit/libreal.la $(CHECK_LIBS)
tests_unit_test_override_dlopen_SOURCES = tests/unit/test_override_dlopen.c src/override.c src/override_dlopen.c
tests_unit_test_override_dlopen_CPPFLAGS = $(unit_cppflags)
tests_unit_test_override_dlopen_CFLAGS = $(library_cflags)
tests_unit_test_override_dlopen_LDADD = tests/unit/libreal.la $(CHECK_LIBS)
tests_unit_test_override_new_SOURCES = tests/unit/test_override_new.c src/override.c src/override_new.c
tests_unit_test_override_new_CPPFLAGS = $(unit_cppflags)
tests_unit_test_override_new_CFLAGS = $(library_cflags) -fno-builtin
tests_unit_test_override_new_LDADD = tests/unit/libreal.la $(CHECK_LIBS)
tests_unit_test_override_signal_SOURCES = tests/unit/test_override_signal.c src/override.c src/override_signal.c
tests_unit_test_override_signal_CPPFLAGS = $(unit_cppflags)
tests_unit_test_override_signal_CFLAGS = $(library_cflags) -fno-builtin
tests_unit_test_override_signal_LDADD = tests/unit/libreal.la $(CHECK_LIBS)
# Sequences of the whole interface over the scripted source.
property_tests = \
	tests/property/exhaustion \
	tests/property/operations

check_PROGRAMS += $(property_tests)
TESTS += $(property_tests)

tests_property_exhaustion_CPPFLAGS = $(unit_cppflags)
tests_property_exhaustion_LDADD = $(unit_ldadd)
tests_property_operations_CPPFLAGS = $(unit_cppflags)
tests_property_operations_LDADD = $(unit_ldadd)

else
check-local:
	@echo 'make check needs the library "check": ./bootstrap, or apt-get install check; then ./configure' >&2
	@exit 1
endif

include tests/coverage/local.mk
include tests/fuzz/local.mk
include tests/leaks/local.mk
include tests/misuse/local.mk
include tests/model/local.mk
include tests/preload/local.mk
include tests/stress/local.mk

# The tests that are programs over the library: all that a sanitizer, or another switch, can change.
check-library:
	@list=; for test in $(TESTS); do \
		case $$test in tests/unit/* | tests/property/* | tests/stress/*) list="$$list $$test" ;; esac; \
	done; $(MAKE) $(AM_MAKEFLAGS) $$list && $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$$list"

.PHONY: check-library

# The installed library, used as a stranger would.
installcheck-local:
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/scripts/installed.sh \
		'$(DESTDIR)' '$(bindir)' '$(libdir)' '$(pkgconfigdir)'
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/scripts/commands.sh \
		'$(DESTDIR)' '$(bindir)' '$(libdir)' '$(pkgconfigdir)' '$(mandir)' || test $$? -eq 77

EXTRA_DIST += tests/docs/commands.list tests/docs/commands.py \
	tests/scripts/commands.sh tests/scripts/installed.sh tests/scripts/installed.c
