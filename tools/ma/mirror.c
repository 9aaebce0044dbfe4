/* SPDX-License-Identifier: MIT */
/*
 * mirror.c - another process's memory at the addresses where it lies there, copied page by page as it is read.
 *
 *   a mapping of the process    |-----------------------------------------------|
 *   its range in the mirror     |.....#....###########....#.....................|    . reserved   # copied
 *
 * All of the process's memory is reserved, without access. A read of a reserved page faults, and the handler copies
 * it; when one page after another is read, more and more at once. So whoever reads needs not know that this is a copy,
 * and what he never looks at is never copied: of a large heap that is most.
 *
 * What is copied while the process runs does not fit together. It serves to find out what is looked at. Once that is
 * known, the process is stopped, exactly these pages are copied again, at memory's speed, and it goes on.
 *
 * Each border between copied and reserved pages costs the kernel a mapping, of which a process may have 65530 on many
 * systems; pieces get larger as these run out.
 */
#include <config.h>

#include "mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)

enum {
	MOST_AHEAD = 256,    /* pages that are copied at once when they are read one after another */
	MOST_PIECES = 20000, /* copied pieces, before they get larger */
	MOST_THREADS = 8,
	PAGEMAP_PAGES = 512 /* entries read, and pages copied, at once; in fewer runs than IOV_MAX */
};

struct range {
	uintptr_t start, end;
	bool anonymous;	    /* a page that is not there reads as zero, and need not be asked for */
	uint64_t *copied;   /* a bit for each page */
	uint64_t *kept;	    /* the same: not to be copied again; NULL until there is one */
	size_t first, last; /* of the pages that are copied; first > last: none is */
};

static struct range *ranges; /* in address order */
static size_t range_count, range_room;
static size_t page;
static pid_t target_pid;
static int pagemap = -1;
static int memory = -1; /* the target's, to be read as a file */
static size_t pieces, bytes, late_bytes;
static uintptr_t ahead_at; /* where the last fault's pages ended */
static size_t ahead;	   /* how many they were */
static size_t least_ahead = 1;
static bool of_snapshot;

/* --- ranges --- */

static struct range *range_find(uintptr_t at)
{
	size_t low = 0, high = range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < range_count && ranges[low].start <= at ? &ranges[low] : NULL;
}

static bool is_copied(const struct range *range, size_t index)
{
	return range->copied[index / 64] >> (index % 64) & 1;
}

/* Mapped: most of it will never be touched, and there may be terabytes to be told of. */
static uint64_t *bitmap_new(const struct range *range)
{
	size_t words = ((range->end - range->start) / page + 63) / 64;
	void *bitmap = mmap(NULL, words * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (bitmap == MAP_FAILED)
		fail(EXIT_OWN_FAILURE, "out of memory");
	return bitmap;
}

static bool range_add(uintptr_t start, uintptr_t end, bool anonymous)
{
	void *at = mmap((void *)start, end - start, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	size_t where = range_count;

	if (at != (void *)start) { /* a kernel before 4.17 takes the address for a wish */
		if (at != MAP_FAILED)
			munmap(at, end - start);
		return false;
	}
	if (range_count == range_room) {
		range_room = range_room == 0 ? 256 : range_room * 2;
		ranges = realloc(ranges, range_room * sizeof *ranges);
		if (ranges == NULL)
			fail(EXIT_OWN_FAILURE, "out of memory");
	}
	while (where > 0 && ranges[where - 1].start > start)
		where--;
	memmove(&ranges[where + 1], &ranges[where], (range_count - where) * sizeof *ranges);
	range_count++;
	ranges[where] = (struct range){.start = start, .end = end, .anonymous = anonymous, .first = SIZE_MAX};
	ranges[where].copied = bitmap_new(&ranges[where]);
	return true;
}

/* Reserves what of [start, end) is not reserved yet. */
static bool range_reserve(uintptr_t start, uintptr_t end, bool anonymous)
{
	size_t i = 0;

	while (i < range_count && ranges[i].end <= start)
		i++;
	while (start < end) {
		uintptr_t next = i < range_count ? ranges[i].start : UINTPTR_MAX;

		if (next <= start) {
			start = ranges[i++].end;
			continue;
		}
		next = next < end ? next : end;
		if (!range_add(start, next, anonymous))
			return false;
		i++;
		start = next;
	}
	return true;
}

bool mirror_reserve(const struct mappings *mappings)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < mappings->count; i++) {
		const struct mapping *m = &mappings->at[i];

		/* The kernel's own, [vdso] and the like, lie near where ours do, and nobody reads them. */
		if (m->shared || !m->readable || strncmp(m->name, "[v", 2) == 0)
			continue;
		if (!range_reserve(m->start, m->end, m->inode == 0))
			return false;
	}
	return true;
}

