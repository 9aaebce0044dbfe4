# SPDX-License-Identifier: MIT

# What `ma bench` runs: the workloads, and what measures them.
pkglibexec_PROGRAMS = bench/ma-measure bench/ma-workload

bench_ma_measure_SOURCES = \
	bench/measure.c \
	bench/measure.h \
	bench/measure_sample.c \
	bench/measure_trace.c \
	bench/report.h

bench_ma_workload_SOURCES = \
	bench/aligned.c \
	bench/births.c \
	bench/blocks.c \
	bench/burst.c \
	bench/churn.c \
	bench/crew.c \
	bench/crowd.c \
	bench/drift.c \
	bench/growth.c \
	bench/handover.c \
	bench/large.c \
	bench/larson.c \
	bench/latency.c \
	bench/mixed.c \
	bench/pair.c \
	bench/pareto.c \
	bench/phases.c \
	bench/report.h \
	bench/sharing.c \
	bench/tiny.c \
	bench/workload.c \
	bench/workload.h \
	bench/zeroed.c
# Nobody but the allocator may do without a call of malloc or free.
bench_ma_workload_CFLAGS = $(AM_CFLAGS) -pthread \
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
bench_ma_workload_LDADD = -lm

# The command `ma bench` itself.
ma_SOURCES += \
	tools/ma/bench.c \
	tools/ma/bench.h \
	tools/ma/bench_allocator.c \
	tools/ma/bench_chart.c \
	tools/ma/bench_chart.h \
	tools/ma/bench_csv.c \
	tools/ma/bench_html.c \
	tools/ma/bench_json.c \
	tools/ma/bench_program.c \
	tools/ma/bench_proof.c \
	tools/ma/bench_round.c \
	tools/ma/bench_run.c \
	tools/ma/bench_statistics.c \
	tools/ma/bench_table.c \
	tools/ma/bench_workload.c
ma_CPPFLAGS += -DMA_PKGLIBEXECDIR='"$(pkglibexecdir)"' -DMA_PKGDATADIR='"$(pkgdatadir)"'
ma_LDADD += -lm

# The scripts that its real programs run, and where `ma` in a build tree looks for them.
programsdir = $(pkgdatadir)/programs
dist_programs_DATA = \
	tools/programs/classes.py \
	tools/programs/containers.cc \
	tools/programs/history.sh \
	tools/programs/input.awk \
	tools/programs/objects.lua \
	tools/programs/pack.sh \
	tools/programs/records.js \
	tools/programs/records.py \
	tools/programs/redis.sh \
	tools/programs/summary.jq \
	tools/programs/tables.sql \
	tools/programs/words.pl
noinst_DATA = bench/programs
CLEANFILES += bench/programs

bench/programs:
	$(AM_V_GEN)$(MKDIR_P) bench && $(LN_S) '$(abs_top_srcdir)/tools/programs' $@

# libma and the peers that Debian has, measured side by side. For example:
#
#   make bench BENCH='--quick --html=bench.html'
bench: all
	@'$(srcdir)/bootstrap' --bench || echo 'measuring against what is installed'
	@./ma bench $(BENCH)

.PHONY: bench
