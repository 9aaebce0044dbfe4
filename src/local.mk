# SPDX-License-Identifier: MIT

library_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/src
library_cflags = $(AM_CFLAGS) $(MA_LIBRARY_CFLAGS)

# All but where memory comes from, which the unit tests script: they link this and a source of their own.
#
# Objects are linked in this order. What every program runs stands first, so that a small one touches few pages of the
# library's text: the kernel maps 16 of a file's pages at a time. docs/architecture.md has more under "Small programs".
if MA_THREADS
thread_sources = src/thread.c
report_sources = src/inspect/timer.c src/inspect/leak_threads.c
else
thread_sources = src/thread_single.c
report_sources = src/inspect/timer_single.c src/inspect/leak_threads_single.c
endif

noinst_LTLIBRARIES += libma_core.la
libma_core_la_SOURCES = \
	src/front.c \
	$(thread_sources) \
	src/heap.c \
	src/heaps.c \
	src/slab.c \
	src/slab_remote.c \
	src/quick.c \
	src/block.c \
	src/block_purge.c \
	src/fit.c \
	src/chunk.c \
	src/limit.c \
	src/options.c \
	src/api.c \
	src/atomic.h \
	src/base.h \
	src/block.h \
	src/block_link.h \
	src/busy.c \
	src/busy.h \
	src/cfi.c \
	src/cfi.h \
	src/cgroup.h \
	src/chunk.h \
	src/clock.h \
	src/fatal.h \
	src/fit.h \
	src/free_block.h \
	src/front.h \
	src/guard.c \
	src/guard.h \
	src/header.h \
	src/heap.h \
	src/inside.c \
	src/inside.h \
	src/inspect/check.c \
	src/inspect/inspect.h \
	src/inspect/leak.h \
	src/inspect/leak_index.c \
	src/inspect/leak_mark.c \
	src/inspect/leak_other.h \
	src/inspect/map.h \
	src/inspect/map_sites.h \
	src/inspect/pins.c \
	src/inspect/pins.h \
	src/inspect/residency.h \
	src/inspect/timer.h \
	src/inspect/walk.c \
	src/large.c \
	src/large.h \
	src/limit.h \
	src/lock.h \
	src/mode.c \
	src/mode.h \
	src/mode_short.h \
	src/options.h \
	src/place.h \
	src/quarantine.c \
	src/quarantine.h \
	src/quick.h \
	src/readable.h \
	src/redzone.c \
	src/redzone.h \
	src/report.h \
	src/root.c \
	src/root.h \
	src/sample.c \
	src/sample.h \
	src/signals.c \
	src/signals.h \
	src/sites.c \
	src/sites.h \
	src/slab.h \
	src/slab_look.c \
	src/slab_remote.h \
	src/snapshot.h \
	src/stacks.c \
	src/stacks.h \
	src/text.h \
	src/thread.h \
	src/unwind.c \
	src/unwind.h
libma_core_la_CPPFLAGS = $(library_cppflags)
libma_core_la_CFLAGS = $(library_cflags)
libma_core_la_LIBADD = libma_rare.la

# What is rare, and no work for seconds: reports. It is to be small rather than fast, whatever CFLAGS says for the rest.
noinst_LTLIBRARIES += libma_rare.la
libma_rare_la_SOURCES = \
	src/cgroup.c \
	src/fatal.c \
	src/place.c \
	src/report.c \
	src/snapshot.c \
	src/text.c \
	src/inspect/leak.c \
	src/inspect/leak_report.c \
	src/inspect/leak_roots.c \
	src/inspect/map.c \
	src/inspect/map_json.c \
	src/inspect/map_sites.c \
	src/inspect/map_text.c \
	src/inspect/output.c \
	src/inspect/residency.c \
	src/inspect/stats.c \
	src/inspect/stats_print.c \
	$(report_sources)
libma_rare_la_CPPFLAGS = $(library_cppflags)
libma_rare_la_CFLAGS = $(library_cflags)
$(libma_rare_la_OBJECTS): CFLAGS += $(MA_RARE_CFLAGS)

# Before a release, current:revision:age changes as Libtool's manual says under "Updating version info".
lib_LTLIBRARIES += libma.la
libma_la_SOURCES = src/source.c src/source.h
libma_la_CPPFLAGS = $(library_cppflags)
libma_la_CFLAGS = $(library_cflags)
libma_la_LIBADD = libma_core.la
libma_la_LDFLAGS = $(MA_LIBRARY_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/src/libma.map
EXTRA_libma_la_DEPENDENCIES = src/libma.map

# libma as the malloc of programs that know nothing of it.
if MA_PRELOAD
pkglib_LTLIBRARIES += libma-preload.la
endif
libma_preload_la_SOURCES = src/override.c src/override.h src/override_dlopen.c src/override_new.c \
	src/override_signal.c src/source.c src/source.h
libma_preload_la_CPPFLAGS = $(library_cppflags)
libma_preload_la_CFLAGS = $(library_cflags)
libma_preload_la_LIBADD = libma_core.la
libma_preload_la_LDFLAGS = $(MA_LIBRARY_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(srcdir)/src/libma-preload.map
EXTRA_libma_preload_la_DEPENDENCIES = src/libma-preload.map

EXTRA_DIST += src/README.md src/libma-preload.map src/libma.map
