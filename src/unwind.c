/* SPDX-License-Identifier: MIT */
/*
 * unwind.c - owns the cache of rules, and walks.
 *
 * The cache is a table of pairs of words that any thread reads and writes without a lock: an address, and its rule
 * packed into one word that repeats some bits of the address. A pair that two threads have written halves of is so
 * known, and is looked up anew. A library that is unloaded, and another one loaded at its addresses, leaves
 * stale rules: walks through them may end early or show wrong frames.
 *
 * A walk is a function of the registers that it begins with and of the words that it reads. A memo holds both of a walk,
 * and the stack that it found: while they are the same, so is the stack, and nothing need be walked. There are
 * a thousand memos a thread. Programs do the same things in the same order: so those that came next last time are
 * looked at first. The others are found by where the innermost calls come from.
 *
 * A walk reads memory between the stack pointer and the stack's end only, and always upwards; so it ends, and where a
 * rule is wrong it finds nonsense, but does not fault.
 */
#include "unwind.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#if MA_THREADS
#include <pthread.h>
#endif

#include "atomic.h"
#include "cfi.h"
#include "stacks.h"

#define WORD sizeof(uintptr_t)

/*
 * A rule in a word, the offsets in words:
 *
 *     63 … 54    53      52, 51   50 … 34   33 … 17   16 … 0
 *     mark       ours    base     cfa       fp        ra
 */
#define OFFSET_BITS 17
#define OFFSET_MOST ((1 << OFFSET_BITS) - 1)
#define FP_SHIFT OFFSET_BITS
#define CFA_SHIFT (2 * OFFSET_BITS)
#define BASE_SHIFT (3 * OFFSET_BITS)
#define OURS_SHIFT (BASE_SHIFT + 2)
#define MARK_SHIFT (OURS_SHIFT + 1)

/* A cache line has the rules of one hash. */
#define CACHE_BITS 12
#define CACHE_WAYS 4

struct cached {
	MA_SHARED(uint64_t) pc, rule;
};
static _Alignas(64) struct cached cache[1u << CACHE_BITS][CACHE_WAYS];

/* libma's own frames: where it lies, if it is a shared library; else the addresses of its functions. */
static uintptr_t own_start, own_end;
static void (*const *own_entries)(void);
static size_t own_count;
static uintptr_t main_stack_end;

/* --- the dynamic linker's word --- */

struct object {
	uintptr_t start, end;
	const unsigned char *header; /* .eh_frame_hdr */
	bool is_main;		     /* the program itself */
};

#ifdef HAVE__DL_FIND_OBJECT

/* glibc 2.35 and later: without a lock. */
static bool find_object(uintptr_t pc, struct object *object)
{
	struct dl_find_object found;

	if (_dl_find_object((void *)pc, &found) != 0)
		return false;
	*object = (struct object){
		.start = (uintptr_t)found.dlfo_map_start,
		.end = (uintptr_t)found.dlfo_map_end,
		.header = found.dlfo_eh_frame,
		.is_main = found.dlfo_link_map == NULL || found.dlfo_link_map->l_name[0] == '\0',
	};
	return object->header != NULL;
}

#else

struct search {
	uintptr_t pc;
	struct object object;
	bool found;
};

static int look_at_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;

	(void)size;
	search->object = (struct object){.start = UINTPTR_MAX, .is_main = info->dlpi_name[0] == '\0'};
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
		if (segment->p_type == PT_GNU_EH_FRAME)
			search->object.header = (const unsigned char *)start;
		if (segment->p_type != PT_LOAD)
			continue;
		search->object.start = start < search->object.start ? start : search->object.start;
		search->object.end = end > search->object.end ? end : search->object.end;
	}
	search->found = search->pc >= search->object.start && search->pc < search->object.end;
	return search->found;
}

static bool find_object(uintptr_t pc, struct object *object)
{
	struct search search = {.pc = pc};

	dl_iterate_phdr(look_at_object, &search);
	*object = search.object;
	return search.found && object->header != NULL;
}

#endif

/* --- rules --- */

