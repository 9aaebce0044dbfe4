# SPDX-License-Identifier: MIT

# The command.
dist_man_MANS += \
	man/ma.1 \
	man/ma-bench.1 \
	man/ma-draw.1 \
	man/ma-check.1 \
	man/ma-leaks.1 \
	man/ma-map.1 \
	man/ma-memory.1 \
	man/ma-run.1 \
	man/ma-stats.1

# The functions, one page each; ma_memalign.3 and a few more include another (.so).
dist_man_MANS += \
	man/ma_aligned_alloc.3 \
	man/ma_calloc.3 \
	man/ma_check.3 \
	man/ma_expand.3 \
	man/ma_free.3 \
	man/ma_free_aligned_sized.3 \
	man/ma_free_sized.3 \
	man/ma_good_size.3 \
	man/ma_heap_map.3 \
	man/ma_leak_check.3 \
	man/ma_malloc.3 \
	man/ma_memalign.3 \
	man/ma_posix_memalign.3 \
	man/ma_realloc.3 \
	man/ma_reallocarray.3 \
	man/ma_rezalloc.3 \
	man/ma_set_limit.3 \
	man/ma_stats.3 \
	man/ma_stats_print.3 \
	man/ma_trim.3 \
	man/ma_usable_size.3 \
	man/ma_version.3 \
	man/ma_walk.3

dist_man_MANS += \
	man/libma.7 \
	man/ma_options.7
