/* SPDX-License-Identifier: MIT */
/* Tables made by hand: each operation does what the standard says, and what is not understood gives no rule. */
#include "unit.h"

#include "cfi.h"

#define WORD ((int32_t)sizeof(void *))
#if defined(__x86_64__)
#define SP 7
#define FP 6
#define RA 16
#elif defined(__i386__)
#define SP 4
#define FP 5
#define RA 8
#else
#define SP 31
#define FP 29
#define RA 30
#endif

/* .eh_frame_hdr with one function, the CIE and the FDE behind it; the function is the table's own bytes. */
static struct {
	unsigned char version, frames_encoding, count_encoding, table_encoding;
	int32_t frames;
	uint32_t count;
	int32_t function, fde;
	unsigned char bytes[256];
} table __attribute__((aligned(16)));

static size_t used;
static size_t pointer_bytes = 4; /* of the pointers in the FDE */
static size_t program_at;	 /* where in the bytes the FDE's program begins */

static void put(const void *bytes, size_t count)
{
	memcpy(table.bytes + used, bytes, count);
	used += count;
}

static void put4(uint32_t value)
{
	put(&value, 4);
}

static void put_pointer(int64_t value)
{
	put(&value, pointer_bytes);
}

static void end_entry(size_t start)
{
	uint32_t length;

	while (used % 4 != 0)
		table.bytes[used++] = 0;
	length = (uint32_t)(used - start - 4);
	memcpy(table.bytes + start, &length, 4);
}

/* A table for 100 bytes of code, whose program is `program`. */
static void make(const char *kinds, const char *data, size_t data_length, const char *program, size_t length)
{
	static const char cie_program[] = {0x0c, SP, WORD, (char)(0x80 | RA),
					   1}; /* CFA = SP + WORD, RA below */
	size_t cie, fde;

	memset(&table, 0, sizeof(table));
	table.version = 1;
	table.frames_encoding = 0x1b;
	table.count_encoding = 0x03;
	table.table_encoding = 0x3b;
	table.count = 1;
	used = 0;
	cie = used;
	put4(0);
	put4(0);
	table.bytes[used++] = 1;
	put(kinds, strlen(kinds) + 1);
	table.bytes[used++] = 1; /* code factor */
	table.bytes[used++] =
		(unsigned char)(0x80 - WORD); /* data factor -WORD, as a signed number of 7 bits */
	table.bytes[used++] = RA;
	put(data, data_length);
	put(cie_program, sizeof(cie_program));
	end_entry(cie);
	fde = used;
	put4(0);
	put4((uint32_t)(used - cie));
	put_pointer(-(int64_t)(offsetof(__typeof__(table), bytes) +
			       used)); /* relative to itself: the table's start */
	put_pointer(100);
	table.bytes[used++] = 0; /* no more data */
	program_at = used;
	put(program, length);
	end_entry(fde);
	table.fde = (int32_t)(offsetof(__typeof__(table), bytes) + fde);
}

static struct cfi_rule rule_at(size_t offset)
{
	return ma_cfi_find((const unsigned char *)&table, (uintptr_t)&table + offset);
}

#define MAKE(...) make("zR", "\1\x1b", 2, (const char[]){__VA_ARGS__}, sizeof((const char[]){__VA_ARGS__}))

static bool is(struct cfi_rule rule, enum cfi_base base, int32_t cfa, int32_t fp, int32_t ra)
{
	return rule.base == base && rule.cfa == cfa && rule.fp == fp && rule.ra == ra &&
	       rule.function == (uintptr_t)&table;
}

START_TEST(row_by_row)
{
	/* push fp; mov sp, fp; …; pop fp */
	MAKE(0x41, 0x0e, 2 * WORD, (char)(0x80 | FP), 2, 0x43, 0x0d, FP, 0x02, 50, 0x0a, (char)(0xc0 | FP),
	     0x0c, SP, WORD, 0x41, 0x0b);
	expect(is(rule_at(0), CFI_SP, WORD, 0, WORD));
	expect(is(rule_at(1), CFI_SP, 2 * WORD, 2 * WORD, WORD));
	expect(is(rule_at(3), CFI_SP, 2 * WORD, 2 * WORD, WORD));
	expect(is(rule_at(4), CFI_FP, 2 * WORD, 2 * WORD, WORD));
	expect(is(rule_at(53), CFI_FP, 2 * WORD, 2 * WORD, WORD));
	expect(is(rule_at(54), CFI_SP, WORD, 0, WORD));
	expect(is(rule_at(55), CFI_FP, 2 * WORD, 2 * WORD, WORD));
	expect(is(rule_at(99), CFI_FP, 2 * WORD, 2 * WORD, WORD));
	expect(rule_at(100).base == CFI_NONE && rule_at((size_t)-1).base == CFI_NONE);
}
END_TEST