/* --- copying one piece --- */

/* Reads the kernel's words on pages of the target; false if it does not tell. */
static bool pagemap_read(uintptr_t at, size_t count, uint64_t *entries)
{
	ssize_t size = (ssize_t)(count * sizeof *entries);

	return pagemap >= 0 &&
	       pread(pagemap, entries, (size_t)size, (off_t)(at / page * sizeof *entries)) == size;
}

static bool is_there(uint64_t entry)
{
	return (entry & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) != 0;
}

bool mirror_resident(uintptr_t start, size_t pages, unsigned char *resident)
{
	uint64_t entries[PAGEMAP_PAGES];

	for (size_t from = 0; from < pages; from += PAGEMAP_PAGES) {
		size_t count = pages - from < PAGEMAP_PAGES ? pages - from : PAGEMAP_PAGES;

		if (!pagemap_read(start + from * page, count, entries))
			return false;
		for (size_t i = 0; i < count; i++)
			resident[from + i] = (entries[i] & PAGEMAP_PRESENT) != 0;
	}
	return true;
}

/* As process_vm_readv() of one piece to where it lies; 0: the process has ended. */
static ssize_t read_piece(uintptr_t at, size_t size)
{
	struct iovec vector = {(void *)at, size};
	ssize_t got = memory >= 0 ? pread(memory, (void *)at, size, (off_t)at)
				  : process_vm_readv(target_pid, &vector, 1, &vector, 1, 0);

	return got < 0 && errno == ESRCH ? 0 : got;
}

/* Copies a run of pages. Those that can't be read stay as they are. False: the process has ended. */
static bool copy_run(uintptr_t at, size_t count)
{
	uintptr_t end = at + count * page;

	while (at < end) {
		ssize_t got = read_piece(at, end - at);

		if (got == 0)
			return false;
		at += got > 0 ? (size_t)got : page;
	}
	return true;
}

/* Copies runs of pages in as few calls as possible. False: the process has ended. */
static bool copy_runs(const struct iovec *run, size_t count)
{
	while (count > 0) {
		ssize_t got = memory >= 0 ? read_piece((uintptr_t)run->iov_base, run->iov_len)
					  : process_vm_readv(target_pid, run, count, run, count, 0);
		size_t left = got > 0 ? (size_t)got : 0;

		if (got == 0 || (got < 0 && errno == ESRCH))
			return false;
		for (; count > 0 && left >= run->iov_len; run++, count--)
			left -= run->iov_len;
		if (count > 0) { /* some page of it is not there any more */
			madvise(run->iov_base, run->iov_len, MADV_DONTNEED);
			if (!copy_run((uintptr_t)run->iov_base, run->iov_len / page))
				return false;
			run++;
			count--;
		}
	}
	return true;
}

/* Those of 64 pages that are to be copied again, a bit for each. */
static uint64_t due_word(const struct range *range, size_t word)
{
	return range->copied[word] & (range->kept == NULL ? ~UINT64_C(0) : ~range->kept[word]);
}

static bool is_due(const struct range *range, size_t index)
{
	return due_word(range, index / 64) >> (index % 64) & 1;
}

/* Room for a run of pages that are copied for the first time. Of what the process never touched nothing is made. */
static void make_room(const struct iovec *run)
{
	if (run->iov_len > 4 * page)
		madvise(run->iov_base, run->iov_len, MADV_POPULATE_WRITE);
	bytes += run->iov_len;
}

/* Copies PAGEMAP_PAGES pages at most, but those that the process never touched: reading would make them its own.
 * `again`: they were copied before; those that it gave back since must read as zero. */
static bool copy_window(const struct range *range, size_t first, size_t count, bool again)
{
	uintptr_t start = range->start + first * page;
	struct iovec run[PAGEMAP_PAGES];
	uint64_t entries[PAGEMAP_PAGES];
	bool told = range->anonymous && pagemap_read(start, count, entries);
	size_t runs = 0;

	for (size_t from = 0, to; from < count; from = to) {
		bool there = !told || is_there(entries[from]);
		void *at = (void *)(start + from * page);

		to = from + 1;
		if (again && !is_due(range, first + from))
			continue;
		while (to < count && (!again || is_due(range, first + to)) &&
		       (!told || is_there(entries[to]) == there))
			to++;
		if (there)
			run[runs++] = (struct iovec){at, (to - from) * page};
		else if (again)
			madvise(at, (to - from) * page, MADV_DONTNEED);
	}
	for (size_t i = 0; i < runs && !again; i++)
		make_room(&run[i]);
	return copy_runs(run, runs);
}

