/* SPDX-License-Identifier: MIT */
/*
 * guard.c - owns the area, a record for each of its OS pages, and the signal handler.
 *
 *   record[first page of an object]   the object: live or freed
 *   record[its other pages]           PART, with the distance to the first
 *   record[any other page]            NONE: a guard page, or not used for long
 *
 * `next` goes round through the area. On its way it passes by live objects, and takes the pages of freed ones: they are
 * the oldest ones. The page behind an object is always NONE.
 */
#include "guard.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "clock.h"
#include "lock.h"
#include "report.h"
#include "root.h"
#include "source.h"
#include "stacks.h"
#include "text.h"
#include "unwind.h"

/* The area when all objects are guarded, and when a few are. */
#if UINTPTR_MAX > UINT32_MAX
#define AREA_ALL ((size_t)16 << 30)
#else
#define AREA_ALL ((size_t)512 << 20)
#endif
#define AREA_FEW ((size_t)4 << 20)
#define AREA_LEAST ((size_t)1 << 20)

/* The kernel gives a process 65,530 mappings by default, and each live object takes two. */
#define LIVE_MOST 24000
/* Live objects that a search for room passes by before it gives up. */
#define PASSED_MOST 64
/* The most OS pages of a sampled object: more would be too much of a small area. */
#define FEW_PAGES 4

/* What surrounds an object on its pages. */
#define FILL 0xbd

enum state { NONE, PART, LIVE, FREED };

struct record {
	uintptr_t start; /* of the object */
	size_t size;
	uint32_t pages; /* of its own; in a PART the distance from the first one */
	uint8_t state;
	struct guard_caller allocated, freed;
	uint64_t time; /* when it was allocated */
};

static struct lock guard_lock = MA_LOCK_INIT;
static char *area;
static size_t area_size, area_pages, page;
static struct record *records;
static size_t next_page, live;
static size_t seen_pages; /* no record from here on was ever used */
static bool keep_all, stand_low;
static struct sigaction old_segv, old_bus;

MA_ROOT(guard, area);
MA_ROOT(guard, area_size);
MA_ROOT(guard, page);
MA_ROOT(guard, records);
MA_ROOT(guard, live);
MA_ROOT(guard, seen_pages);
MA_ROOT_LOCK(guard, guard_lock);
MA_ROOT_STRUCT(guard, record);

void ma_guard_lock_all(void)
{
	ma_lock_keep(&guard_lock);
}

void ma_guard_unlock_all(void)
{
	ma_lock_release(&guard_lock);
}

bool ma_guard_has(const void *p)
{
	return (uintptr_t)p - (uintptr_t)area < area_size;
}

/* The object that the page of `p` belongs to; NULL if it is nobody's. */
static struct record *record_of(const void *p)
{
	struct record *record = &records[(size_t)((const char *)p - area) / page];

	if (record->state == PART)
		record -= record->pages;
	return record->state == NONE ? NULL : record;
}

static char *pages_of(const struct record *record)
{
	return area + (size_t)(record - records) * page;
}

/* --- reports --- */

static void report_caller(struct text *text, const char *what, struct guard_caller by)
{
	ma_text_string(text, what);
	ma_text_decimal(text, by.thread);
	ma_text_string(text, ":\n");
	ma_report_stack(text, by.stack);
}

/* Says where the address lies, seen from the object, and who had to do with it. */
static _Noreturn void report(const char *fault, const void *at, const struct record *record, uint32_t stack)
{
	struct text text;

	ma_fatal_begin(&text, fault, at);
	if (record != NULL) {
		uintptr_t p = (uintptr_t)at;
		bool before = p < record->start, behind = p - record->start >= record->size;
		ma_text_string(&text, p == record->start ? " is " : " lies ");
		if (p != record->start) {
			ma_text_decimal(&text, before	? record->start - p
					       : behind ? p - record->start - record->size
							: p - record->start);
			ma_text_string(&text, before   ? " bytes before "
					      : behind ? " bytes behind "
						       : " bytes into ");
		}
		ma_text_string(&text, "a guarded object of ");
		ma_text_decimal(&text, record->size);
		ma_text_string(&text, " bytes at ");
		ma_text_address(&text, (const void *)record->start);
	}
	ma_text_char(&text, '\n');
	if (stack != 0)
		ma_report_stack(&text, stack);
	if (record != NULL) {
		report_caller(&text, "libma: allocated by thread ", record->allocated);
		if (record->state == FREED)
			report_caller(&text, "libma: freed by thread ", record->freed);
	}
	ma_text_flush(&text);
	ma_fatal_end();
}

