/* SPDX-License-Identifier: MIT */
/*
 * live.c - a program to be looked into while it lives. It builds a heap, says "ready", and goes on until its standard
 * input ends; what it found wrong with its own data by then is its exit status.
 *
 *   live idle MEGABYTES     fills so much memory with objects of many sizes, every third of them freed, and waits
 *   live scattered MEGABYTES  has one object of so much memory, and touches a page in each of them; and waits
 *   live busy THREADS       threads that allocate, check and free all the time, also for each other
 *   live damaged            overwrites a block's header, and waits
 *   live traced             has a child of its own trace it, as a debugger would, and waits
 *   live waiting            threads that wait in system calls and that calculate, and must not notice anything
 *   live leaky              forgets three objects of 1000 bytes, each with its address in the next, and waits
 *   live filtered           the same, and filters its system calls
 *   live half-filtered      the same in one thread, and no code can be put into the path of the other one
 *   live vforks             the same, and a thread stands in vfork(2) nearly all the time
 *   live adopts             forgets the same, and inherits orphans
 *   live forks              forgets the same, and at its end has a child
 *   live sections           forgets the same, and does all its work in a restartable sequence, see rseq(2)
 *   live has-sections       tells by its exit status whether it can do that
 *   live apart PIECES       the same, and has the only pointers to other objects in memory that fork leaves out, in so many
 *                           pieces and more and more, which are still left out at its end
 *   live alarmed            waits, and handles a signal a thousand times a second meanwhile
 *
 * Built twice: as a stranger to libma, for `ma run`, and with libma linked in statically.
 */
#include <config.h>

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#if LIVE_ON_LIBMA
#include "ma.h"
#define get ma_malloc
#define give ma_free
#else
#define get malloc
#define give free
#endif

#define THREADS_MOST 16
#define OBJECTS 4096
#define SHARED 256

static atomic_bool stop;
static _Atomic(size_t *) shared[SHARED];
static atomic_ulong faults;
static void *forgotten;

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Mostly small, now and then up to 1 MiB. */
static size_t some_size(uint64_t *state)
{
	uint64_t random = next(state);

	if (random % 4096 == 0)
		return 4096 + (random >> 20) % (1 << 20);
	if (random % 64 == 0)
		return 1024 + (random >> 20) % 16384;
	return 16 + (random >> 20) % 1000;
}

/* An object holds its size at both ends. */
static size_t *make(size_t size)
{
	size_t *object = get(size);

	if (object == NULL)
		exit(3);
	object[0] = size;
	memcpy((char *)object + size - sizeof size, &size, sizeof size);
	return object;
}

static void end(size_t *object)
{
	size_t size;

	if (object == NULL)
		return;
	memcpy(&size, (char *)object + object[0] - sizeof size, sizeof size);
	if (size != object[0])
		atomic_fetch_add(&faults, 1);
	give(object);
}

static void *work(void *arg)
{
	uint64_t state = (uintptr_t)arg * 0x9e3779b97f4a7c15u + 1;
	size_t *object[OBJECTS] = {0};

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		uint64_t random = next(&state);
		size_t i = random % OBJECTS;

		end(object[i]);
		object[i] = make(some_size(&state));
		if (random >> 60 == 0)
			object[i] = atomic_exchange(&shared[(random >> 20) % SHARED], object[i]);
	}
	for (size_t i = 0; i < OBJECTS; i++)
		end(object[i]);
	return NULL;
}

/* --- what must not notice anything --- */

static void on_child(int number)
{
	(void)number;
	atomic_fetch_add(&faults, 1);
}

static void *sleeps(void *unused)
{
	const struct timespec moment = {.tv_nsec = 20000000};

	while (!atomic_load(&stop))
		if (nanosleep(&moment, NULL) != 0)
			atomic_fetch_add(&faults, 1);
	return unused;
}

static void *polls(void *unused)
{
	while (!atomic_load(&stop))
		if (poll(NULL, 0, 15) != 0)
			atomic_fetch_add(&faults, 1);
	return unused;
}

