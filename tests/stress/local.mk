# SPDX-License-Identifier: MIT

# Threads and processes under load, for a few seconds each; TEST_SECONDS makes it more.
stress_tests = \
	tests/stress/churn \
	tests/stress/crowd \
	tests/stress/exits \
	tests/stress/handover \
	tests/stress/leaps \
	tests/stress/signals \
	tests/stress/threads
# A sanitizer's own locks may be held by another thread when a process forks.
if MA_PRELOAD
stress_tests += tests/stress/forks
endif
if MA_THREADS
check_PROGRAMS += $(stress_tests) tests/stress/soak
TESTS += $(stress_tests) tests/stress/soak.sh
endif
check_PROGRAMS += tests/stress/big tests/stress/burst
TESTS += tests/stress/big.sh tests/stress/burst
EXTRA_DIST += tests/stress/big.sh tests/stress/soak.sh

tests_stress_burst_SOURCES = tests/stress/burst.c tests/stress/stress.h
tests_stress_burst_LDADD = tests/libwhole.la
tests_stress_churn_SOURCES = tests/stress/churn.c tests/stress/stress.h
tests_stress_churn_LDADD = tests/libwhole.la
tests_stress_crowd_LDADD = tests/libwhole.la
tests_stress_exits_LDADD = tests/libwhole.la
tests_stress_forks_LDADD = tests/libwhole.la
tests_stress_handover_LDADD = tests/libwhole.la
tests_stress_leaps_LDADD = tests/libwhole.la
tests_stress_signals_SOURCES = tests/stress/signals.c tests/stress/stress.h
tests_stress_signals_LDADD = tests/libwhole.la
tests_stress_threads_LDADD = tests/libwhole.la
tests_stress_big_LDADD = tests/libwhole.la
tests_stress_soak_LDADD = tests/libwhole.la

# Does memory creep, in SECONDS?
SECONDS = 60
soak: tests/stress/soak
	@test '$(MA_THREADS)' = 1 || { echo 'make soak is about threads, and this build has none' >&2; exit 1; }
	$(AM_V_at)tests/stress/soak --seconds=$(SECONDS)

# Heaps of 16 GiB of address space; they need 4.5 GiB of memory.
check-big: tests/stress/big
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) BIG=1 $(SHELL) $(srcdir)/tests/stress/big.sh || test $$? -eq 77

.PHONY: check-big soak
