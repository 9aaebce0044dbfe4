/* SPDX-License-Identifier: MIT */
/*
 * dump.c - writes gcov's counters where it does not itself: before abort(), _exit(), and raise() of a signal that ends
 * the process.
 *
 * Only `make coverage` links it, into every program and library of its own build: gcov keeps counters for each apart.
 * Half of what libma does about a fault ends in abort(), and its reports come from processes that end by _exit(). Writing
 * needs files that may grow, and malloc, which may be in the middle of something then: what takes too long is ended by
 * SIGALRM, and not counted.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECONDS 10

extern void __gcov_dump(void);
extern void __gcov_reset(void);
extern _Noreturn void __real_abort(void);
extern _Noreturn void __real__exit(int status);
extern int __real_raise(int number);
_Noreturn void __wrap_abort(void);
_Noreturn void __wrap__exit(int status);
int __wrap_raise(int number);

/* Counters begin at 0 again: there may be more to come, as a handler of SIGABRT. */
static void dump(void)
{
	static volatile sig_atomic_t inside;
	struct rlimit room;

	if (inside) /* writing them failed */
		return;
	inside = 1;
	signal(SIGALRM, SIG_DFL);
	alarm(SECONDS);
	if (getrlimit(RLIMIT_FSIZE, &room) == 0) {
		room.rlim_cur = room.rlim_max;
		setrlimit(RLIMIT_FSIZE, &room);
	}
	__gcov_dump();
	__gcov_reset();
	alarm(0);
	inside = 0;
}

_Noreturn void __wrap_abort(void)
{
	dump();
	__real_abort();
}

_Noreturn void __wrap__exit(int status)
{
	dump();
	__real__exit(status);
}

int __wrap_raise(int number)
{
	if (number == SIGABRT || number == SIGSEGV || number == SIGBUS || number == SIGILL ||
	    number == SIGFPE)
		dump();
	return __real_raise(number);
}
