/* SPDX-License-Identifier: MIT */
/*
 * cases.h - what cases.c and cases.cc share: each case is a function that leaks, or does not, and runs in a process of
 * its own, so that a leak checker can tell at its exit what it thinks of it. The program prints a line for each:
 *
 *   PROCESS NAME DEFINITELY INDIRECTLY        how many allocations are lost, one way and the other
 *
 * Leak checkers take every word for a pointer that could be one. So what a case leaves on the stack is wiped, and a
 * case hides addresses from the compiler, which may otherwise keep them, or never make the allocation.
 */
#ifndef CASES_H
#define CASES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../hide.h"

#define CASE static __attribute__((noinline)) void

struct leak_case {
	const char *name;
	void (*run)(void);
	unsigned definitely, indirectly;
};

/* Where the compiler must take a pointer to be used. */
static inline void use(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static __attribute__((noinline)) void wipe_stack(void)
{
	char stack[16 * 1024];

	memset(stack, 0, sizeof(stack));
	use(stack);
}

/* And the registers that calls keep. */
static __attribute__((noinline)) void wipe_registers(void)
{
#if defined(__x86_64__)
	__asm__ volatile(
		"xor %%ebx, %%ebx; xor %%r12d, %%r12d; xor %%r13d, %%r13d; xor %%r14d, %%r14d; xor %%r15d, %%r15d"
		:
		:
		: "rbx", "r12", "r13", "r14", "r15");
#endif
}

/* Runs all cases, or those that the command line names. */
static int run_cases(const struct leak_case *cases, size_t count, int argc, char **argv)
{
	for (size_t i = 0; i < count; i++) {
		int wanted = argc == 1, status = 0;
		pid_t child;

		for (int arg = 1; arg < argc; arg++)
			wanted |= strcmp(argv[arg], cases[i].name) == 0;
		if (!wanted)
			continue;
		fflush(stdout);
		child = fork();
		if (child == 0) {
			cases[i].run();
			wipe_stack();
			wipe_registers();
			return 0;
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
			fprintf(stderr, "%s ended with status %#x\n", cases[i].name, (unsigned)status);
			return 1;
		}
		printf("%d %s %u %u\n", (int)child, cases[i].name, cases[i].definitely, cases[i].indirectly);
	}
	return 0;
}

#endif /* CASES_H */
