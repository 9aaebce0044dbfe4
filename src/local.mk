# SPDX-License-Identifier: MIT

library_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/src
library_cflags = $(AM_CFLAGS) $(MA_LIBRARY_CFLAGS)

# All but where memory comes from, which the unit tests script: they link this and a source of their own.
noinst_LTLIBRARIES += libma_core.la
libma_core_la_SOURCES = \
	src/api.c \
	src/atomic.h \
	src/base.h \
	src/block.c \
	src/block.h \
	src/block_link.h \
	src/cfi.c \
	src/cfi.h \
	src/cgroup.c \
	src/cgroup.h \
	src/chunk.c \
	src/chunk.h \
	src/clock.h \
	src/fatal.c \
	src/fatal.h \
	src/fit.c \
	src/fit.h \
	src/guard.c \
	src/guard.h \
	src/header.h \
	src/heap.c \
	src/front.c \
	src/front.h \
	src/heap.h \
	src/heaps.c \
	src/inspect/check.c \
	src/inspect/inspect.h \
	src/inspect/leak.c \
	src/inspect/leak.h \
	src/inspect/leak_index.c \
	src/inspect/leak_mark.c \
	src/inspect/leak_other.h \
	src/inspect/leak_report.c \
	src/inspect/leak_roots.c \
	src/inspect/map.c \
	src/inspect/map.h \
	src/inspect/map_json.c \
	src/inspect/map_sites.c \
	src/inspect/map_sites.h \
	src/inspect/map_text.c \
	src/inspect/pins.c \
	src/inspect/pins.h \
	src/inspect/output.c \
	src/inspect/residency.c \
	src/inspect/residency.h \
	src/inspect/stats.c \
	src/inspect/stats_print.c \
	src/inspect/timer.h \
	src/inspect/walk.c \
	src/large.c \
	src/large.h \
	src/limit.c \
	src/limit.h \
	src/lock.h \
	src/mode.c \
	src/mode.h \
	src/mode_short.h \
	src/options.c \
	src/options.h \
	src/place.c \
	src/place.h \
	src/quarantine.c \
	src/quarantine.h \
	src/quick.c \
	src/quick.h \
	src/redzone.c \
	src/redzone.h \
	src/report.c \
	src/report.h \
	src/sample.c \
	src/sample.h \
	src/signals.c \
	src/signals.h \
	src/sites.c \
	src/sites.h \
	src/root.c \
	src/root.h \
	src/snapshot.c \
	src/snapshot.h \
	src/slab.c \
	src/slab_look.c \
	src/slab.h \
	src/stacks.c \
	src/stacks.h \
	src/text.c \
	src/text.h \
	src/thread.h \
	src/unwind.c \
	src/unwind.h
libma_core_la_CPPFLAGS = $(library_cppflags)
libma_core_la_CFLAGS = $(library_cflags)

if MA_THREADS
libma_core_la_SOURCES += src/inspect/timer.c src/inspect/leak_threads.c src/thread.c
else
libma_core_la_SOURCES += src/inspect/timer_single.c src/inspect/leak_threads_single.c src/thread_single.c
endif

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
libma_preload_la_SOURCES = src/override.c src/override_dlopen.c src/override_new.c src/source.c src/source.h
libma_preload_la_CPPFLAGS = $(library_cppflags)
libma_preload_la_CFLAGS = $(library_cflags)
libma_preload_la_LIBADD = libma_core.la
libma_preload_la_LDFLAGS = $(MA_LIBRARY_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(srcdir)/src/libma-preload.map
EXTRA_libma_preload_la_DEPENDENCIES = src/libma-preload.map

EXTRA_DIST += src/README.md src/libma-preload.map src/libma.map