/* The object that a touch of this guard page was meant for: the nearest; of equals, the one before it. */
static const struct record *nearest(const char *at)
{
	size_t n = (size_t)(at - area) / page;
	const struct record *before = NULL, *behind = NULL;
	uintptr_t p = (uintptr_t)at;

	for (size_t i = n; i-- > 0 && before == NULL && n - i < 64;)
		before = record_of(area + i * page);
	for (size_t i = n + 1; i < area_pages && behind == NULL && i - n < 64; i++)
		behind = record_of(area + i * page);
	if (before == NULL || behind == NULL)
		return before != NULL ? before : behind;
	return behind->start - p < p - before->start - before->size ? behind : before;
}

static const char *fault_name(const struct record *record, const char *at, int write)
{
	static const char *const names[3][3] = {
		{"read after free", "write after free", "access after free"},
		{"read behind an object", "write behind an object", "access behind an object"},
		{"read before an object", "write before an object", "access before an object"},
	};
	unsigned which = 2;

	if (record == NULL)
		return "access to a guard page";
	if (record->state == FREED)
		which = 0;
	else if ((uintptr_t)at >= record->start)
		which = 1;
	return names[which][write];
}

/* Registers at the fault; returns 0 for a read, 1 for a write, 2 if that is not known. */
static int registers_of(const ucontext_t *context, struct unwind_registers *registers)
{
	memset(registers, 0, sizeof(*registers));
#if defined(__x86_64__)
	registers->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
	registers->sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
	registers->fp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
	return (context->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#elif defined(__i386__)
	registers->pc = (uintptr_t)context->uc_mcontext.gregs[REG_EIP];
	registers->sp = (uintptr_t)context->uc_mcontext.gregs[REG_ESP];
	registers->fp = (uintptr_t)context->uc_mcontext.gregs[REG_EBP];
	return (context->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#elif defined(__aarch64__)
	registers->pc = (uintptr_t)context->uc_mcontext.pc;
	registers->sp = (uintptr_t)context->uc_mcontext.sp;
	registers->fp = (uintptr_t)context->uc_mcontext.regs[29];
	registers->link = (uintptr_t)context->uc_mcontext.regs[30];
	return 2;
#else
	(void)context;
	return 2;
#endif
}

/* A fault that is none of ours: what would have been, without us. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	struct sigaction *old = number == SIGSEGV ? &old_segv : &old_bus;

	if (old->sa_flags & SA_SIGINFO) {
		old->sa_sigaction(number, info, context);
	} else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
		old->sa_handler(number);
	} else {
		/* The instruction faults again, and then ends the process; a signal that was sent is sent again. */
		sigaction(number, old, NULL);
		if (info->si_code <= 0)
			raise(number);
	}
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	const char *at = info->si_addr;
	const struct record *record;
	struct unwind_registers registers;
	uintptr_t frames[STACK_MOST];
	int write;

	if (info->si_code <= 0 || !ma_guard_has(at)) {
		pass_on(number, info, context);
		return;
	}
	/* Without the lock: this thread may hold it. The area changes little, and the process is at its end. */
	record = record_of(at);
	if (record == NULL)
		record = nearest(at);
	write = registers_of(context, &registers);
	report(fault_name(record, at, write), at, record,
	       ma_stacks_number(frames, ma_unwind_from(&registers, frames, 16)));
}

/* --- the area --- */

bool ma_guard_start(bool all, bool low)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	size_t size = all ? AREA_ALL : AREA_FEW, bytes;

	page = ma_source_page();
	for (; size >= AREA_LEAST && area == NULL; size /= 2) {
		bytes = ma_round_up(size / page * sizeof(*records), page);
		records = ma_source_map(bytes, MA_UNIT);
		if (records == NULL)
			continue;
		area = ma_source_reserve(size);
		area_size = area != NULL ? size : 0;
		if (area == NULL)
			ma_source_unmap(records, bytes);
	}
	if (area == NULL)
		return false;
	area_pages = area_size / page;
	next_page = 1; /* the first page guards */
	keep_all = all;
	stand_low = low;
	action.sa_sigaction = on_fault;
	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, &old_segv);
	sigaction(SIGBUS, &action, &old_bus);
	return true;
}

/* Forgets a freed object. Caller holds the lock. */
static void forget(struct record *record)
{
	memset(record, 0, record->pages * sizeof(*record));
}

