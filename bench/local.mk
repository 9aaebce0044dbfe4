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
