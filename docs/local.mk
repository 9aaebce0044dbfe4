# SPDX-License-Identifier: MIT

# The programs of the documents, built by `make check` and `make examples`.
examples_on_libma = \
	docs/examples/align \
	docs/examples/attack \
	docs/examples/blocks \
	docs/examples/fit_times \
	docs/examples/fits \
	docs/examples/grow \
	docs/examples/header \
	docs/examples/hello \
	docs/examples/holes \
	docs/examples/lifetimes \
	docs/examples/pinned \
	docs/examples/prices \
	docs/examples/slabs \
	docs/examples/timing \
	docs/examples/two_sources \
	docs/examples/walk \
	docs/examples/waste \
	docs/examples/zero
if MA_THREADS
examples_on_libma += docs/examples/remote
endif
examples = $(examples_on_libma) \
	docs/examples/aslr \
	docs/examples/bugs \
	docs/examples/cow \
	docs/examples/huge \
	docs/examples/loader \
	docs/examples/loop \
	docs/examples/map \
	docs/examples/overcommit \
	docs/examples/page_tables \
	docs/examples/replace \
	docs/examples/resident \
	docs/examples/segments \
	docs/examples/stack \
	docs/examples/tls \
	docs/examples/toy

check_PROGRAMS += $(examples)
docs_examples_align_LDADD = libma.la
docs_examples_attack_LDADD = libma.la
docs_examples_blocks_LDADD = libma.la
docs_examples_fit_times_LDADD = libma.la
docs_examples_fits_LDADD = libma.la
docs_examples_grow_LDADD = libma.la
docs_examples_header_LDADD = libma.la
docs_examples_hello_LDADD = libma.la
docs_examples_holes_LDADD = libma.la
docs_examples_lifetimes_LDADD = libma.la
docs_examples_pinned_LDADD = libma.la
docs_examples_prices_LDADD = libma.la
docs_examples_remote_LDADD = libma.la
docs_examples_replace_LDADD = -lm
docs_examples_slabs_LDADD = libma.la
docs_examples_timing_LDADD = libma.la
docs_examples_two_sources_LDADD = libma.la
docs_examples_walk_LDADD = libma.la
docs_examples_waste_LDADD = libma.la
docs_examples_zero_LDADD = libma.la

examples: $(examples)

# Writes what the programs print now into the documents.
update-documents: all $(examples)
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/docs/documents.sh update

# Draws the pictures from the data beside them; record-pictures takes new data from this machine first.
pictures:
	python3 $(srcdir)/docs/pictures/draw.py $(srcdir)/docs/pictures

record-pictures: all $(examples)
	$(SHELL) $(srcdir)/docs/pictures/record.sh '$(abs_top_builddir)' $(srcdir)/docs/pictures/data

.PHONY: examples pictures record-pictures update-documents

TESTS += tests/docs/documents.sh tests/docs/layout.sh
EXTRA_DIST += tests/docs/documents.sh tests/docs/documents.py tests/docs/layout.sh
EXTRA_DIST += \
	docs/debugging.md \
	docs/dynamic-memory-allocation-in-c.md \
	docs/memory-layout-c.md \
	docs/porting.md \
	docs/examples/owned.cc \
	docs/examples/record.c \
	docs/pictures/draw.py \
	docs/pictures/record.sh \
	docs/pictures/align.svg \
	docs/pictures/aslr.svg \
	docs/pictures/attack.svg \
	docs/pictures/blocks.svg \
	docs/pictures/copy-on-write.svg \
	docs/pictures/faults.svg \
	docs/pictures/fit-times.svg \
	docs/pictures/fits.svg \
	docs/pictures/growth.svg \
	docs/pictures/header.svg \
	docs/pictures/heap.svg \
	docs/pictures/holes.svg \
	docs/pictures/huge.svg \
	docs/pictures/lifetimes.svg \
	docs/pictures/loaded.svg \
	docs/pictures/overcommit.svg \
	docs/pictures/page-tables.svg \
	docs/pictures/pinned.svg \
	docs/pictures/prices.svg \
	docs/pictures/process-map.svg \
	docs/pictures/remote.svg \
	docs/pictures/resident.svg \
	docs/pictures/segments.svg \
	docs/pictures/slab.svg \
	docs/pictures/stacks.svg \
	docs/pictures/thread-local.svg \
	docs/pictures/timing.svg \
	docs/pictures/toy.svg \
	docs/pictures/two-sources.svg \
	docs/pictures/waste.svg \
	docs/pictures/zero.svg \
	docs/pictures/data/aslr.csv \
	docs/pictures/data/blocks.txt \
	docs/pictures/data/cow.txt \
	docs/pictures/data/fit-times.csv \
	docs/pictures/data/fits.txt \
	docs/pictures/data/header.txt \
	docs/pictures/data/holes.txt \
	docs/pictures/data/huge.txt \
	docs/pictures/data/loader.txt \
	docs/pictures/data/map.txt \
	docs/pictures/data/overcommit.txt \
	docs/pictures/data/page-tables.txt \
	docs/pictures/data/pinned-glibc.txt \
	docs/pictures/data/pinned.txt \
	docs/pictures/data/prices.csv \
	docs/pictures/data/resident.txt \
	docs/pictures/data/segments.txt \
	docs/pictures/data/stack.txt \
	docs/pictures/data/timing.csv \
	docs/pictures/data/toy.txt \
	docs/pictures/data/two-sources.txt \
	docs/pictures/data/walk.txt \
	docs/pictures/data/waste.csv \
	docs/pictures/data/zero.txt
