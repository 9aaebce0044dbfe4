/* SPDX-License-Identifier: MIT */
/*
 * attach.c - the library's readers of the heap, at work on the heap of a live process.
 *
 * ma is linked with the library, but allocates nothing from it. In a child, the library's own variables (src/root.h)
 * become those of the process, and the memory that they lead to is mirrored where it was (mirror.c): then the readers
 * work on it as they work inside.
 *
 *   parent                   child
 *     |-- fork ---------------> reserve the process's addresses
 *     |                         read once while it runs: now it is known what is read     ┐
 *     |                         stop all threads, outside of libma if possible           │ the process
 *     |                         copy the variables and the same pages again              │ stands still
 *     |                         let it go                                                ┘
 *     |                         read again; that is the report
 *     |<- report, result -------| once more if something did not fit together
 *
 * Where also the contents of objects are read, that would be all memory, and copying takes five to ten times as
 * long as forking does: then the process is forked while it stands still (snapshot.c), and what is read is that
 * snapshot. So it is where the sites of all objects are read, which take as much memory as the objects do, and of a large
 * heap that changes faster than what is read of it can be copied.
 *
 * The child is the only tracer, so the process goes on whichever of the two is killed, and however. A reader that does
 * not come to an end, or falls over a heap in the middle of a change, takes nothing with it.
 */
#include <config.h>

#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "elsewhere.h"
#include "inspect/residency.h"
#include "lock.h"
#include "message.h"
#include "mirror.h"
#include "quiet.h"
#include "report.h"
#include "root.h"
#include "sites.h"
#include "snapshot.h"

enum {
	LEAST_FILES = 16, /* that ma opens at a time, and some more */
	MOST_ATTEMPTS = 6,
	PAUSE_MS = 2,	   /* before the first of several attempts, that the process may go on; then longer */
	READ_SECONDS = 20, /* of processor time, for a reader; more for large processes */
	PROGRESS_AFTER_MS = 1000,
	STILL_LEAST_US = 10000,		/* that readers may take while a process stands still */
	STILL_PER_GIB_US = 25000,	/* the same for large ones */
	STILL_LAST_US = 1000000,	/* in the last attempts */
	SMALL_MIRROR = 4 * 1024 * 1024, /* what is so small is read while the process stands still */
	SMALL_COPY = 8 * 1024 * 1024,	/* and so small, copied rather than forked; */
	FORK_SPEED = 5			/* a fork of as much is so often as fast */
};

/* How the child ended. */
enum outcome { OUTCOME_NONE, OUTCOME_READ, OUTCOME_REFUSED, OUTCOME_TAKEN, OUTCOME_GONE, OUTCOME_UNREADABLE };

/* What parent and child share. */
struct shared {
	enum outcome outcome;
	int error; /* errno of OUTCOME_REFUSED */
	struct attach_result result;
	const char *volatile step; /* what the child is doing; both have the same text at the same place */
	volatile size_t copied_bytes;
};

static int scratch_file(void)
{
	int fd = memfd_create("ma report", MFD_CLOEXEC);

	if (fd < 0)
		fail(EXIT_OWN_FAILURE, "can't make a file in memory: %s", strerror(errno));
	return fd;
}

/* Files that can't be opened look like those of a process that has ended. */
static void demand_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= LEAST_FILES)
		return;
	limit.rlim_cur = limit.rlim_max < LEAST_FILES ? limit.rlim_max : LEAST_FILES;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < LEAST_FILES)
		fail(EXIT_OWN_FAILURE, "may open no more than %llu files at a time, and needs %d: ulimit -n",
		     (unsigned long long)limit.rlim_cur, LEAST_FILES);
}

