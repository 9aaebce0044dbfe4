/* SPDX-License-Identifier: MIT */
/*
 * cfi.c - reads .eh_frame_hdr and .eh_frame, as the Linux Standard Base and the DWARF standard (version 5, section
 * 6.4) describe them.
 *
 * .eh_frame_hdr has a sorted table of functions, each with its FDE (frame description entry). That has a program whose
 * rows say, from which instruction on, where things are; and names a CIE with the program that all functions of
 * a kind begin with. The tables are the linker's work, so they are trusted.
 */
#include "cfi.h"

#include <string.h>

/* Numbers of registers in these tables. */
#if defined(__x86_64__)
#define REGISTER_SP 7
#define REGISTER_FP 6
#elif defined(__i386__)
#define REGISTER_SP 4
#define REGISTER_FP 5
#elif defined(__aarch64__)
#define REGISTER_SP 31
#define REGISTER_FP 29
#else
#define REGISTER_SP 0 /* unwinding is not known here: no walk begins, see unwind.c */
#define REGISTER_FP 0
#endif

/* Encodings of pointers: the low half is the format, the high one what it is relative to. */
#define ENCODING_ABSOLUTE 0x00
#define ENCODING_UDATA4 0x03
#define ENCODING_UDATA8 0x04
#define ENCODING_SDATA4 0x0b
#define ENCODING_SDATA8 0x0c
#define ENCODING_PCREL 0x10
#define ENCODING_HEADER_TABLE 0x3b /* 4 bytes, signed, relative to the header */
#define ENCODING_OMIT 0xff

/* Rows that a program has put aside. Compilers need one. */
#define REMEMBERED 4

struct row {
	uint64_t cfa_register;
	int64_t cfa, fp, ra;			    /* as in struct cfi_rule */
	bool fp_saved, ra_saved, ra_undefined, odd; /* odd: there is something here that we don't know */
};

/* A program, or part of it, as it is read. */
struct program {
	const unsigned char *at, *end;
	uint64_t code_factor;
	int64_t data_factor;
	uint64_t ra_register;
	uint8_t encoding;
	bool augmented, signal;
	struct row initial; /* after the CIE's part */
};

static uint64_t read_bytes(const unsigned char **at, size_t count)
{
	uint64_t value = 0;

	memcpy(&value, *at, count); /* little-endian, as are all machines that we know the registers of */
	*at += count;
	return value;
}

