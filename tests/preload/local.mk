# SPDX-License-Identifier: MIT

# The preload library under programs that were not written for libma. The scripts compile those that are ours.
preload_tests = \
	tests/preload/interrupts.sh \
	tests/preload/limits.sh \
	tests/preload/own.sh \
	tests/preload/processes.sh \
	tests/preload/programs.sh \
	tests/preload/refusals.sh \
	tests/preload/suites.sh
if MA_PRELOAD
TESTS += $(preload_tests)
endif
EXTRA_DIST += \
	$(preload_tests) \
	tests/preload/common \
	tests/preload/beside.c \
	tests/preload/early.c \
	tests/preload/exhausted.c \
	tests/preload/family.c \
	tests/preload/interrupts.c \
	tests/preload/loaded.c \
	tests/preload/operators.cc \
	tests/preload/persists.c \
	tests/preload/handlers.c \
	tests/preload/plugin.c \
	tests/preload/processes.c \
	tests/preload/refuse.c \
	tests/preload/sandboxed.c \
	tests/preload/secure.c \
	tests/preload/suites.py \
	tests/preload/strangers.c

# Memory refused at every single call of whole programs: an hour.
check-exhaustion: all
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) KERNEL=1 $(SHELL) $(srcdir)/tests/preload/limits.sh
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) REFUSALS=all $(SHELL) $(srcdir)/tests/preload/refusals.sh

# A thousand forks.
check-processes: all
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) TIMES=1000 $(SHELL) $(srcdir)/tests/preload/processes.sh

# The tests of CPython and GLib, on libma and without: ten minutes.
check-suites: all
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) SUITES=$${SUITES-all} $(SHELL) $(srcdir)/tests/preload/suites.sh

.PHONY: check-exhaustion check-processes check-suites
