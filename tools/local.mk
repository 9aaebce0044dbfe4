# SPDX-License-Identifier: MIT

# The command `ma`: one file for each of its commands, and what they share.
bin_PROGRAMS += ma
ma_SOURCES = \
	src/source.c \
	tools/ma/apart.c \
	tools/ma/apart.h \
	tools/ma/argument.c \
	tools/ma/argument.h \
	tools/ma/attach.c \
	tools/ma/attach.h \
	tools/ma/check.c \
	tools/ma/child.c \
	tools/ma/child.h \
	tools/ma/command.h \
	tools/ma/draw.c \
	tools/ma/draw.h \
	tools/ma/draw_html.c \
	tools/ma/draw_json.c \
	tools/ma/draw_model.c \
	tools/ma/draw_sites.c \
	tools/ma/draw_svg.c \
	tools/ma/draw_terminal.c \
	tools/ma/draw_write.c \
	tools/ma/elsewhere.c \
	tools/ma/elsewhere.h \
	tools/ma/environment.c \
	tools/ma/environment.h \
	tools/ma/file.c \
	tools/ma/file.h \
	tools/ma/help.c \
	tools/ma/leaks.h \
	tools/ma/leaks_live.c \
	tools/ma/leaks_read.c \
	tools/ma/leaks_run.c \
	tools/ma/leaks_suppress.c \
	tools/ma/leaks_write.c \
	tools/ma/library.c \
	tools/ma/library.h \
	tools/ma/live.c \
	tools/ma/live.h \
	tools/ma/main.c \
	tools/ma/map.c \
	tools/ma/map_text.c \
	tools/ma/map_text.h \
	tools/ma/memory.c \
	tools/ma/memory.h \
	tools/ma/memory_map.c \
	tools/ma/memory_write.c \
	tools/ma/message.c \
	tools/ma/message.h \
	tools/ma/mirror.c \
	tools/ma/mirror.h \
	tools/ma/place.c \
	tools/ma/place.h \
	tools/ma/program.c \
	tools/ma/program.h \
	tools/ma/quiet.c \
	tools/ma/quiet.h \
	tools/ma/run.c \
	tools/ma/snapshot.c \
	tools/ma/snapshot.h \
	tools/ma/stats.c \
	tools/ma/stop.c \
	tools/ma/stop.h \
	tools/ma/suggest.c \
	tools/ma/suggest.h \
	tools/ma/target.c \
	tools/ma/target.h
if HAVE_LIBDW
ma_SOURCES += tools/ma/leaks_symbols.c
else
ma_SOURCES += tools/ma/leaks_symbols_none.c
endif
ma_CPPFLAGS = $(AM_CPPFLAGS) -Itools/ma -I$(top_srcdir)/src -DMA_BINDIR='"$(bindir)"' -DMA_PKGLIBDIR='"$(pkglibdir)"'
ma_CFLAGS = $(AM_CFLAGS) $(LIBDW_CFLAGS)
# What looks into live processes is the library itself. The rest of ma runs on the C library's malloc.
ma_LDADD = libma_core.la $(LIBDW_LIBS)

# The page that `ma draw` fills in, as the lines of an array.
BUILT_SOURCES += tools/ma/draw_page.h
CLEANFILES += tools/ma/draw_page.h
EXTRA_DIST += tools/ma/draw_page.html
tools/ma/draw_page.h: tools/ma/draw_page.html
	$(AM_V_GEN)$(MKDIR_P) tools/ma && \
	sed -e 's/[\\"?]/\\&/g' -e 's/.*/"&\\n",/' '$(srcdir)/tools/ma/draw_page.html' >$@
tools/ma/ma-draw_html.$(OBJEXT): tools/ma/draw_page.h

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = tools/completions/ma
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = tools/completions/_ma

# Real programs, each plain and on libma. They must not take part in this make's parallelism. For example:
#
#   make run RUNS=5 ONLY='gcc sort'
run: all
	@env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS bash '$(srcdir)/tools/real-programs' '$(abs_builddir)'

noinst_PROGRAMS += tools/measure
tools_measure_SOURCES = tools/measure.c

EXTRA_DIST += \
	tools/programs/classes.py \
	tools/programs/containers.cc \
	tools/programs/history.sh \
	tools/programs/input.awk \
	tools/programs/list.bash \
	tools/programs/lists.bash \
	tools/programs/objects.lua \
	tools/programs/records.js \
	tools/programs/records.py \
	tools/programs/summary.jq \
	tools/programs/tables.sql \
	tools/programs/words.awk \
	tools/programs/words.pl \
	tools/programs/workers.py \
	tools/real-programs

.PHONY: run
