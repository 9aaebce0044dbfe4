# SPDX-License-Identifier: MIT

# Programs that libma must end, each with one line; the driver knows them by their sources.
misuse_programs = \
	tests/misuse/double_free_block \
	tests/misuse/double_free_block_merged \
	tests/misuse/double_free_block_own_then_remote \
	tests/misuse/double_free_block_remote_then_own \
	tests/misuse/double_free_block_remote_twice \
	tests/misuse/double_free_block_written_between \
	tests/misuse/double_free_chunk_gone \
	tests/misuse/double_free_first_of_a_class \
	tests/misuse/double_free_large \
	tests/misuse/double_free_large_gone \
	tests/misuse/double_free_large_later \
	tests/misuse/double_free_large_remote \
	tests/misuse/double_free_slab_gone \
	tests/misuse/double_free_slot \
	tests/misuse/double_free_slot_later \
	tests/misuse/double_free_slot_own_then_remote \
	tests/misuse/double_free_slot_remote_then_own \
	tests/misuse/double_free_slot_remote_twice \
	tests/misuse/expand_freed \
	tests/misuse/expand_wild \
	tests/misuse/free_before_any_call \
	tests/misuse/free_chunk_header \
	tests/misuse/free_inside_block \
	tests/misuse/free_inside_block_remote \
	tests/misuse/free_inside_free_block \
	tests/misuse/free_inside_large \
	tests/misuse/free_inside_slot \
	tests/misuse/free_inside_slot_remote \
	tests/misuse/free_misaligned_block \
	tests/misuse/free_misaligned_slot \
	tests/misuse/free_never_allocated \
	tests/misuse/free_of_another_allocator \
	tests/misuse/free_page_inside_large \
	tests/misuse/free_small_number \
	tests/misuse/free_stack \
	tests/misuse/free_static \
	tests/misuse/free_string \
	tests/misuse/free_wild \
	tests/misuse/overflow_block \
	tests/misuse/overflow_block_by_one \
	tests/misuse/overflow_found_by_realloc \
	tests/misuse/overflow_found_by_the_next \
	tests/misuse/overflow_found_remotely \
	tests/misuse/overflow_into_free_block \
	tests/misuse/realloc_freed_block \
	tests/misuse/realloc_freed_large \
	tests/misuse/realloc_freed_slot \
	tests/misuse/realloc_inside \
	tests/misuse/realloc_stack \
	tests/misuse/realloc_to_zero_twice \
	tests/misuse/rezalloc_freed \
	tests/misuse/sized_free_alignment \
	tests/misuse/sized_free_block \
	tests/misuse/sized_free_large \
	tests/misuse/sized_free_no_alignment \
	tests/misuse/sized_free_slot \
	tests/misuse/sized_free_twice \
	tests/misuse/underflow_block \
	tests/misuse/usable_size_freed \
	tests/misuse/usable_size_inside \
	tests/misuse/usable_size_wild \
	tests/misuse/write_after_free_block \
	tests/misuse/write_after_free_slot

check_PROGRAMS += $(misuse_programs)
TESTS += tests/misuse/misuse.sh
EXTRA_DIST += tests/misuse/misuse.h tests/misuse/misuse.sh