/* Finds `pages` and one more in a row that no live object has, and the page before them likewise not an object's.
 * Caller holds the lock. */
static struct record *find_room(size_t pages)
{
	size_t passed = 0, from = next_page;
	bool turned = false;

	for (size_t n = from;; n++) {
		struct record *record;
		if (from + pages + 1 > area_pages || n >= area_pages) {
			if (turned)
				return NULL;
			turned = true;
			n = from = 1;
		}
		record = record_of(area + n * page);
		if (record != NULL && record->state == LIVE) {
			if (++passed > PASSED_MOST)
				return NULL;
			n = (size_t)(record - records) + record->pages; /* the guard page behind it */
			from = n + 1;
			continue;
		}
		if (record != NULL)
			forget(record);
		if (n == from + pages) {
			next_page = n + 1;
			seen_pages = ma_max(seen_pages, next_page);
			return &records[from];
		}
	}
}

void *ma_guard_alloc(size_t size, size_t align, struct guard_caller by)
{
	size_t least = ma_max(align, MA_UNIT), pages, slack;
	struct record *record;
	char *first;

	if (size > area_size / 2 || align > page)
		return NULL;
	pages = ma_max(ma_round_up(size, page) / page, 1);
	if (!keep_all && pages > FEW_PAGES)
		return NULL;
	ma_lock(&guard_lock);
	record = live >= LIVE_MOST ? NULL : find_room(pages);
	if (record != NULL) {
		first = pages_of(record);
		if (!ma_source_open(first, pages * page)) {
			record = NULL;
		} else {
			live++;
			for (size_t i = 1; i < pages; i++)
				record[i] = (struct record){.state = PART, .pages = (uint32_t)i};
			slack = stand_low ? 0 : ma_round_down(pages * page - ma_max(size, 1), least);
			*record = (struct record){(uintptr_t)first + slack,
						  size,
						  (uint32_t)pages,
						  LIVE,
						  by,
						  {0, 0},
						  ma_clock_ms()};
		}
	}
	ma_unlock(&guard_lock);
	if (record == NULL)
		return NULL;
	memset(first, FILL, slack);
	memset(first + slack + size, FILL, pages * page - slack - size);
	return first + slack;
}

/* The first byte of [from, to) that is not as it was filled, NULL if all are. */
static const char *first_written(const char *from, const char *to)
{
	while (from < to && *(const unsigned char *)from == FILL)
		from++;
	return from < to ? from : NULL;
}

/* The live object that starts at `p`. */
static struct record *object_at(const void *p)
{
	struct record *record = record_of(p);

	if (record == NULL || (record->state == LIVE && record->start != (uintptr_t)p))
		report("invalid pointer, not the start of an allocation", p,
		       record != NULL ? record : nearest(p), 0);
	if (record->state == FREED)
		report("double free", p, record, 0);
	return record;
}

void ma_guard_free(void *p, struct guard_caller by)
{
	struct record *record = object_at(p);
	char *first = pages_of(record), *end = first + record->pages * page;
	const char *written = first_written((char *)record->start + record->size, end);

	if (written != NULL)
		report("memory behind an object was written to", written, record, 0);
	for (const char *at = (char *)record->start; at > first; at--) /* the nearest one */
		if ((unsigned char)at[-1] != FILL)
			report("memory before an object was written to", at - 1, record, 0);
	ma_lock(&guard_lock);
	if (record->state != LIVE) { /* another thread was faster */
		ma_unlock(&guard_lock);
		report("double free", p, record, 0);
	}
	record->freed = by;
	record->state = FREED;
	ma_source_close(first, record->pages * page, !keep_all);
	live--;
	ma_unlock(&guard_lock);
}

size_t ma_guard_size(const void *p)
{
	return object_at(p)->size;
}

void ma_guard_each(void (*see)(const struct guarded *guarded, void *arg), void *arg)
{
	for (size_t n = 0; n < seen_pages; n++) {
		const struct record *record = &records[n];
		struct guarded guarded = {
			(const char *)record->start, record->size,
			record->pages * page,	     record->allocated.stack,
			record->allocated.thread,    record->time,
		};
		if (record->state == LIVE)
			see(&guarded, arg);
	}
}

void ma_guard_own(void (*see)(const void *start, size_t size, void *arg), void *arg)
{
	if (area != NULL)
		see(records, area_size / page * sizeof(*records), arg);
}

size_t ma_guard_area(const void **start)
{
	*start = area;
	return area_size;
}
