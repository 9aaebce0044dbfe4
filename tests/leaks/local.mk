# SPDX-License-Identifier: MIT

# Leaking and clean programs under libma, and under Memcheck where there is one. The script compiles them.
if MA_PRELOAD
TESTS += tests/leaks/leaks.sh
endif
EXTRA_DIST += \
	tests/leaks/cases.c \
	tests/leaks/cases.cc \
	tests/leaks/cases.h \
	tests/leaks/leaks.sh
