# SPDX-License-Identifier: MIT

# The preload library under programs that were not written for libma. The scripts compile those that are ours.
preload_tests = \
	tests/preload/own.sh \
	tests/preload/programs.sh
if MA_PRELOAD
TESTS += $(preload_tests)
endif
EXTRA_DIST += \
	$(preload_tests) \
	tests/preload/common \
	tests/preload/early.c \
	tests/preload/exhausted.c \
	tests/preload/family.c \
	tests/preload/operators.cc \
	tests/preload/strangers.c