static void *waits(void *unused)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	struct timespec end;

	pthread_mutex_lock(&mutex);
	while (!atomic_load(&stop)) {
		clock_gettime(CLOCK_REALTIME, &end);
		end.tv_nsec += 10000000;
		end.tv_sec += end.tv_nsec / 1000000000;
		end.tv_nsec %= 1000000000;
		if (pthread_cond_timedwait(&never, &mutex, &end) != ETIMEDOUT)
			atomic_fetch_add(&faults, 1);
	}
	pthread_mutex_unlock(&mutex);
	return unused;
}

/* Whatever register or flag is changed, a result will be. */
static void *calculates(void *unused)
{
	while (!atomic_load(&stop)) {
		double half = 0;
		uint64_t state = 1, sum = 0, wide = 0;

		for (int i = 0; i < 100000; i++) {
			half += 0.5;
			sum += next(&state) & 1;
			__asm__ volatile("" : "+r"(sum), "+r"(state));
			wide = wide * 3 + (wide < state) + (int64_t)state % 7 + (sum > wide);
		}
		static _Atomic uint64_t expected;
		uint64_t was = 0;
		if (half != 50000 ||
		    (!atomic_compare_exchange_strong(&expected, &was, wide ^ sum) && was != (wide ^ sum)))
			atomic_fetch_add(&faults, 1);
	}
	return unused;
}

static unsigned long wait_and_calculate(pthread_t *thread)
{
	static void *(*const doing[])(void *) = {sleeps, polls, waits, calculates};
	unsigned long count = sizeof doing / sizeof *doing;

	signal(SIGCHLD, on_child);
	for (unsigned long i = 0; i < count; i++)
		pthread_create(&thread[i], NULL, doing[i], NULL);
	return count;
}

static void fill(size_t bytes)
{
	uint64_t state = 1;
	size_t **object = get(bytes / 64 * sizeof *object), count = 0;

	for (size_t held = 0; held < bytes && count < bytes / 64; count++) {
		size_t size = some_size(&state);
		object[count] = make(size);
		held += size;
	}
	for (size_t i = 0; i < count; i += 3)
		end(object[i]);
}

/* A large object of which little is touched: a page in each MiB. */
static void scatter(size_t bytes)
{
	static char *volatile object;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	object = get(bytes);
	for (size_t at = 0; at < bytes; at += (size_t)1 << 20)
		object[at] = 1;
}

static void damage(void)
{
	volatile uintptr_t first = (uintptr_t)get(20000), second = (uintptr_t)get(20000);

	/* What lies before a block's payload is its header. */
	*(volatile uint64_t *)((first < second ? second : first) - 16) = 0x5555555555555555;
}

/* What calls before have left below the stack pointer, and in registers that nobody has used since. */
static __attribute__((noinline)) void wipe(void)
{
	char stack[16384];

	memset(stack, 0, sizeof stack);
	__asm__ volatile("" : : "r"(stack) : "memory");
#ifdef __SSE2__
#define WIPE(n) __asm__ volatile("pxor %%xmm" #n ", %%xmm" #n : : : "xmm" #n)
	WIPE(0);
	WIPE(1);
	WIPE(2);
	WIPE(3);
	WIPE(4);
	WIPE(5);
	WIPE(6);
	WIPE(7);
#ifdef __x86_64__
	WIPE(8);
	WIPE(9);
	WIPE(10);
	WIPE(11);
	WIPE(12);
	WIPE(13);
	WIPE(14);
	WIPE(15);
#endif
#endif
}

static __attribute__((noinline)) void leak(void)
{
	void *volatile *first = get(1000);

	for (int i = 0; i < 2; i++) {
		void *volatile *more = get(1000);
		*more = (void *)(uintptr_t)first;
		first = more;
	}
	forgotten = (void *)~(uintptr_t)first;
}

static void forget(void)
{
	leak();
	wipe();
}

