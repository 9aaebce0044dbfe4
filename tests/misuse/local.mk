# SPDX-License-Identifier: MIT

# What libma must end, and with which line.
check_PROGRAMS += tests/misuse/misuse
tests_misuse_misuse_SOURCES = \
	tests/misuse/damage.c \
	tests/misuse/double_free.c \
	tests/misuse/invalid_pointer.c \
	tests/misuse/main.c \
	tests/misuse/misuse.h \
	tests/misuse/other_calls.c \
	tests/misuse/sized_free.c
tests_misuse_misuse_LDADD = tests/libwhole.la

# Every word of libma's in a program's reach, written over.
check_PROGRAMS += tests/misuse/words
tests_misuse_words_LDADD = tests/libwhole.la

TESTS += tests/misuse/misuse.sh tests/misuse/words
EXTRA_DIST += tests/misuse/misuse.sh

# Which class of faults is caught in which mode.
check_PROGRAMS += tests/misuse/cwe
tests_misuse_cwe_SOURCES = tests/misuse/cwe.c tests/misuse/misuse.h
tests_misuse_cwe_LDADD = tests/libwhole.la

TESTS += tests/misuse/cwe.sh
EXTRA_DIST += tests/misuse/cwe.sh