START_TEST(long_forms)
{
	MAKE(0x05, FP, 3, 0x03, 10, 0, 0x0e, (char)0x80, 0x20, 0x04, 10, 0, 0, 0, 0x13, 0x76, 0x41, 0x12, FP,
	     0x7e, 0x41, 0x11, FP, 4, 0x41, 0x06, FP, 0x41, 0x08, FP, 0x2e, 5);
	expect(is(rule_at(0), CFI_SP, WORD, 3 * WORD, WORD));
	expect(is(rule_at(10), CFI_SP, 4096, 3 * WORD, WORD));
	expect(is(rule_at(20), CFI_SP, 10 * WORD, 3 * WORD, WORD));
	expect(is(rule_at(21), CFI_FP, 2 * WORD, 3 * WORD, WORD));
	expect(is(rule_at(22), CFI_FP, 2 * WORD, 4 * WORD, WORD));
	expect(is(rule_at(23), CFI_FP, 2 * WORD, 0, WORD));
	expect(is(rule_at(24), CFI_FP, 2 * WORD, 0, WORD));
}
END_TEST

START_TEST(no_rule)
{
	MAKE(0x41, 0x07, RA); /* the outermost function */
	expect(rule_at(0).base == CFI_SP && rule_at(1).base == CFI_NONE);
	MAKE(0x41, 0x0f, 1, 0x77, 0x41, 0x0c, SP, 16); /* an expression, until the CFA is defined anew */
	expect(rule_at(0).base == CFI_SP && rule_at(1).base == CFI_NONE &&
	       is(rule_at(2), CFI_SP, 16, 0, WORD));
	MAKE(0x41, 0x10, FP, 1, 0x77);
	expect(rule_at(0).base == CFI_SP && rule_at(1).base == CFI_NONE);
	MAKE(0x41, 0x16, 3, 1, 0x77); /* a register that does not matter */
	expect(rule_at(1).base == CFI_SP);
	MAKE(0x41, 0x09, FP, 3);
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41, 0x14, FP, 3);
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41, 0x0c, 1, 16); /* by a register that is not followed */
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41, 0x3f); /* no operation */
	expect(rule_at(0).base == CFI_SP && rule_at(1).base == CFI_NONE);
	MAKE(0x41, 0x0b); /* nothing was put aside */
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x0a, 0x0a, 0x0a, 0x0a, 0x0a);
	expect(rule_at(1).base == CFI_NONE);
}
END_TEST

START_TEST(kinds_of_tables)
{
	static const char program[] = {0x41, 0x0e, 32};

	make("zPLR", "\7\x03\0\0\0\0\x1b\x1b", 8, program, sizeof(program));
	expect(is(rule_at(1), CFI_SP, 32, 0, WORD));
	make("zRS", "\1\x1b", 2, program, sizeof(program)); /* a signal's frame */
	expect(rule_at(1).base == CFI_NONE);
	make("zRX", "\1\x1b", 2, program, sizeof(program));
	expect(rule_at(1).base == CFI_NONE);
	make("eh", "", 0, program, sizeof(program));
	expect(rule_at(1).base == CFI_NONE);
	make("zR", "\1\x5b", 2, program, sizeof(program)); /* relative to what we don't know */
	expect(rule_at(1).base == CFI_NONE);
	make("zR", "\1\x1f", 2, program, sizeof(program)); /* of a size that we don't know */
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41);
	table.version = 2;
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41);
	table.table_encoding = 0x3c;
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41);
	table.count = 0;
	expect(rule_at(1).base == CFI_NONE);
}
END_TEST

/* Pointers of all sizes, relative to themselves. */
START_TEST(sizes_of_pointers)
{
	static const char program[] = {0x41, 0x0e, 32};
	static const struct {
		char encoding[3];
		size_t bytes;
	} of[] = {{"\1\x10", sizeof(void *)}, {"\1\x14", 8}, {"\1\x1c", 8}, {"\1\x1b", 4}};

	for (size_t i = 0; i < LENGTH(of); i++) {
		pointer_bytes = of[i].bytes;
		make("zR", of[i].encoding, 2, program, sizeof(program));
		expect(is(rule_at(0), CFI_SP, WORD, 0, WORD) && is(rule_at(1), CFI_SP, 32, 0, WORD));
		expect(rule_at(100).base == CFI_NONE);
	}
}
END_TEST

