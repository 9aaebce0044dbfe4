/* SPDX-License-Identifier: MIT */
/*
 * unwind.h - from a place in the program to its callers, by the tables that every program carries for exceptions
 * (.eh_frame): also where there is no frame pointer, and without a debugger's help.
 *
 * What a table says of a place is read once, and kept as one word in a cache; a step is then a look-up and two
 * loads. Nothing here allocates, and no lock is held while the dynamic linker is asked.
 */
#ifndef MA_UNWIND_H
#define MA_UNWIND_H

#include "base.h"

/* A walk; see unwind.c. */
#define MEMO_READS 40
struct unwind_memo {
	uintptr_t pc, sp, fp; /* where it left libma; pc 0: nothing yet */
	uint32_t stack;	      /* what it found */
	unsigned most;
	unsigned reads;
	bool fp_matters;
	uint32_t offset[MEMO_READS]; /* of the words that it read, from sp */
	uintptr_t value[MEMO_READS]; /* which were these */
};

#define MEMO_BITS 9
struct unwind_memos {
	struct unwind_memo memo[1 << MEMO_BITS];
};

/* Where a walk begins. */
struct unwind_registers {
	uintptr_t pc, sp, fp;
	uintptr_t
		link; /* the return address of a function that has not saved it yet, where machines have one */
};

/* What libma's own frames are known by where it was linked statically: the addresses of all its functions that a
 * program's call may lead through, the innermost aside. Called once, before the first walk. */
void ma_unwind_start(void (*const *entries)(void), size_t count);

/* The return addresses of the calls that led here, the innermost first, without those inside libma. Returns how many,
 * `most` at most. */
unsigned ma_unwind(uintptr_t *frames, unsigned most);

/* The same, as the number of the stack (see stacks.h), by memos of earlier walks. `memos` are of this thread, zeroed
 * at first, or NULL. */
uint32_t ma_unwind_number(struct unwind_memos *memos, unsigned most);

/* The same from anywhere else, as a signal handler has it; the first frame is the place itself. */
unsigned ma_unwind_from(const struct unwind_registers *from, uintptr_t *frames, unsigned most);

#endif /* MA_UNWIND_H */