static bool is_ours(uintptr_t pc, uintptr_t function)
{
	if (own_end != 0)
		return pc - own_start < own_end - own_start;
	for (size_t i = 0; i < own_count; i++)
		if ((uintptr_t)own_entries[i] == function)
			return true;
	return false;
}

static bool fits(int32_t offset)
{
	return offset >= 0 && offset % (int32_t)WORD == 0 && offset / (int32_t)WORD <= OFFSET_MOST;
}

/* The rule of a place, packed, without its mark. */
static MA_COLD uint64_t make_rule(uintptr_t pc)
{
	struct object object;
	struct cfi_rule rule = {.base = CFI_NONE};
	uint64_t packed;

	if (find_object(pc, &object))
		rule = ma_cfi_find(object.header, pc);
	packed = (uint64_t)is_ours(pc, rule.function) << OURS_SHIFT;
	if (rule.base != CFI_NONE && fits(rule.cfa) && fits(rule.fp) && fits(rule.ra))
		packed |= (uint64_t)rule.base << BASE_SHIFT | (uint64_t)rule.cfa / WORD << CFA_SHIFT |
			  (uint64_t)rule.fp / WORD << FP_SHIFT | (uint64_t)rule.ra / WORD;
	return packed;
}

/* Looks the rule up, and keeps it in place of one of the set's others. */
static MA_COLD uint64_t learn_rule(struct cached *set, uintptr_t pc, uint64_t mark)
{
	uint64_t rule = make_rule(pc) | mark;
	unsigned way = 0;

	while (way < CACHE_WAYS - 1 && ma_load_relaxed(&set[way].pc) != 0)
		way++;
	if (ma_load_relaxed(&set[way].pc) != 0)
		way = mark >> MARK_SHIFT & (CACHE_WAYS - 1);
	ma_store_relaxed(&set[way].pc, pc);
	ma_store_relaxed(&set[way].rule, rule);
	return rule;
}

MA_INLINE uint64_t rule_of(uintptr_t pc)
{
	uint64_t hash = (uint64_t)pc * MA_HASH;
	uint64_t mark = hash >> 16 << MARK_SHIFT, rule;
	struct cached *set = cache[hash >> (64 - CACHE_BITS)];

	for (unsigned way = 0; way < CACHE_WAYS; way++) {
		if (ma_load_relaxed(&set[way].pc) != pc)
			continue;
		rule = ma_load_relaxed(&set[way].rule); /* no order is needed: see above */
		if (MA_LIKELY(rule >> MARK_SHIFT == mark >> MARK_SHIFT))
			return rule;
	}
	return learn_rule(set, pc, mark);
}

/* --- walks --- */

/* Where the stack ends that `sp` is on, as far as can be told: a thread's ends below its control block. */
static uintptr_t stack_end(uintptr_t sp)
{
#if MA_THREADS
	uintptr_t self = (uintptr_t)pthread_self();
	if (self > sp)
		return self;
#endif
	return main_stack_end > sp ? main_stack_end : sp;
}

/* Goes from the frame at `at` to its caller's; false: it has none, or none is known. `rule` is of at->pc, or of the
 * byte before it if that is a return address. */
MA_INLINE bool step(struct unwind_registers *at, uint64_t rule, uintptr_t end)
{
	enum cfi_base base = (enum cfi_base)(rule >> BASE_SHIFT & 3);
	uintptr_t cfa = (base == CFI_SP ? at->sp : at->fp) + (rule >> CFA_SHIFT & OFFSET_MOST) * WORD;
	uintptr_t fp = (rule >> FP_SHIFT & OFFSET_MOST) * WORD, ra = (rule & OFFSET_MOST) * WORD;

	if (base == CFI_NONE || cfa < at->sp || cfa > end || cfa % WORD != 0 || ra > cfa - at->sp ||
	    fp > cfa - at->sp || (cfa == at->sp && ra != 0))
		return false;
	at->pc = ra != 0 ? *(const uintptr_t *)(cfa - ra) : at->link;
	if (fp != 0)
		at->fp = *(const uintptr_t *)(cfa - fp);
	at->sp = cfa;
	at->link = 0; /* only the innermost function can have it in the register */
#if defined(__aarch64__)
	at->pc &= (UINT64_C(1) << 48) - 1; /* without the signature that some machines add */
#endif
	return at->pc != 0;
}

