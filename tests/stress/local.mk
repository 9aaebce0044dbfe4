# SPDX-License-Identifier: MIT

# Threads and processes under load, for a few seconds each; TEST_SECONDS makes it more.
stress_tests = \
	tests/stress/churn \
	tests/stress/crowd \
	tests/stress/exits \
	tests/stress/handover \
	tests/stress/signals \
	tests/stress/threads
# A sanitizer's own locks may be held by another thread when a process forks.
if MA_PRELOAD
stress_tests += tests/stress/forks
endif
if MA_THREADS
check_PROGRAMS += $(stress_tests)
TESTS += $(stress_tests)
endif

tests_stress_churn_SOURCES = tests/stress/churn.c tests/stress/stress.h
tests_stress_churn_LDADD = tests/libwhole.la
tests_stress_crowd_LDADD = tests/libwhole.la
tests_stress_exits_LDADD = tests/libwhole.la
tests_stress_forks_LDADD = tests/libwhole.la
tests_stress_handover_LDADD = tests/libwhole.la
tests_stress_signals_SOURCES = tests/stress/signals.c tests/stress/stress.h
tests_stress_signals_LDADD = tests/libwhole.la
tests_stress_threads_LDADD = tests/libwhole.la