/* A filter that allows everything: from outside that can't be seen. */
static void filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		exit(2);
}

static void *filters(void *unused)
{
	filter();
	while (!atomic_load(&stop))
		poll(NULL, 0, 10);
	return unused;
}

/* A handler must never run in libma, which this program does not call meanwhile: what it interrupts is a system
 * call, and that has to end with EINTR. */
static void on_alarm(int number, siginfo_t *info, void *context)
{
#ifdef __x86_64__
	const ucontext_t *interrupted = context;
	Dl_info where;

	if (dladdr((void *)interrupted->uc_mcontext.gregs[REG_RIP], &where) != 0 &&
	    strstr(where.dli_fname, "libma") != NULL)
		atomic_fetch_add(&faults, 1);
#endif
	(void)number;
	(void)info;
	(void)context;
}

static void *vforks(void *unused)
{
	while (!atomic_load(&stop)) {
		pid_t child = vfork();

		if (child == 0) {
			poll(NULL, 0, 100);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	return unused;
}

/* --- memory that fork leaves out --- */

static char *apart, *wiped;
static size_t page, apart_bytes;

static void *map(size_t size, int advice)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || (advice != 0 && madvise(at, size, advice) != 0))
		exit(3);
	return at;
}

/* Every other page is a piece. The two objects that are known here only are not lost. */
static void fill_apart(size_t pieces)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	apart_bytes = 2 * page * pieces;
	apart = map(apart_bytes, 0);
	for (size_t i = 0; i < pieces; i++)
		if (madvise(apart + 2 * i * page, page, MADV_DONTFORK) != 0)
			exit(3);
	wiped = map(page, MADV_WIPEONFORK);
	*(void **)(void *)(apart + apart_bytes - 2 * page) = get(500);
	*(void **)(void *)wiped = get(500);
}

/* Takes the only pointer to an object from one such mapping to another one all the time. */
static void *carries(void *unused)
{
	void **from = map(page, MADV_DONTFORK);

	*from = get(500);
	while (!atomic_load(&stop)) {
		void **to = map(page, MADV_DONTFORK);

		*to = *from;
		munmap(from, page);
		from = to;
		poll(NULL, 0, 1);
	}
	give(*from);
	return unused;
}