/* Is this the machine whose registers we know? */
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
#define KNOWN 1
#else
#define KNOWN 0
#endif

void ma_unwind_start(void (*const *entries)(void), size_t count)
{
	struct object object;

	own_entries = entries;
	own_count = count;
	if (find_object((uintptr_t)&ma_unwind, &object) && !object.is_main) {
		own_start = object.start;
		own_end = object.end;
	}
	main_stack_end = (uintptr_t)getauxval(AT_RANDOM); /* what the kernel put above the stack */
}

/* What a walk has read so far that its way depends on. */
struct trail {
	struct unwind_memo *memo;
	uintptr_t start; /* the stack pointer where it began */
	const uintptr_t
		*fp_at; /* where the frame pointer was read; NULL: it is the one that the walk began with */
	bool open;	/* there is room for all of it */
};

static void trail_add(struct trail *trail, const uintptr_t *at)
{
	struct unwind_memo *memo = trail->memo;
	uintptr_t offset = (uintptr_t)at - trail->start;

	if (memo->reads == MEMO_READS || offset > UINT32_MAX) {
		trail->open = false;
		return;
	}
	memo->offset[memo->reads] = (uint32_t)offset;
	memo->value[memo->reads++] = *at;
}

/* As step(), but keeps what it reads. */
static bool step_kept(struct unwind_registers *at, uint64_t rule, uintptr_t end, struct trail *trail)
{
	uintptr_t fp = (rule >> FP_SHIFT & OFFSET_MOST) * WORD, ra = (rule & OFFSET_MOST) * WORD;

	if ((rule >> BASE_SHIFT & 3) == CFI_FP) {
		if (trail->fp_at == NULL)
			trail->memo->fp_matters = true;
		else
			trail_add(trail, trail->fp_at);
	}
	if (!step(at, rule, end))
		return false;
	if (ra != 0)
		trail_add(trail, (const uintptr_t *)(at->sp - ra));
	if (fp != 0)
		trail->fp_at = (const uintptr_t *)(at->sp - fp);
	return true;
}

/* Walks on to the outermost frame. */
static unsigned walk(struct unwind_registers *at, uint64_t rule, uintptr_t end, uintptr_t *frames,
		     unsigned depth, unsigned most)
{
	while (depth < most && step(at, rule, end)) {
		frames[depth++] = at->pc;
		rule = rule_of(at->pc - 1);
	}
	return depth;
}

/* Linked into a program, only libma's entries are known for its own: goes out to the first of them, if there is one among
 * so many frames. */
#define INSIDE_MOST 16
static void find_entry(struct unwind_registers *at, uint64_t *rule, uintptr_t end)
{
	struct unwind_registers outer = *at;
	uint64_t own = *rule;

	for (unsigned i = 0; i < INSIDE_MOST && !(own >> OURS_SHIFT & 1); i++) {
		if (!step(&outer, own, end))
			return;
		own = rule_of(outer.pc - 1);
	}
	if (own >> OURS_SHIFT & 1) {
		*at = outer;
		*rule = own;
	}
}

/* Leaves libma, from a place inside it: `at` is then the call in the program. False: there is none. */
MA_INLINE bool leave(struct unwind_registers *at)
{
	uintptr_t end = UINTPTR_MAX; /* libma's own frames are as their rules say */
	uint64_t own;

	if (!KNOWN)
		return false;
	own = rule_of(at->pc);
	if (own_end == 0)
		find_entry(at, &own, end);
	for (;;) {
		if (!step(at, own, end))
			return false;
		if (own_end != 0 && at->pc - own_start >= own_end - own_start)
			return true;
		own = rule_of(at->pc - 1);
		if (own_end == 0 && !(own >> OURS_SHIFT & 1))
			return true;
	}
}

__attribute__((noinline)) unsigned ma_unwind(uintptr_t *frames, unsigned most)
{
	struct unwind_registers at;

	ma_unwind_here(&at);
	if (most == 0 || !leave(&at))
		return 0;
	frames[0] = at.pc;
	return walk(&at, rule_of(at.pc - 1), stack_end(at.sp), frames, 1, most);
}