/* The process's resident memory. */
static size_t resident_bytes(pid_t pid)
{
	char *path = text_format("/proc/%ld/statm", (long)pid);
	FILE *file = fopen(path, "re");
	size_t pages = 0;

	free(path);
	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %zu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* --- in the child --- */

static struct child {
	pid_t parent;
	const struct target *target;
	struct shared *shared;
	attach_reader *reader;
	void *arg;
	enum attach_depth depth;
	pid_t memory; /* the process whose memory is read: the target, or its snapshot */
	int report;
	struct stopped *threads;
	int faults;
	size_t peak_resident;	   /* of the process, in bytes */
	struct stop_inside inside; /* of libma */
	bool snapshots;		   /* no snapshot was tried yet, and one may be */
	bool too_much;		   /* this attempt had better be one */
	char *own_locks;	   /* ours, as they were: a reader that fell may have left one locked */
} child;

static void keep_own_locks(void)
{
	size_t size = 0;

	for (const struct root *root = ma_root_head.first; root < ma_root_head.end; root++)
		size += root->kind == ROOT_LOCK ? root->size : 0;
	child.own_locks = calloc(1, size + 1);
	if (child.own_locks == NULL)
		fail(EXIT_OWN_FAILURE, "out of memory");
	size = 0;
	for (const struct root *root = ma_root_head.first; root < ma_root_head.end; root++)
		if (root->kind == ROOT_LOCK) {
			memcpy(child.own_locks + size, root->at, root->size);
			size += root->size;
		}
}

/* Makes the library's variables those of the process. `*locked`: one of its locks is held. False: it has ended. */
static bool adopt_roots(bool *locked)
{
	const struct root *ours = ma_root_head.first;
	size_t lock_at = 0;

	*locked = false;
	for (size_t i = 0; i < child.target->root_count; i++, ours++) {
		void *at = (void *)(uintptr_t)ours->at;

		if (ours->kind == ROOT_SIZE || ours->kind == ROOT_PLACE || child.target->roots[i].size == 0)
			continue;
		if (!target_read(child.memory, (uintptr_t)child.target->roots[i].at, at, ours->size))
			return false;
		if (ours->kind == ROOT_LOCK) {
			*locked = *locked || !ma_lock_try(at) /* on a copy */;
			memcpy(at, child.own_locks + lock_at, ours->size);
			lock_at += ours->size;
		}
	}
	return true;
}

/* --- what the readers ask the system for, of the process instead of us --- */

static long subject_number(void)
{
	return (long)child.target->pid;
}

static size_t subject_peak(void)
{
	return child.peak_resident;
}

static bool subject_resident(const char *start, size_t pages, unsigned char *resident)
{
	return mirror_resident((uintptr_t)start, pages, resident);
}

static struct report_place subject_file(uintptr_t at)
{
	struct report_place place = {0};

	target_file(child.target, at, &place.file, &place.start);
	return place;
}

static void read_heap(void *unused)
{
	struct subject_process process = {child.target, child.threads, child.memory,
					  child.shared->result.attempts == MOST_ATTEMPTS};

	(void)unused;
	child.faults = child.reader(child.report, &process, child.arg);
}

static enum mirror_fault read_now(uint64_t most_us)
{
	unsigned seconds = READ_SECONDS + (unsigned)(resident_bytes(child.target->pid) >> 30) * 5;

	if (ftruncate(child.report, 0) != 0 || lseek(child.report, 0, SEEK_SET) != 0)
		return MIRROR_STRAY;
	return mirror_read(child.memory, read_heap, NULL, seconds, most_us);
}

_Noreturn static void child_end(enum outcome outcome)
{
	child.shared->outcome = outcome;
	_exit(0);
}

static void reserve_now(void)
{
	struct mappings now;

	if (!mappings_read(&now, child.memory)) {
		child.shared->error = errno;
		child_end(errno == ESRCH ? OUTCOME_GONE : OUTCOME_REFUSED);
	}
	if (!mirror_reserve(&now))
		child_end(OUTCOME_TAKEN);
	mappings_free(&now);
}

/* Reads while the process runs, to find out what is read. The report is nonsense. */
static void scout(void)
{
	bool locked;

	child.shared->step = "looking at";
	if (!adopt_roots(&locked))
		child_end(OUTCOME_GONE);
	child.threads = NULL;
	if (read_now(0) == MIRROR_GONE)
		child_end(OUTCOME_GONE);
}

/* How long the readers may take in this attempt while the process stands still, in microseconds. */
static uint64_t still_us(unsigned attempts)
{
	uint64_t us = (uint64_t)((double)resident_bytes(child.target->pid) / (1 << 30) * STILL_PER_GIB_US);

	if (attempts > MOST_ATTEMPTS / 2)
		return STILL_LAST_US;
	return us > STILL_LEAST_US ? us : STILL_LEAST_US;
}

/* What tells that a thread is inside libma: src/busy.h. The variable is 0 until the library has begun. One that is in libma's
 * code without a mark takes or gives back a slot: of that one nobody knows yet whether it is in use, which matters to who
 * counts. A program may have hundreds of threads that do little else. */
static void know_inside(void)
{
	uintptr_t at = target_place(child.target, "busy.distance");
	struct stop_inside *inside = &child.inside;

	*inside = (struct stop_inside){child.target->text_start, child.target->text_end, 0};
	if (at != 0)
		target_read(child.target->pid, at, &inside->mark, sizeof inside->mark);
	if (inside->mark != 0 && child.depth != ATTACH_AUDIT)
		inside->end = inside->start;
}

static void stop_now(struct stopped *stopped)
{
	int error = stop_all(stopped, child.target->pid);

	if (error != 0) {
		child.shared->error = error;
		child_end(error == ESRCH ? OUTCOME_GONE : OUTCOME_REFUSED);
	}
	child.shared->result.inside = stop_outside(stopped, &child.inside);
	if (child.depth == ATTACH_CONTENTS)
		stop_read_vectors(stopped);
	child.threads = stopped;
}

/* The process goes on, after it was stopped at `start`. */
static void stopped_since(uint64_t start)
{
	uint64_t took = now_us() - start;

	if (took > child.shared->result.stopped_us)
		child.shared->result.stopped_us = took;
}

/* Would it take longer to copy what is due, and from the second attempt on to read it, too, than to make a snapshot? */
static bool is_too_much(void)
{
	size_t due = mirror_due_bytes() * (child.shared->result.attempts > 1 ? 2 : 1);

	return due > SMALL_COPY && due > resident_bytes(child.target->pid) / FORK_SPEED;
}

/* Stops the process, takes what the readers need, and lets it go. If there is time, or a first attempt has shown that
 * it changes too fast, they read at once. Returns how that ended; MIRROR_STUCK if there was no time, MIRROR_STRAY if
 * a snapshot is to be made instead. */
static enum mirror_fault take(struct stopped *stopped)
{
	struct attach_result *result = &child.shared->result;
	uint64_t start, most = still_us(result->attempts);
	enum mirror_fault fault = MIRROR_STUCK;

	child.shared->step = "copying";
	start = now_us();
	stop_now(stopped);
	if (!adopt_roots(&result->locked))
		child_end(OUTCOME_GONE);
	if (child.depth != ATTACH_CONTENTS && result->attempts <= MOST_ATTEMPTS / 2)
		quiet_keep(child.target->pid);
	child.too_much = child.snapshots && is_too_much();
	if (child.too_much) {
		mirror_keep_none();
		result->attempts--; /* it was none */
		fault = MIRROR_STRAY;
	} else {
		if (!mirror_renew(child.memory))
			child_end(OUTCOME_GONE);
		if (result->attempts > 1 || mirror_bytes() <= SMALL_MIRROR)
			fault = read_now(most);
	}
	stop_release(stopped);
	stopped_since(start);
	stop_settle(stopped);
	return fault;
}

/* Whether what was read fits together. */
static bool is_sound(void)
{
	const struct attach_result *result = &child.shared->result;

	return child.faults == 0 && result->inside == 0 && !result->locked;
}

/* One attempt; true if what it found fits together. */
static bool attempt(struct stopped *stopped)
{
	struct attach_result *result = &child.shared->result;
	enum mirror_fault fault;
	size_t late = 0;

	result->attempts++;
	reserve_now();
	fault = take(stopped);
	if (fault == MIRROR_STUCK) {
		child.shared->step = "reading";
		late = mirror_late_bytes();
		fault = read_now(0);
		late = mirror_late_bytes() - late;
	}
	stop_forget(stopped);
	child.threads = NULL;
	if (fault == MIRROR_GONE)
		child_end(OUTCOME_GONE);
	result->copied_bytes = mirror_bytes();
	child.shared->outcome = fault == MIRROR_SOUND ? OUTCOME_READ : OUTCOME_UNREADABLE;
	result->faults = child.faults;
	result->torn = late > 0;
	return fault == MIRROR_SOUND && is_sound() && !result->torn;
}

/* Waits for longer each time, that the process may go on. */
static void pause_between(void)
{
	nanosleep(&(struct timespec){.tv_nsec = (PAUSE_MS << child.shared->result.attempts) * 1000000L},
		  NULL);
}

/* --- on a snapshot --- */

/* Reads the snapshot. */
static enum mirror_fault read_snapshot(void)
{
	struct attach_result *result = &child.shared->result;

	child.shared->step = "reading";
	reserve_now();
	if (!adopt_roots(&result->locked) || !mirror_renew(child.memory))
		return MIRROR_GONE;
	return read_now(0);
}

/* Stops the process for as long as it takes to make a snapshot; returns its number, 0 if none could be made. */
static pid_t take_snapshot(struct stopped *stopped)
{
	uint64_t start = now_us();
	pid_t copy;

	child.shared->step = "copying";
	stop_now(stopped);
	copy = snapshot_make(child.target, stopped, &child.shared->result.no_snapshot);
	stop_release(stopped);
	stopped_since(start);
	if (copy != 0 && !snapshot_hold(child.target, copy, &child.shared->result.no_snapshot))
		copy = 0;
	stop_settle(stopped);
	return copy;
}

/* The attempts on snapshots. Does not return if one of them has a result; else no snapshot can be made, and the attempts
 * count as if there had been none. */
static void attempt_snapshots(struct stopped *stopped)
{
	struct attach_result *result = &child.shared->result;
	unsigned attempts_before = result->attempts;

	mirror_of_snapshot(true);
	result->snapshot = true;
	result->torn = false;
	result->no_snapshot = snapshot_obstacle(child.target);
	while (result->no_snapshot == NULL && result->attempts < MOST_ATTEMPTS) {
		enum mirror_fault fault = MIRROR_STRAY;
		pid_t copy = take_snapshot(stopped);

		result->attempts++;
		if (copy != 0) {
			child.memory = copy;
			fault = read_snapshot();
			snapshot_end(copy);
			result->copied_bytes = mirror_bytes();
			result->faults = child.faults;
		}
		stop_forget(stopped);
		child.threads = NULL;
		if (fault == MIRROR_GONE)
			child_end(OUTCOME_GONE);
		if (fault == MIRROR_SOUND && (is_sound() || result->attempts == MOST_ATTEMPTS))
			child_end(OUTCOME_READ);
		pause_between();
	}
	child.memory = child.target->pid;
	mirror_of_snapshot(false);
	result->attempts = attempts_before;
	result->snapshot = false;
}

/* Does the process keep sites? */
static bool has_sites(void)
{
	bool locked;

	reserve_now();
	if (!adopt_roots(&locked))
		child_end(OUTCOME_GONE);
	return ma_sites_on();
}

_Noreturn static void child_main(void)
{
	struct stopped stopped = {0};
	bool all; /* is to be read */

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != child.parent) /* it was killed before that */
		_exit(0);
	signal(SIGXFSZ, SIG_IGN); /* the report may be larger than a file may: that is told, not died of */
	prctl(PR_SET_TIMERSLACK, 1);
	setpriority(PRIO_PROCESS, 0, -20); /* a process waits for us: hurry, if we may */
	keep_own_locks();
	know_inside();
	child.peak_resident = (size_t)target_status(child.target->pid, "VmHWM") * 1024;
	ma_inspect_subject.process = subject_number;
	ma_inspect_subject.peak_resident = subject_peak;
	ma_inspect_subject.resident = subject_resident;
	ma_report_find = subject_file;
	/* What the readers complain of is part of their report. */
	if (dup2(child.report, STDERR_FILENO) < 0 || dup2(child.report, STDOUT_FILENO) < 0)
		child_end(OUTCOME_NONE);
	all = child.depth == ATTACH_CONTENTS || (child.depth == ATTACH_SITES && has_sites());
	if (all) {
		mirror_expect_all();
		attempt_snapshots(&stopped);
	}
	reserve_now();
	scout();
	child.snapshots = !all && mirror_bytes() > SMALL_MIRROR;
	while (!attempt(&stopped) && child.shared->result.attempts < MOST_ATTEMPTS) {
		pause_between();
		if (child.snapshots && (child.too_much || child.shared->result.attempts > 1)) {
			attempt_snapshots(&stopped);
			child.snapshots = false;
		}
	}
	child_end(child.shared->outcome);
}

