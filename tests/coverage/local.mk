# SPDX-License-Identifier: MIT

# How much of src/ the tests run, in builds of their own in coverage/: half an hour.
coverage:
	@rm -rf coverage && mkdir coverage
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) distdir distdir=coverage/sources >coverage/log 2>&1
	$(AM_V_at)CC='$(CC)' $(SHELL) coverage/sources/tests/coverage/run.sh coverage/sources coverage

.PHONY: coverage
TESTS += tests/coverage/table.sh
EXTRA_DIST += tests/coverage/dump.c tests/coverage/run.sh tests/coverage/table.sh