/* Is all still there in this process, and not in its child? */
static bool is_left_out(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		for (char *at = apart; at < apart + apart_bytes; at += 2 * page)
			if (msync(at, page, MS_ASYNC) == 0 || errno != ENOMEM ||
			    msync(at + page, page, MS_ASYNC) != 0)
				_exit(1);
		_exit(*(void **)(void *)wiped == NULL ? 0 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0 &&
	       *(void **)(void *)wiped != NULL;
}

static void alarm_often(void)
{
	const struct itimerval often = {{.tv_usec = 1000}, {.tv_usec = 1000}};
	struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

#if defined(__x86_64__) && defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
#include <sys/rseq.h>
#define SECTIONS (__rseq_size > 0)

/* Goes through a sequence for some milliseconds, unless the kernel ends it before. While it goes on, the kernel
 * must know of it. */
static void one_section(void)
{
	struct rseq *registered = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
	uint64_t rounds = 5000000, torn = 0;

	__asm__ volatile(".pushsection .data\n\t.balign 32\n"
			 "9:	.long 0, 0\n\t.quad 1f, 2f - 1f, 3f\n\t.popsection\n\t"
			 "leaq 9b(%%rip), %%rax\n\tmovq %%rax, %2\n"
			 "1:	decq %0\n\tjnz 1b\n\tcmpq $0, %2\n\tjne 2f\n\tincq %1\n"
			 "2:	jmp 4f\n\t"
			 ".long %c3\n"
			 "3:	nop\n"
			 "4:\n"
			 : "+r"(rounds), "+r"(torn), "+m"(registered->rseq_cs)
			 : "i"(RSEQ_SIG)
			 : "rax", "memory", "cc");
	atomic_fetch_add(&faults, torn);
}
#else
#define SECTIONS 0
static void one_section(void)
{
}
#endif

/* Until there is something to read. */
static void sections(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	while (SECTIONS && poll(&input, 1, 0) == 0)
		one_section();
}

/* Waits in a system call with a flag that ma's code could not give back: that of alignment. */
static void wait_with_flag(void)
{
#ifdef __x86_64__
	long got;
	char byte;

	do {
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torl $0x40000, (%%rsp)\n\tpopfq\n\t"
				 "syscall\n\t"
				 "pushfq\n\tandl $~0x40000, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp"
				 : "=a"(got)
				 : "0"((long)SYS_read), "D"((long)STDIN_FILENO), "S"(&byte), "d"(1L)
				 : "rcx", "r11", "memory", "cc");
	} while (got > 0);
#endif
}

static bool has_child(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(0);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* Returns the child, which traces until it is killed. */
static pid_t traced(void)
{
	pid_t parent = getpid(), child;
	int ready[2];
	char byte;

	if (pipe(ready) != 0 || (child = fork()) < 0)
		exit(2);
	if (child == 0) {
		if (ptrace(PTRACE_SEIZE, parent, NULL, NULL) != 0 || write(ready[1], "r", 1) != 1)
			_exit(2);
		pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		exit(2);
	return child;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS_MOST];
	const char *what = argc > 1 ? argv[1] : "";
	unsigned long number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, threads = 0;
	pid_t tracer = 0;
	ssize_t got;
	char byte;

	if (strcmp(what, "idle") == 0)
		fill(number << 20);
	else if (strcmp(what, "scattered") == 0)
		scatter(number << 20);
	else if (strcmp(what, "busy") == 0)
		for (; threads < number && threads < THREADS_MOST; threads++)
			pthread_create(&thread[threads], NULL, work, (void *)(uintptr_t)(threads + 1));
	else if (strcmp(what, "damaged") == 0)
		damage();
	else if (strcmp(what, "traced") == 0)
		tracer = traced();
	else if (strcmp(what, "waiting") == 0)
		threads = wait_and_calculate(thread);
	else if (strcmp(what, "has-sections") == 0)
		return SECTIONS ? 0 : 1;
	else if (strcmp(what, "alarmed") == 0)
		alarm_often();
	else if (strcmp(what, "leaky") == 0 || strcmp(what, "forks") == 0 || strcmp(what, "sections") == 0)
		forget();
	else if (strcmp(what, "filtered") == 0) {
		forget();
		filter();
	} else if (strcmp(what, "half-filtered") == 0) {
		forget();
		pthread_create(&thread[threads++], NULL, filters, NULL);
	} else if (strcmp(what, "apart") == 0) {
		fill_apart(number);
		forget();
		pthread_create(&thread[threads++], NULL, carries, NULL);
	} else if (strcmp(what, "vforks") == 0) {
		forget();
		pthread_create(&thread[threads++], NULL, vforks, NULL);
	} else if (strcmp(what, "adopts") == 0) {
		forget();
		signal(SIGCHLD, on_child);
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	} else
		return 2;
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		return 2;
	if (strcmp(what, "half-filtered") == 0)
		wait_with_flag();
	if (strcmp(what, "sections") == 0)
		sections();
	do {
		errno = 0;
		got = read(STDIN_FILENO, &byte, 1);
	} while (got > 0 || (errno == EINTR && strcmp(what, "alarmed") == 0));
	if (got != 0)
		return 5;
	if (tracer != 0)
		kill(tracer, SIGKILL);
	atomic_store(&stop, 1);
	for (unsigned long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	if (strcmp(what, "forks") == 0 && !has_child())
		return 6;
	if (strcmp(what, "apart") == 0 && !is_left_out())
		return 7;
	if (tracer == 0 && (waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD))
		return 4; /* a child that is none of ours */
	return atomic_load(&faults) == 0 ? 0 : 1;
}