void mirror_expect_all(void)
{
	least_ahead = MOST_AHEAD;
}

void mirror_of_snapshot(bool snapshot)
{
	of_snapshot = snapshot;
}

/* How many pages to copy for a fault at `index`: more and more while one is read after the other. */
static size_t piece_size(const struct range *range, uintptr_t at, size_t index)
{
	size_t pages = (range->end - range->start) / page, wanted = least_ahead, count = 1;

	if (at == ahead_at && ahead > 0)
		wanted = ahead * 2 < MOST_AHEAD ? ahead * 2 : MOST_AHEAD;
	if (pieces > MOST_PIECES)
		wanted = wanted < 16 * (pieces / MOST_PIECES) ? 16 * (pieces / MOST_PIECES) : wanted;
	while (count < wanted && count < PAGEMAP_PAGES && index + count < pages &&
	       !is_copied(range, index + count))
		count++;
	ahead = wanted;
	ahead_at = at + count * page;
	return count;
}

static enum mirror_fault serve(uintptr_t at)
{
	struct range *range = range_find(at);
	size_t index, count;

	if (range == NULL)
		return MIRROR_STRAY;
	at = at / page * page;
	index = (at - range->start) / page;
	if (is_copied(range, index))
		return MIRROR_STRAY; /* a write, or a fault of another kind */
	count = piece_size(range, at, index);
	if (mprotect((void *)at, count * page, PROT_READ | PROT_WRITE) != 0)
		return MIRROR_STRAY;
	for (size_t i = index; i < index + count; i++)
		range->copied[i / 64] |= UINT64_C(1) << (i % 64);
	range->first = index < range->first ? index : range->first;
	range->last = index + count - 1 > range->last ? index + count - 1 : range->last;
	pieces++;
	late_bytes += count * page;
	return copy_window(range, index, count, false) ? MIRROR_SOUND : MIRROR_GONE;
}

/* --- reading --- */

static sigjmp_buf give_up;
static volatile sig_atomic_t reading;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	enum mirror_fault fault = MIRROR_STRAY;
	int saved = errno;

	(void)context;
	if (reading && signal == SIGSEGV)
		fault = serve((uintptr_t)info->si_addr);
	else if (signal == SIGPROF || signal == SIGALRM)
		fault = MIRROR_STUCK;
	errno = saved;
	if (fault == MIRROR_SOUND)
		return;
	if (reading)
		siglongjmp(give_up, (int)fault);
	if (fault == MIRROR_STUCK)
		return; /* the reader came to an end just before */
	/* Our own fault: it happens again, and ends this process. */
	sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

/* The readers' stack may run out on a heap that does not fit together, so the handler has its own. */
static void handle_faults(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF, SIGALRM};
	stack_t stack = {.ss_size = 256 * 1024};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	stack.ss_sp = malloc(stack.ss_size);
	if (stack.ss_sp == NULL || sigaltstack(&stack, NULL) != 0)
		fail(EXIT_OWN_FAILURE, "out of memory");
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
}

static void open_anew(int *file, pid_t pid, const char *name)
{
	char *path = text_format("/proc/%ld/%s", (long)pid, name);

	if (*file >= 0)
		close(*file);
	*file = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
}

/*
 * From here on it is this process that is copied. Of a snapshot, memory is read as a file: process_vm_readv() pins the
 * pages, and for that the kernel copies each that is still one with the original's, which takes longer than the reading,
 * and as much memory again. It is the faster one where nothing is shared.
 */
static void look_at(pid_t pid)
{
	if (target_pid == pid)
		return;
	target_pid = pid;
	open_anew(&pagemap, pid, "pagemap");
	if (of_snapshot) {
		open_anew(&memory, pid, "mem");
	} else if (memory >= 0) {
		close(memory);
		memory = -1;
	}
}

enum mirror_fault mirror_read(pid_t pid, void (*read)(void *), void *arg, unsigned seconds, uint64_t most_us)
{
	const struct itimerval limit = {.it_value = {.tv_sec = seconds}}, none = {0};
	const struct itimerval most = {.it_value = {.tv_sec = (time_t)(most_us / 1000000),
						    .tv_usec = (suseconds_t)(most_us % 1000000)}};
	static bool handled;
	int fault;

	look_at(pid);
	if (!handled)
		handle_faults();
	handled = true;
	fault = sigsetjmp(give_up, 1);
	if (fault == 0) {
		reading = 1;
		setitimer(ITIMER_PROF, &limit, NULL);
		setitimer(ITIMER_REAL, &most, NULL);
		read(arg);
	}
	reading = 0;
	setitimer(ITIMER_PROF, &none, NULL);
	setitimer(ITIMER_REAL, &none, NULL);
	return (enum mirror_fault)fault;
}

