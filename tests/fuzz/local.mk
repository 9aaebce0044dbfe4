# SPDX-License-Identifier: MIT

# The fuzzers without libFuzzer: they replay the corpus. `make fuzz` builds them with it.
check_PROGRAMS += tests/fuzz/operations
tests_fuzz_operations_SOURCES = tests/fuzz/fuzz.h tests/fuzz/operations.c tests/fuzz/replay.c tests/expect.h \
	tests/pattern.h tests/unit/scripted_source.c tests/unit/scripted_source.h
tests_fuzz_operations_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src
tests_fuzz_operations_LDFLAGS = -Wl,--wrap=clock_gettime
tests_fuzz_operations_LDADD = libma_core.la

# Each function that a reader may leave in the middle of, and what it calls then.
fuzz_wrapped = -Wl,--wrap=calloc,--wrap=fail,--wrap=fclose,--wrap=fopen,--wrap=free,--wrap=ma_warn \
	-Wl,--wrap=malloc,--wrap=realloc,--wrap=vasprintf
fuzz_readers = \
	tools/ma/argument.c \
	tools/ma/draw.c \
	tools/ma/draw_html.c \
	tools/ma/draw_json.c \
	tools/ma/draw_model.c \
	tools/ma/draw_sites.c \
	tools/ma/draw_svg.c \
	tools/ma/draw_terminal.c \
	tools/ma/draw_write.c \
	tools/ma/file.c \
	tools/ma/leaks_read.c \
	tools/ma/leaks_suppress.c \
	tools/ma/leaks_symbols_none.c \
	tools/ma/leaks_write.c \
	tools/ma/map_text.c \
	tools/ma/message.c

check_PROGRAMS += tests/fuzz/readers
tests_fuzz_readers_SOURCES = tests/fuzz/fuzz.h tests/fuzz/readers.c tests/fuzz/replay.c tests/expect.h $(fuzz_readers)
tests_fuzz_readers_CPPFLAGS = $(AM_CPPFLAGS) -Itools/ma -I$(top_srcdir)/src -I$(top_srcdir)/tools/ma
tests_fuzz_readers_LDFLAGS = $(fuzz_wrapped)
tests_fuzz_readers_LDADD = libma_core.la
tools/ma/tests_fuzz_readers-draw_html.$(OBJEXT): tools/ma/draw_page.h

# The corpus, replayed: what the fuzzers once found, or found their way with.
TESTS += tests/fuzz/corpus.sh
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/corpus.sh tests/fuzz/run

# Looks for faults with libFuzzer, each fuzzer for so many seconds. For example:
#
#   make fuzz FUZZ_SECONDS=3600
FUZZ_CC = clang
FUZZ_SECONDS = 60
FUZZERS = operations readers
fuzz: tools/ma/draw_page.h
	@sources=; for source in $(libma_core_la_SOURCES) $(libma_rare_la_SOURCES); do \
		case $$source in *.c) sources="$$sources $$source" ;; esac; \
	done; \
	MA_FUZZ_READERS='$(fuzz_readers)' MA_FUZZ_WRAPPED='$(fuzz_wrapped)' MA_SRCDIR='$(abs_top_srcdir)' MA_FUZZ_SOURCES="$$sources" FUZZ_CC='$(FUZZ_CC)' \
		$(SHELL) '$(srcdir)/tests/fuzz/run' '$(FUZZ_SECONDS)' $(FUZZERS)

.PHONY: fuzz