unsigned ma_unwind_from(const struct unwind_registers *from, uintptr_t *frames, unsigned most)
{
	struct unwind_registers at = *from;

	if (most == 0)
		return 0;
	frames[0] = at.pc;
	return KNOWN ? walk(&at, rule_of(at.pc), stack_end(at.sp), frames, 1, most) : 1;
}

/* Would a walk from `at` read what the walk of `memo` did? */
MA_INLINE bool is_same_walk(const struct unwind_memo *memo, const struct unwind_registers *at, unsigned most)
{
	if (memo->pc != at->pc || memo->sp != at->sp || memo->most != most ||
	    (memo->fp_matters && memo->fp != at->fp))
		return false;
	/* Each word lies where the ones before it led: it may be read if they are the same. */
	for (unsigned i = 0; i < memo->reads; i++)
		if (*(const uintptr_t *)(at->sp + memo->offset[i]) != memo->value[i])
			return false;
	return true;
}

/* Where a walk's memo is: most walks are told apart by where their innermost calls come from. */
#define TELLING 3
static struct unwind_memo *memo_of(struct unwind_memos *memos, struct unwind_registers at, uintptr_t end)
{
	uint64_t key = at.pc ^ at.sp >> 4;

	for (unsigned i = 0; i < TELLING && step(&at, rule_of(at.pc - 1), end); i++)
		key = key * MA_HASH ^ at.pc;
	return &memos->memo[key * MA_HASH >> (64 - MEMO_BITS)];
}

/* Makes a memo of the walk that begins at `at`. */
static __attribute__((noinline)) void memo_make(struct unwind_memo *memo, struct unwind_registers at,
						uintptr_t end, unsigned most)
{
	struct trail trail = {.memo = memo, .start = at.sp, .open = true};
	uintptr_t frames[STACK_MOST];
	unsigned depth = 1;

	memo->pc = at.pc;
	memo->sp = at.sp;
	memo->fp = at.fp;
	memo->fp_matters = false;
	memo->most = most;
	memo->reads = 0;
	frames[0] = at.pc;
	while (depth < most && step_kept(&at, rule_of(at.pc - 1), end, &trail))
		frames[depth++] = at.pc;
	memo->stack = ma_stacks_number(frames, depth);
	if (!trail.open || memo->stack == 0)
		memo->pc = 0;
}

/* The memo of the walk that begins at `at`, which is not one of those that came next last time. */
static __attribute__((noinline)) struct unwind_memo *memo_find(struct unwind_memos *memos,
							       const struct unwind_registers *at,
							       unsigned most)
{
	struct unwind_memo *last = &memos->memo[memos->last], *memo;
	uintptr_t end = stack_end(at->sp);

	memo = memo_of(memos, *at, end);
	if (!is_same_walk(memo, at, most))
		memo_make(memo, *at, end, most);
	memmove(last->next + 1, last->next, sizeof(last->next) - sizeof(last->next[0]));
	last->next[0] = (uint32_t)(memo - memos->memo);
	return memo;
}

uint32_t ma_unwind_number_at(uintptr_t pc, uintptr_t sp, uintptr_t fp, struct unwind_memos *memos,
			     unsigned most)
{
	struct unwind_registers at = {.pc = pc, .sp = sp, .fp = fp};
	uintptr_t frames[STACK_MOST];
	struct unwind_memo *memo, *last;

	if (most == 0 || !leave(&at))
		return 0;
	if (memos == NULL) {
		frames[0] = at.pc;
		return ma_stacks_number(frames,
					walk(&at, rule_of(at.pc - 1), stack_end(at.sp), frames, 1, most));
	}
	last = &memos->memo[memos->last];
	for (unsigned i = 0;; i++) {
		if (i == MEMO_NEXT) {
			memo = memo_find(memos, &at, most);
			break;
		}
		memo = &memos->memo[last->next[i]];
		if (is_same_walk(memo, &at, most))
			break;
	}
	memos->last = (uint32_t)(memo - memos->memo);
	return memo->stack;
}