void mirror_undisturbed(void (*act)(void *arg), void *arg)
{
	sigset_t ends, before;

	sigemptyset(&ends);
	sigaddset(&ends, SIGPROF);
	sigaddset(&ends, SIGALRM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	act(arg);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

struct resizing {
	void *pointer;
	size_t size;
};

static void resize(void *arg)
{
	const struct resizing *resizing = arg;
	void *at;

	memcpy(&at, resizing->pointer, sizeof at);
	at = realloc(at, resizing->size);
	if (at == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	memcpy(resizing->pointer, &at, sizeof at);
}

void mirror_realloc(void *pointer, size_t size)
{
	mirror_undisturbed(resize, &(struct resizing){pointer, size});
}

/* --- copying all again --- */

/* Some of a range's pages: what a thread takes at once. */
struct window {
	const struct range *range;
	size_t first, count;
};

static struct {
	struct window *window;
	size_t count, room;
	atomic_size_t next;
	atomic_bool gone;
} renewal;

static void window_add(const struct range *range, size_t first, size_t count)
{
	if (renewal.count == renewal.room) {
		renewal.room = renewal.room == 0 ? 1024 : renewal.room * 2;
		renewal.window = realloc(renewal.window, renewal.room * sizeof *renewal.window);
		if (renewal.window == NULL)
			fail(EXIT_OWN_FAILURE, "out of memory");
	}
	renewal.window[renewal.count++] = (struct window){range, first, count};
}

bool mirror_has(uintptr_t at)
{
	const struct range *range = range_find(at);

	return range != NULL && is_copied(range, (at - range->start) / page);
}

void mirror_keep(uintptr_t start, uintptr_t end)
{
	struct range *range = range_find(start);

	if (range == NULL)
		return;
	if (range->kept == NULL)
		range->kept = bitmap_new(range);
	for (uintptr_t at = start; at < end && at < range->end; at += page) {
		size_t i = (at - range->start) / page;
		range->kept[i / 64] |= UINT64_C(1) << (i % 64);
	}
}

void mirror_keep_none(void)
{
	for (size_t i = 0; i < range_count; i++)
		if (ranges[i].kept != NULL) {
			munmap(ranges[i].kept,
			       ((ranges[i].end - ranges[i].start) / page + 63) / 64 * sizeof(uint64_t));
			ranges[i].kept = NULL;
		}
}

size_t mirror_due_bytes(void)
{
	size_t pages = 0;

	for (size_t i = 0; i < range_count; i++)
		for (size_t word = ranges[i].first / 64; word <= ranges[i].last / 64; word++)
			pages += (size_t)__builtin_popcountll(due_word(&ranges[i], word));
	return pages * page;
}

/* Takes windows until there are none. */
static void *renew_windows(void *unused)
{
	size_t next;

	while ((next = atomic_fetch_add(&renewal.next, 1)) < renewal.count &&
	       !atomic_load_explicit(&renewal.gone, memory_order_relaxed))
		if (!copy_window(renewal.window[next].range, renewal.window[next].first,
				 renewal.window[next].count, true))
			atomic_store_explicit(&renewal.gone, true, memory_order_relaxed);
	return unused;
}

static void range_list(const struct range *range)
{
	for (size_t first = range->first / PAGEMAP_PAGES * PAGEMAP_PAGES; first <= range->last;
	     first += PAGEMAP_PAGES) {
		size_t left = range->last + 1 - first, count = left < PAGEMAP_PAGES ? left : PAGEMAP_PAGES;
		uint64_t any = 0;

		for (size_t i = 0; i < count; i += 64)
			any |= due_word(range, (first + i) / 64);
		if (any != 0)
			window_add(range, first, count);
	}
}

bool mirror_renew(pid_t pid)
{
	pthread_t thread[MOST_THREADS];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = 0;

	look_at(pid);
	renewal.count = 0;
	atomic_store(&renewal.next, 0);
	for (size_t i = 0; i < range_count; i++)
		range_list(&ranges[i]);
	while (threads < MOST_THREADS && (long)threads + 1 < cores && bytes >> 22 > threads &&
	       pthread_create(&thread[threads], NULL, renew_windows, NULL) == 0)
		threads++;
	renew_windows(NULL);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	mirror_keep_none();
	late_bytes = 0;
	return !atomic_load(&renewal.gone);
}

size_t mirror_bytes(void)
{
	return bytes;
}

size_t mirror_late_bytes(void)
{
	return late_bytes;
}