static uint64_t read_uleb(const unsigned char **at)
{
	uint64_t value = 0;
	unsigned shift = 0;

	for (;; shift += 7) {
		unsigned char byte = *(*at)++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
}

static int64_t read_sleb(const unsigned char **at)
{
	const unsigned char *last;
	uint64_t value;
	size_t bits;

	last = *at;
	value = read_uleb(at);
	bits = (size_t)(*at - last) * 7;
	if (bits < 64 && (*at)[-1] & 0x40)
		value |= UINT64_MAX << bits;
	return (int64_t)value;
}

/* False: an encoding that we don't know. */
static bool read_pointer(const unsigned char **at, uint8_t encoding, uintptr_t *value)
{
	uintptr_t base = (encoding & 0x70) == ENCODING_PCREL ? (uintptr_t)*at : 0;

	if ((encoding & 0x70) != ENCODING_PCREL && (encoding & 0x70) != 0)
		return false;
	switch (encoding & 0x0f) {
	case ENCODING_ABSOLUTE:
		*value = base + (uintptr_t)read_bytes(at, sizeof(uintptr_t));
		return true;
	case ENCODING_UDATA4:
		*value = base + (uintptr_t)read_bytes(at, 4);
		return true;
	case ENCODING_SDATA4:
		*value = base + (uintptr_t)(int32_t)read_bytes(at, 4);
		return true;
	case ENCODING_UDATA8:
	case ENCODING_SDATA8:
		*value = base + (uintptr_t)read_bytes(at, 8);
		return true;
	default:
		return false;
	}
}

/* --- the program --- */

static void set_saved(const struct program *program, struct row *row, uint64_t reg, int64_t offset)
{
	if (reg == REGISTER_FP) {
		row->fp = -offset;
		row->fp_saved = true;
	} else if (reg == program->ra_register) {
		row->ra = -offset;
		row->ra_saved = true;
		row->ra_undefined = false;
	} else if (reg == REGISTER_SP) {
		row->odd = true;
	}
}

/* Is as in the caller, or as it was at the function's start. */
static void set_kept(const struct program *program, struct row *row, uint64_t reg, const struct row *as)
{
	if (reg == REGISTER_FP) {
		row->fp = as->fp;
		row->fp_saved = as->fp_saved;
	} else if (reg == program->ra_register) {
		row->ra = as->ra;
		row->ra_saved = as->ra_saved;
		row->ra_undefined = as->ra_undefined;
	}
}

/* Lies in no place that a constant tells. */
static void set_odd(const struct program *program, struct row *row, uint64_t reg)
{
	if (reg == REGISTER_FP || reg == REGISTER_SP || reg == program->ra_register)
		row->odd = true;
}

static void skip_expression(const unsigned char **at)
{
	uint64_t length = read_uleb(at);

	*at += length;
}

enum {
	CFA_ADVANCE = 0x40, /* these three have an operand in their low 6 bits */
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC,
	CFA_ADVANCE1,
	CFA_ADVANCE2,
	CFA_ADVANCE4,
	CFA_OFFSET_EXTENDED,
	CFA_RESTORE_EXTENDED,
	CFA_UNDEFINED,
	CFA_SAME_VALUE,
	CFA_REGISTER,
	CFA_REMEMBER,
	CFA_RESTORE_STATE,
	CFA_DEF_CFA,
	CFA_DEF_CFA_REGISTER,
	CFA_DEF_CFA_OFFSET,
	CFA_DEF_CFA_EXPRESSION,
	CFA_EXPRESSION,
	CFA_OFFSET_EXTENDED_SF,
	CFA_DEF_CFA_SF,
	CFA_DEF_CFA_OFFSET_SF,
	CFA_VAL_OFFSET,
	CFA_VAL_OFFSET_SF,
	CFA_VAL_EXPRESSION,
	CFA_AARCH64_NEGATE_RA_STATE = 0x2d,
	CFA_GNU_ARGS_SIZE = 0x2e,
};

/* What defines the CFA. False: it is none of these. */
static bool run_cfa(struct program *program, struct row *row, unsigned op)
{
	const unsigned char **at = &program->at;

	switch (op) {
	case CFA_DEF_CFA:
		row->cfa_register = read_uleb(at);
		row->cfa = (int64_t)read_uleb(at);
		return true;
	case CFA_DEF_CFA_SF:
		row->cfa_register = read_uleb(at);
		row->cfa = read_sleb(at) * program->data_factor;
		return true;
	case CFA_DEF_CFA_REGISTER:
		row->cfa_register = read_uleb(at);
		return true;
	case CFA_DEF_CFA_OFFSET:
		row->cfa = (int64_t)read_uleb(at);
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		row->cfa = read_sleb(at) * program->data_factor;
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		skip_expression(at);
		row->cfa_register = UINT64_MAX; /* until another one is defined */
		return true;
	default:
		return false;
	}
}

/* What says where a register is. False: an operation that we don't know. */
static bool run_register(struct program *program, struct row *row, unsigned op)
{
	static const struct row untouched;
	const unsigned char **at = &program->at;
	uint64_t reg;

	if (op == CFA_NOP || op == CFA_AARCH64_NEGATE_RA_STATE)
		return true;
	reg = read_uleb(at);
	switch (op) {
	case CFA_GNU_ARGS_SIZE:
		return true;
	case CFA_OFFSET_EXTENDED:
		set_saved(program, row, reg, (int64_t)read_uleb(at) * program->data_factor);
		return true;
	case CFA_OFFSET_EXTENDED_SF:
		set_saved(program, row, reg, read_sleb(at) * program->data_factor);
		return true;
	case CFA_RESTORE_EXTENDED:
		set_kept(program, row, reg, &program->initial);
		return true;
	case CFA_SAME_VALUE:
		set_kept(program, row, reg, &untouched);
		return true;
	case CFA_UNDEFINED:
		if (reg == program->ra_register)
			row->ra_undefined = true;
		return true;
	case CFA_REGISTER:
	case CFA_VAL_OFFSET:
	case CFA_VAL_OFFSET_SF:
		read_uleb(at);
		set_odd(program, row, reg);
		return true;
	case CFA_EXPRESSION:
	case CFA_VAL_EXPRESSION:
		skip_expression(at);
		set_odd(program, row, reg);
		return true;
	default:
		return false;
	}
}

/* Runs a program up to the row of `pc`, for code that begins at `location`. False: it is none that we know. */
static bool run(struct program *program, struct row *row, uintptr_t location, uintptr_t pc)
{
	struct row remembered[REMEMBERED];
	unsigned depth = 0;
	const unsigned char **at = &program->at;

	while (*at < program->end) {
		unsigned op = *(*at)++, operand = op & 0x3f;
		uint64_t step = 0;
		if ((op & 0xc0) == CFA_ADVANCE) {
			step = operand;
		} else if ((op & 0xc0) == CFA_OFFSET) {
			set_saved(program, row, operand, (int64_t)read_uleb(at) * program->data_factor);
		} else if ((op & 0xc0) == CFA_RESTORE) {
			set_kept(program, row, operand, &program->initial);
		} else if (op >= CFA_ADVANCE1 && op <= CFA_ADVANCE4) {
			step = read_bytes(at, (size_t)1 << (op - CFA_ADVANCE1));
		} else if (op == CFA_SET_LOC) {
			if (!read_pointer(at, program->encoding, &location))
				return false;
		} else if (op == CFA_REMEMBER) {
			if (depth == REMEMBERED)
				return false;
			remembered[depth++] = *row;
		} else if (op == CFA_RESTORE_STATE) {
			if (depth == 0)
				return false;
			*row = remembered[--depth];
		} else if (!run_cfa(program, row, op) && !run_register(program, row, op)) {
			return false;
		}
		location += (uintptr_t)(step * program->code_factor);
		if (location > pc)
			return true;
	}
	return true;
}

/* --- CIE and FDE --- */

/* The end of the entry that begins at `*at`, which is moved behind its length; NULL if it is none that we know. */
static const unsigned char *entry_end(const unsigned char **at)
{
	uint64_t length = read_bytes(at, 4);

	return length == 0 || length == UINT32_MAX ? NULL : *at + length;
}

/* Reads a CIE, and runs its program. */
static bool read_cie(const unsigned char *at, struct program *program)
{
	const unsigned char *end = entry_end(&at), *kinds;
	uintptr_t personality;
	uint8_t version;

	if (end == NULL || read_bytes(&at, 4) != 0)
		return false;
	version = *at++;
	kinds = at;
	at += strlen((const char *)at) + 1;
	if (version != 1 && version != 3)
		return false;
	program->code_factor = read_uleb(&at);
	program->data_factor = read_sleb(&at);
	program->ra_register = version == 1 ? *at++ : read_uleb(&at);
	program->encoding = ENCODING_ABSOLUTE;
	program->augmented = *kinds == 'z';
	program->signal = false;
	if (*kinds != '\0' && !program->augmented)
		return false;
	if (program->augmented) {
		uint64_t length = read_uleb(&at);
		const unsigned char *behind = at + length;
		for (kinds++; *kinds != '\0'; kinds++) {
			if (*kinds == 'R')
				program->encoding = *at++;
			else if (*kinds == 'L')
				at++;
			else if (*kinds == 'S')
				program->signal = true;
			else if (*kinds == 'P') {
				uint8_t encoding = *at++;
				if (!read_pointer(&at, encoding & 0x7f, &personality))
					return false;
			} else if (*kinds != 'B')
				return false;
		}
		at = behind;
	}
	program->at = at;
	program->end = end;
	memset(&program->initial, 0, sizeof(program->initial));
	return run(program, &program->initial, 0, UINTPTR_MAX);
}

/* The row of `pc` in the function of an FDE. */
static bool read_fde(const unsigned char *at, uintptr_t pc, struct row *row, bool *signal)
{
	const unsigned char *end = entry_end(&at), *cie = at;
	struct program program;
	uintptr_t first, length;

	if (end == NULL)
		return false;
	cie -= read_bytes(&at, 4);
	if (!read_cie(cie, &program) || !read_pointer(&at, program.encoding, &first) ||
	    !read_pointer(&at, program.encoding & 0x0f, &length) || pc - first >= length)
		return false;
	if (program.augmented) {
		uint64_t skipped = read_uleb(&at);
		at += skipped;
	}
	program.at = at;
	program.end = end;
	*row = program.initial;
	*signal = program.signal;
	return run(&program, row, first, pc);
}

/* --- the header's table --- */

struct header_entry {
	int32_t function, fde; /* from the header's start */
};

/* The last function that begins at `pc` or before; NULL if there is none. */
static const struct header_entry *find_entry(const unsigned char *header, uintptr_t pc)
{
	const unsigned char *at = header + 4;
	const struct header_entry *table;
	uintptr_t frames, count, low = 0, high;

	if (header[0] != 1 || header[3] != ENCODING_HEADER_TABLE || header[2] == ENCODING_OMIT ||
	    !read_pointer(&at, header[1], &frames) || !read_pointer(&at, header[2], &count))
		return NULL;
	table = (const struct header_entry *)(const void *)at;
	for (high = count; low < high;) {
		uintptr_t middle = low + (high - low) / 2;
		if ((uintptr_t)header + (uintptr_t)table[middle].function <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NULL : &table[low - 1];
}

struct cfi_rule ma_cfi_find(const unsigned char *header, uintptr_t pc)
{
	const struct header_entry *entry = find_entry(header, pc);
	struct cfi_rule rule = {.base = CFI_NONE};
	struct row row;
	bool signal;

	if (entry == NULL || !read_fde(header + entry->fde, pc, &row, &signal))
		return rule;
	rule.function = (uintptr_t)header + (uintptr_t)entry->function;
	if (signal || row.odd || row.ra_undefined || row.cfa != (int32_t)row.cfa ||
	    row.fp != (int32_t)row.fp || row.ra != (int32_t)row.ra)
		return rule;
	rule.cfa = (int32_t)row.cfa;
	rule.fp = row.fp_saved ? (int32_t)row.fp : 0;
	rule.ra = row.ra_saved ? (int32_t)row.ra : 0;
	if (row.cfa_register == REGISTER_SP)
		rule.base = CFI_SP;
	else if (row.cfa_register == REGISTER_FP)
		rule.base = CFI_FP;
	return rule;
}
