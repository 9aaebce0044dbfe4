/* SPDX-License-Identifier: MIT */
/*
 * refuse.c - a library that is preloaded beside libma, and refuses what libma, and nobody else, asks the system for:
 * sbrk, mmap, munmap, mremap, madvise, mprotect, and thread-specific keys.
 *
 *   REFUSE=FIRST[-[LAST]]   refuses the FIRST of these calls, counted from 1 in each program; to LAST, or for good
 *   REFUSE_RECORD=FILE      what happened, in all processes together, as `struct record`
 *
 * A program that knows of it calls refuse_relent() when memory is to be back.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

extern void *ma_malloc(size_t size) __attribute__((weak));
extern int ma_check(void) __attribute__((weak));

/* Read by refusals.sh. */
struct record {
	_Atomic uint64_t calls; /* the most that a process made */
	_Atomic uint64_t refused;
	_Atomic uint64_t faults;  /* signals whose cause was libma's code */
	_Atomic uint64_t damaged; /* processes in whose heap ma_check() found a fault at the end */
	_Atomic uint64_t checked; /* processes whose heap it found sound */
};

static struct record none, *record = &none;
static atomic_uint_fast64_t calls;
static uint64_t first = UINT64_MAX, last;
static atomic_bool relented;
static uintptr_t libma, libma_end;

static void *(*real_sbrk)(intptr_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_munmap)(void *, size_t);
static void *(*real_mremap)(void *, size_t, size_t, int, ...);
static int (*real_madvise)(void *, size_t, int);
static int (*real_mprotect)(void *, size_t, int);
static int (*real_key_create)(pthread_key_t *, void (*)(void *));
static int (*real_setspecific)(pthread_key_t, const void *);

static int find_libma(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t at = (uintptr_t)ma_malloc;

	(void)size, (void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		if (info->dlpi_phdr[i].p_type == PT_LOAD && at - start < info->dlpi_phdr[i].p_memsz) {
			libma = start; /* its code */
			libma_end = start + info->dlpi_phdr[i].p_memsz;
			return 1;
		}
	}
	return 0;
}

#define FIND(name) (void)(*(void **)&real_##name = dlsym(RTLD_NEXT, #name))

/* At the first call, when the program has one thread. */
static void begin(void)
{
	const char *range = getenv("REFUSE"), *file = getenv("REFUSE_RECORD");
	char *end;
	int fd;

	FIND(sbrk);
	FIND(mmap);
	FIND(munmap);
	FIND(mremap);
	FIND(madvise);
	FIND(mprotect);
	*(void **)&real_key_create = dlsym(RTLD_NEXT, "pthread_key_create");
	*(void **)&real_setspecific = dlsym(RTLD_NEXT, "pthread_setspecific");
	dl_iterate_phdr(find_libma, NULL);
	if (range != NULL) {
		first = last = strtoull(range, &end, 10);
		if (*end == '-')
			last = end[1] == '\0' ? UINT64_MAX : strtoull(end + 1, NULL, 10);
	}
	fd = file == NULL ? -1 : open(file, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		void *at = real_mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at != MAP_FAILED)
			record = at;
		close(fd);
	}
}

/* Is the call at which `caller` goes on to be refused? */
static bool refuse(const void *caller)
{
	uint64_t n, most;

	if (real_setspecific == NULL)
		begin();
	if ((uintptr_t)caller - libma >= libma_end - libma || atomic_load(&relented))
		return false;
	n = atomic_fetch_add(&calls, 1) + 1;
	most = atomic_load(&record->calls);
	while (most < n && !atomic_compare_exchange_weak(&record->calls, &most, n))
		continue;
	if (n < first || n > last)
		return false;
	atomic_fetch_add(&record->refused, 1);
	errno = ENOMEM;
	return true;
}

#define REFUSED() refuse(__builtin_return_address(0))

void *sbrk(intptr_t increment)
{
	if (increment == 0 && real_sbrk != NULL)
		return real_sbrk(0);
	return REFUSED() ? (void *)-1 : real_sbrk(increment);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	return REFUSED() ? MAP_FAILED : real_mmap(at, size, protection, flags, fd, offset);
}

int munmap(void *at, size_t size)
{
	return REFUSED() ? -1 : real_munmap(at, size);
}

void *mremap(void *at, size_t old_size, size_t new_size, int flags, ...)
{
	va_list rest;
	void *to = NULL;

	if (flags & MREMAP_FIXED) {
		va_start(rest, flags);
		to = va_arg(rest, void *);
		va_end(rest);
	}
	return REFUSED() ? MAP_FAILED : real_mremap(at, old_size, new_size, flags, to);
}

int madvise(void *at, size_t size, int advice)
{
	return REFUSED() ? -1 : real_madvise(at, size, advice);
}

int mprotect(void *at, size_t size, int protection)
{
	return REFUSED() ? -1 : real_mprotect(at, size, protection);
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return REFUSED() ? EAGAIN : real_key_create(key, destructor);
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	return REFUSED() ? ENOMEM : real_setspecific(key, value);
}

/* --- for programs that know of us --- */

void refuse_relent(void);
uint64_t refuse_count(void);

void refuse_relent(void)
{
	atomic_store(&relented, true);
}

/* Calls that were refused. */
uint64_t refuse_count(void)
{
	return atomic_load(&record->refused);
}

/* --- how it ended --- */

static bool is_libma(uintptr_t at)
{
	return at - libma < libma_end - libma;
}

/* Is it libma's code that a signal has stopped, or a function without a frame, such as memset, called by it? */
static bool caused_by_libma(const ucontext_t *context)
{
#if defined(__x86_64__)
	const greg_t *reg = context->uc_mcontext.gregs;
	return is_libma((uintptr_t)reg[REG_RIP]) || is_libma(*(const uintptr_t *)reg[REG_RSP]);
#elif defined(__i386__)
	const greg_t *reg = context->uc_mcontext.gregs;
	return is_libma((uintptr_t)reg[REG_EIP]) || is_libma(*(const uintptr_t *)reg[REG_ESP]);
#elif defined(__aarch64__)
	return is_libma(context->uc_mcontext.pc) || is_libma(context->uc_mcontext.regs[30]);
#else
	(void)context;
	return true; /* to be looked at */
#endif
}

static void on_fault(int signal_number, siginfo_t *info, void *context)
{
	static const char text[] = "refuse: a fault inside libma\n";

	(void)info;
	if (caused_by_libma(context)) {
		atomic_fetch_add(&record->faults, 1);
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(98);
	}
	signal(signal_number, SIG_DFL); /* and so it ends at the same instruction again */
}

__attribute__((constructor)) static void refuse_load(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

__attribute__((destructor)) static void refuse_unload(void)
{
	refuse_relent();
	if (ma_check != NULL)
		atomic_fetch_add(ma_check() == 0 ? &record->checked : &record->damaged, 1);
}