/* --- in the parent --- */

/* Waits for the child; says what it is doing if that takes long and somebody is there to read it. Returns the wait
 * status. */
static int wait_for(pid_t helper, pid_t pid, const struct shared *shared)
{
	uint64_t start = now_us();
	bool shown = false, show = is_terminal(stderr);
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(helper, &status, show ? WNOHANG : 0)) == 0 || (ended < 0 && errno == EINTR)) {
		nanosleep(&(struct timespec){.tv_nsec = now_us() - start < 20000 ? 200000L : 20000000L},
			  NULL);
		if (now_us() - start < PROGRESS_AFTER_MS * UINT64_C(1000) || shared->step == NULL)
			continue;
		fprintf(stderr, "\r\033[Kma: %s the heap of process %ld ...", shared->step, (long)pid);
		shown = true;
	}
	if (shown)
		fputs("\r\033[K", stderr);
	return status;
}

struct attach_result attach_read(pid_t pid, enum attach_depth depth, attach_reader *reader, void *arg)
{
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				     -1, 0);
	struct target target;
	struct attach_result result;
	pid_t helper;
	int status;

	if (shared == MAP_FAILED)
		fail(EXIT_OWN_FAILURE, "out of memory");
	demand_files();
	target_open(&target, pid);
	child = (struct child){.parent = getpid(),
			       .target = &target,
			       .shared = shared,
			       .reader = reader,
			       .arg = arg,
			       .depth = depth,
			       .memory = pid,
			       .report = scratch_file()};
	fflush(NULL);
	helper = fork();
	if (helper < 0)
		fail(EXIT_OWN_FAILURE, "can't start a process: %s", strerror(errno));
	if (helper == 0)
		child_main();
	status = wait_for(helper, pid, shared);
	result = shared->result;
	result.report = child.report;
	strcpy(result.image, target.image);
	switch (shared->outcome) {
	case OUTCOME_READ:
		break;
	case OUTCOME_TAKEN:
		move_elsewhere(pid);
		break;
	case OUTCOME_REFUSED:
		target_refused(pid, shared->error);
	case OUTCOME_GONE:
		fail(EXIT_OWN_FAILURE, "process %ld has ended", (long)pid);
	case OUTCOME_UNREADABLE:
		fail(EXIT_OWN_FAILURE,
		     "the heap of process %ld can't be read: it is damaged, or always in the middle of a change",
		     (long)pid);
	case OUTCOME_NONE:
		attach_print(&result, stderr);
		fail(EXIT_OWN_FAILURE, "ma's own child failed while it read process %ld, by %s %d", (long)pid,
		     WIFSIGNALED(status) ? "signal" : "exit status",
		     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	target_close(&target);
	munmap(shared, sizeof *shared);
	return result;
}

void attach_print(struct attach_result *result, FILE *out)
{
	char buffer[65536];
	ssize_t got;
	off_t at = 0;

	while ((got = pread(result->report, buffer, sizeof buffer, at)) > 0) {
		fwrite(buffer, 1, (size_t)got, out);
		at += got;
	}
	close(result->report);
	result->report = -1;
}