START_TEST(set_location)
{
	int32_t distance;

	MAKE(0x01, 0, 0, 0, 0, 0x0e, 2 * WORD);
	distance = 50 - (int32_t)(offsetof(__typeof__(table), bytes) + program_at + 1);
	memcpy(table.bytes + program_at + 1, &distance, 4);
	expect(is(rule_at(49), CFI_SP, WORD, 0, WORD) && is(rule_at(50), CFI_SP, 2 * WORD, 0, WORD));
}
END_TEST

START_TEST(where_the_return_address_is)
{
	/* Kept where it was saved anew, and then as at the start; then it is in no memory at all. */
	MAKE(0x41, (char)(0x80 | RA), 2, 0x41, (char)(0xc0 | RA), 0x41, 0x08, RA);
	expect(is(rule_at(0), CFI_SP, WORD, 0, WORD) && is(rule_at(1), CFI_SP, WORD, 0, 2 * WORD));
	expect(is(rule_at(2), CFI_SP, WORD, 0, WORD));
	expect(is(rule_at(3), CFI_SP, WORD, 0, 0));
	/* Undefined, until it is saved. */
	MAKE(0x41, 0x07, RA, 0x41, (char)(0x80 | RA), 2);
	expect(rule_at(1).base == CFI_NONE && is(rule_at(2), CFI_SP, WORD, 0, 2 * WORD));
	/* The stack pointer lies in memory: not by a rule of ours. */
	MAKE(0x41, (char)(0x80 | SP), 2);
	expect(rule_at(0).base == CFI_SP && rule_at(1).base == CFI_NONE);
}
END_TEST

/* Numbers that no row of ours has room for; and zeroes that make one long. */
START_TEST(numbers)
{
	MAKE(0x41, 0x0e, (char)0x90, (char)0x80, (char)0x80, (char)0x80, (char)0x80, (char)0x80, (char)0x80,
	     (char)0x80, (char)0x80, (char)0x80, (char)0x80, 0x00);
	expect(is(rule_at(1), CFI_SP, 16, 0, WORD));
	MAKE(0x41, 0x0e, (char)0x80, (char)0x80, (char)0x80, (char)0x80, 0x08);
	expect(rule_at(0).base == CFI_SP && rule_at(1).base == CFI_NONE);
	MAKE(0x41, (char)(0x80 | FP), (char)0x80, (char)0x80, (char)0x80, (char)0x80, 0x08);
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41, (char)(0x80 | RA), (char)0x80, (char)0x80, (char)0x80, (char)0x80, 0x08);
	expect(rule_at(1).base == CFI_NONE);
}
END_TEST

/* Whatever is not as it should be in the entries' heads gives no rule. */
START_TEST(damaged_entries)
{
	static const char program[] = {0x41, 0x0e, 32};
	static const uint32_t lengths[] = {0, UINT32_MAX};
	size_t fde;

	for (size_t i = 0; i < LENGTH(lengths); i++) {
		MAKE(0x41);
		memcpy(table.bytes, &lengths[i], 4); /* the CIE's */
		expect(rule_at(1).base == CFI_NONE);
		MAKE(0x41);
		fde = (size_t)table.fde - offsetof(__typeof__(table), bytes);
		memcpy(table.bytes + fde, &lengths[i], 4);
		expect(rule_at(1).base == CFI_NONE);
	}
	MAKE(0x41);
	table.bytes[4] = 1; /* that it is a CIE */
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41);
	table.bytes[8] = 2; /* its version */
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41);
	table.bytes[8] = 3;
	expect(is(rule_at(1), CFI_SP, WORD, 0, WORD));
	make("zPR", "\6\x5b\0\0\0\0\x1b", 7, program, sizeof(program)); /* the personality's encoding */
	expect(rule_at(1).base == CFI_NONE);
	make("zRB", "\1\x1b", 2, program, sizeof(program)); /* signed by the B key */
	expect(is(rule_at(1), CFI_SP, 32, 0, WORD));
	MAKE(0x41);
	table.frames_encoding = 0x5b;
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41);
	table.count_encoding = 0x0f;
	expect(rule_at(1).base == CFI_NONE);
	MAKE(0x41);
	table.count_encoding = 0xff; /* omitted */
	expect(rule_at(1).base == CFI_NONE);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		row_by_row,
		long_forms,
		kinds_of_tables,
		no_rule,
		sizes_of_pointers,
		set_location,
		where_the_return_address_is,
		numbers,
		damaged_entries,
	};

	return unit_run("cfi", tests, LENGTH(tests));
}
