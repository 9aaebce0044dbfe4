/* SPDX-License-Identifier: MIT */
/*
 * override_signal.c - sigaction() and its kin, for the preload library only: so that a handler may allocate and free,
 * whatever it interrupts.
 *
 * The kernel is given on_signal() in the place of each handler of the program's. That knows, from the program counter and the
 * mark of a busy thread, whether libma was interrupted; if not, it jumps to the handler, and leaves no frame. If so, it takes the
 * thread's heap away as long as the handler runs: see signals.h. The program sees its own handlers and flags only, whatever it
 * asks. A handler that comes by another way (a system call of the program's own) is called as it would be without libma.
 * MA_OPTIONS=sigaction=1 leaves the functions as they are.
 *
 * These are functions that a handler may call. So nothing here waits: what is kept of a signal is written before the kernel is
 * told, and a thread that sets the same signal at the same time may find its handler called with the other's flags.
 */
#include <errno.h>
#include <signal.h>
#include <ucontext.h>

#include "atomic.h"
#include "options.h"
#include "override.h"
#include "signals.h"

typedef void plain_handler(int number);
typedef void full_handler(int number, siginfo_t *info, void *context);
typedef int action_setter(int number, const struct sigaction *action, struct sigaction *old);
typedef plain_handler *handler_setter(int number, plain_handler *handler);

/* What the program has set, by signal. */
static struct {
	MA_SHARED(full_handler *) handler;
	MA_SHARED(bool) full; /* with SA_SIGINFO */
} set[NSIG];

/* Where this library begins and its text ends, as the linker tells. */
extern const char library_start[] __asm__("__ehdr_start") __attribute__((visibility("hidden")));
extern const char text_end[] __asm__("etext") __attribute__((visibility("hidden")));

static int next_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	static MA_SHARED(void *) kept;
	action_setter *found;

	*(void **)&found = ma_override_next(&kept, "sigaction");
	return found(number, action, old);
}

/* 0: not known. */
static uintptr_t program_counter(const ucontext_t *context)
{
#if defined __x86_64__
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined __i386__
	return (uintptr_t)context->uc_mcontext.gregs[REG_EIP];
#elif defined __aarch64__
	return (uintptr_t)context->uc_mcontext.pc;
#else
	(void)context;
	return 0;
#endif
}

/* A handler that interrupts another one, which has interrupted libma, has done the same: its thread is still busy. */
static bool was_inside(const ucontext_t *context)
{
	uintptr_t at = program_counter(context);

	return ma_busy != 0 || (at >= (uintptr_t)library_start && at < (uintptr_t)text_end);
}

static __attribute__((noinline)) void handle_inside(full_handler *handler, int number, siginfo_t *info,
						    const ucontext_t *context)
{
	unsigned level;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), low = (uintptr_t)context->uc_stack.ss_sp;

	if (here - low >= context->uc_stack.ss_size) /* not on the alternate stack */
		low = 0;
	level = ma_signals_interrupt(low, here);
	handler(number, info, (void *)(uintptr_t)context);
	ma_signals_resume(level);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	full_handler *handler = ma_load_relaxed(&set[number].handler);

	if (was_inside(context))
		handle_inside(handler, number, info, context);
	else
		handler(number, info, context);
}

/* Is this a handler that the program may want to be called? */
static bool is_handler(const struct sigaction *action)
{
	return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN &&
	       action->sa_sigaction != on_signal && !ma_options.sigaction;
}

/* Has the kernel called a handler that was to be called once? It leaves the flags. */
static bool was_reset(const struct sigaction *action)
{
	return action->sa_handler == SIG_DFL && (action->sa_flags & (int)SA_RESETHAND) != 0;
}

EXPORT int sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict old)
{
	struct sigaction ours, had;
	full_handler *handler;
	bool full;
	int result;

	if (number <= 0 || number >= NSIG)
		return next_sigaction(number, action, old);
	handler = ma_load_relaxed(&set[number].handler);
	full = ma_load_relaxed(&set[number].full);
	if (action != NULL && is_handler(action)) {
		ma_store_relaxed(&set[number].handler, action->sa_sigaction);
		ma_store_relaxed(&set[number].full, (action->sa_flags & SA_SIGINFO) != 0);
		ours = *action;
		ours.sa_sigaction = on_signal;
		ours.sa_flags |= SA_SIGINFO;
		result = next_sigaction(number, &ours, &had);
		if (result != 0) {
			ma_store_relaxed(&set[number].handler, handler);
			ma_store_relaxed(&set[number].full, full);
		}
	} else {
		result = next_sigaction(number, action, &had);
	}
	if (result != 0 || old == NULL)
		return result;
	*old = had;
	if (had.sa_sigaction == on_signal)
		old->sa_sigaction = handler;
	if ((had.sa_sigaction == on_signal || was_reset(&had)) && !full)
		old->sa_flags &= ~SA_SIGINFO;
	return 0;
}

/* The function that is next knows which flags it sets; what it has set is then set once more, with on_signal() in its place. */
static plain_handler *set_simply(handler_setter *next_one, int number, plain_handler *handler)
{
	struct sigaction had, now;
	plain_handler *old;

	if (sigaction(number, NULL, &had) != 0)
		return next_one(number, handler); /* will say the same */
	old = next_one(number, handler);
	if (old == SIG_ERR)
		return SIG_ERR;
	if (next_sigaction(number, NULL, &now) == 0 && now.sa_handler == handler && is_handler(&now))
		sigaction(number, &now, NULL);
	return (full_handler *)(void (*)(void))old == on_signal ? had.sa_handler : old;
}

#define SIMPLE(function)                                                                                     \
	EXPORT plain_handler *function(int number, plain_handler *handler);                                  \
	EXPORT plain_handler *function(int number, plain_handler *handler)                                   \
	{                                                                                                    \
		static MA_SHARED(void *) kept;                                                               \
		handler_setter *found;                                                                       \
                                                                                                             \
		*(void **)&found = ma_override_next(&kept, #function);                                       \
		return set_simply(found, number, handler);                                                   \
	}

SIMPLE(signal)
SIMPLE(bsd_signal)
SIMPLE(sysv_signal)
SIMPLE(__sysv_signal)
SIMPLE(sigset)
