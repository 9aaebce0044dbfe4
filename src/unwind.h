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
#define MEMO_NEXT 2 /* guesses at the walk that comes next */
struct unwind_memo {
	uintptr_t pc, sp, fp;	  /* where it left libma; pc 0: nothing yet */
	uint32_t stack;		  /* what it found */
	uint32_t next[MEMO_NEXT]; /* the memos of walks that came next, the last one first */
	unsigned most;
	unsigned reads;
	bool fp_matters;
	uint32_t offset[MEMO_READS]; /* of the words that it read, from sp */
	uintptr_t value[MEMO_READS]; /* which were these */
};

#define MEMO_BITS 10
struct unwind_memos {
	struct unwind_memo memo[1 << MEMO_BITS];
	uint32_t last; /* that was used */
};

/* Where a walk begins. */
struct unwind_registers {
	uintptr_t pc, sp, fp;
	/* The return address of a function that has not saved it yet, on machines that have such a register. */
	uintptr_t link;
};

/* What libma's own frames are known by where it was linked statically: the addresses of all its functions that a
 * program's call may lead through, the innermost aside. Called once, before the first walk. */
void ma_unwind_start(void (*const *entries)(void), size_t count);

/* The return addresses of the calls that led here, the innermost first, without those inside libma. Returns how many,
 * `most` at most. */
unsigned ma_unwind(uintptr_t *frames, unsigned most);

/* Here, in the function that this is inlined into: a walk may begin in it until it returns. */
MA_INLINE void ma_unwind_here(struct unwind_registers *here)
{
	*here = (struct unwind_registers){0};
#if defined(__x86_64__)
	__asm__ volatile("lea (%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2"
			 : "=&r"(here->pc), "=&r"(here->sp), "=&r"(here->fp));
#elif defined(__i386__)
	__asm__ volatile("call 1f\n1:\tpop %0\n\tmov %%esp, %1\n\tmov %%ebp, %2"
			 : "=&r"(here->pc), "=&r"(here->sp), "=&r"(here->fp));
#elif defined(__aarch64__)
	__asm__ volatile("adr %0, .\n\tmov %1, sp\n\tmov %2, x29"
			 : "=&r"(here->pc), "=&r"(here->sp), "=&r"(here->fp));
#endif
}

/* The same from a place inside libma, as the number of the stack (see stacks.h), by memos of earlier walks. `memos` are
 * of this thread, zeroed at first, or NULL. Registers in registers: in memory, they would be waited for. */
uint32_t ma_unwind_number_at(uintptr_t pc, uintptr_t sp, uintptr_t fp, struct unwind_memos *memos,
			     unsigned most);

MA_INLINE uint32_t ma_unwind_number(const struct unwind_registers *here, struct unwind_memos *memos,
				    unsigned most)
{
	uint32_t number = ma_unwind_number_at(here->pc, here->sp, here->fp, memos, most);

	/* No tail call: the frame in which the walk begins is to stand until it is done. */
	__asm__ volatile("" : "+r"(number));
	return number;
}

/* The same from anywhere else, as a signal handler has it; the first frame is the place itself. */
unsigned ma_unwind_from(const struct unwind_registers *from, uintptr_t *frames, unsigned most);

#endif /* MA_UNWIND_H */