tests_misuse_double_free_block_LDADD = tests/libwhole.la
tests_misuse_double_free_block_merged_LDADD = tests/libwhole.la
tests_misuse_double_free_block_own_then_remote_LDADD = tests/libwhole.la
tests_misuse_double_free_block_remote_then_own_LDADD = tests/libwhole.la
tests_misuse_double_free_block_remote_twice_LDADD = tests/libwhole.la
tests_misuse_double_free_block_written_between_LDADD = tests/libwhole.la
tests_misuse_double_free_chunk_gone_LDADD = tests/libwhole.la
tests_misuse_double_free_first_of_a_class_LDADD = tests/libwhole.la
tests_misuse_double_free_large_LDADD = tests/libwhole.la
tests_misuse_double_free_large_gone_LDADD = tests/libwhole.la
tests_misuse_double_free_large_later_LDADD = tests/libwhole.la
tests_misuse_double_free_large_remote_LDADD = tests/libwhole.la
tests_misuse_double_free_slab_gone_LDADD = tests/libwhole.la
tests_misuse_double_free_slot_LDADD = tests/libwhole.la
tests_misuse_double_free_slot_later_LDADD = tests/libwhole.la
tests_misuse_double_free_slot_own_then_remote_LDADD = tests/libwhole.la
tests_misuse_double_free_slot_remote_then_own_LDADD = tests/libwhole.la
tests_misuse_double_free_slot_remote_twice_LDADD = tests/libwhole.la
tests_misuse_expand_freed_LDADD = tests/libwhole.la
tests_misuse_expand_wild_LDADD = tests/libwhole.la
tests_misuse_free_before_any_call_LDADD = tests/libwhole.la
tests_misuse_free_chunk_header_LDADD = tests/libwhole.la
tests_misuse_free_inside_block_LDADD = tests/libwhole.la
tests_misuse_free_inside_block_remote_LDADD = tests/libwhole.la
tests_misuse_free_inside_free_block_LDADD = tests/libwhole.la
tests_misuse_free_inside_large_LDADD = tests/libwhole.la
tests_misuse_free_inside_slot_LDADD = tests/libwhole.la
tests_misuse_free_inside_slot_remote_LDADD = tests/libwhole.la
tests_misuse_free_misaligned_block_LDADD = tests/libwhole.la
tests_misuse_free_misaligned_slot_LDADD = tests/libwhole.la
tests_misuse_free_never_allocated_LDADD = tests/libwhole.la
tests_misuse_free_of_another_allocator_LDADD = tests/libwhole.la
tests_misuse_free_page_inside_large_LDADD = tests/libwhole.la
tests_misuse_free_small_number_LDADD = tests/libwhole.la
tests_misuse_free_stack_LDADD = tests/libwhole.la
tests_misuse_free_static_LDADD = tests/libwhole.la
tests_misuse_free_string_LDADD = tests/libwhole.la
tests_misuse_free_wild_LDADD = tests/libwhole.la
tests_misuse_overflow_block_LDADD = tests/libwhole.la
tests_misuse_overflow_block_by_one_LDADD = tests/libwhole.la
tests_misuse_overflow_found_by_realloc_LDADD = tests/libwhole.la
tests_misuse_overflow_found_by_the_next_LDADD = tests/libwhole.la
tests_misuse_overflow_found_remotely_LDADD = tests/libwhole.la
tests_misuse_overflow_into_free_block_LDADD = tests/libwhole.la
tests_misuse_realloc_freed_block_LDADD = tests/libwhole.la
tests_misuse_realloc_freed_large_LDADD = tests/libwhole.la
tests_misuse_realloc_freed_slot_LDADD = tests/libwhole.la
tests_misuse_realloc_inside_LDADD = tests/libwhole.la
tests_misuse_realloc_stack_LDADD = tests/libwhole.la
tests_misuse_realloc_to_zero_twice_LDADD = tests/libwhole.la
tests_misuse_rezalloc_freed_LDADD = tests/libwhole.la
tests_misuse_sized_free_alignment_LDADD = tests/libwhole.la
tests_misuse_sized_free_block_LDADD = tests/libwhole.la
tests_misuse_sized_free_large_LDADD = tests/libwhole.la
tests_misuse_sized_free_no_alignment_LDADD = tests/libwhole.la
tests_misuse_sized_free_slot_LDADD = tests/libwhole.la
tests_misuse_sized_free_twice_LDADD = tests/libwhole.la
tests_misuse_underflow_block_LDADD = tests/libwhole.la
tests_misuse_usable_size_freed_LDADD = tests/libwhole.la
tests_misuse_usable_size_inside_LDADD = tests/libwhole.la
tests_misuse_usable_size_wild_LDADD = tests/libwhole.la
tests_misuse_write_after_free_block_LDADD = tests/libwhole.la
tests_misuse_write_after_free_slot_LDADD = tests/libwhole.la
