/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - a copy of the process, made by fork, that nobody in it notices.
 *
 * `ma` stops all threads, puts the registers of one of them into ma_snapshot, and sends this one here; the
 * others stand still until ma_snapshot.done tells that the copy is there.
 *
 *   the thread                 a helper, in the same memory      the copy
 *     block all signals
 *     take memory into fork
 *     vfork ------------------> fork ---------------------------> close all files
 *     . (stands still)          made = its number                 wait to be held
 *     wait <------------------- exit                              exit
 *     take it out again
 *     done = 1
 *     wait to be fetched
 *
 * As a rule `ma` then fetches the thread: it stops it, and gives it its registers and its signals back, with
 * which the kernel knows again which system call it was in, and ends that with EINTR if a signal has come
 * meanwhile. Should `ma` be killed, the thread goes on by itself: it makes the call again, also if a signal has
 * come. Flags are restored then as far as programs know them: that of the direction, and those of arithmetic.
 * The copy is held in the same way, and ends with `ma`; before, it looks by itself whether `ma` still lives.
 *
 * The helper makes the copy an orphan, which is no business of the process: no SIGCHLD, nothing for wait(2),
 * unless it asked for orphans (PR_SET_CHILD_SUBREAPER): then there is no copy. The copy has every signal
 * blocked, and no file that others wait to be closed (with a kernel before 5.9 it has). All data is at fixed
 * addresses and the stack is not used, so a signal may come at any moment, and a thread may have any stack.
 * Nothing here changes what the kernel keeps for a system call that is to be restarted: nanosleep(2) would,
 * rt_sigtimedwait(2) does not.
 *
 * What the process has told fork to leave out (MADV_DONTFORK, MADV_WIPEONFORK) is not left out of this one. It is told so
 * again before any other thread goes on; only if `ma` is killed in between, they may fork first.
 */
#include "snapshot.h"

#if MA_SNAPSHOT

#include "root.h"

__attribute__((used)) struct snapshot ma_snapshot;
__attribute__((used)) struct snapshot_piece ma_snapshot_pieces[SNAPSHOT_PIECES];

MA_ROOT_PLACE(snapshot, data, &ma_snapshot, sizeof(ma_snapshot));
MA_ROOT_PLACE(snapshot, pieces, ma_snapshot_pieces, sizeof(ma_snapshot_pieces));
MA_ROOT_PLACE(snapshot, enter, ma_snapshot_enter, SNAPSHOT_CODE_BYTES);

static_assert(offsetof(struct snapshot, made) == 0 && offsetof(struct snapshot, done) == 8 &&
		      offsetof(struct snapshot, tool) == 16 && offsetof(struct snapshot, pause) == 24 &&
		      offsetof(struct snapshot, pauses) == 40 &&
		      offsetof(struct snapshot, all_signals) == 48 &&
		      offsetof(struct snapshot, no_signals) == 56 &&
		      offsetof(struct snapshot, signals) == 64 && offsetof(struct snapshot, adopts) == 72 &&
		      offsetof(struct snapshot, registers) == 80 &&
		      offsetof(struct snapshot, pieces) == 296 && sizeof(struct snapshot_piece) == 24 &&
		      offsetof(struct snapshot_piece, before) == 16 &&
		      offsetof(struct snapshot_piece, after) == 20,
	      "the code below knows the structs");

/* Numbers of system calls, and of the registers in struct user_regs_struct. */
__asm__(".pushsection .text\n"
	".macro CALL number\n"
	"	movl $\\number, %eax\n"
	"	syscall\n"
	".endm\n"
	".macro LOAD number, register\n"
	"	movq ma_snapshot + 80 + 8 * \\number(%rip), %\\register\n"
	".endm\n"
	".macro ADVISE advice\n" /* each piece; where that fails, the copy lacks it, and ma sees that */
	"	leaq ma_snapshot_pieces(%rip), %rbx\n"
	"	movq ma_snapshot + 296(%rip), %rbp\n"
	"50:	decq %rbp\n"
	"	js 51f\n"
	"	movq (%rbx), %rdi\n"
	"	shlq $12, %rdi\n"
	"	movq 8(%rbx), %rsi\n"
	"	shlq $12, %rsi\n"
	"	movl \\advice(%rbx), %edx\n"
	"	CALL 28\n" /* madvise */
	"	addq $24, %rbx\n"
	"	jmp 50b\n"
	"51:\n"
	".endm\n"
	"	.globl ma_snapshot_enter\n"
	"	.hidden ma_snapshot_enter\n"
	"	.type ma_snapshot_enter, @function\n"
	"	.balign 16\n"
	"ma_snapshot_enter:\n"
	"	cld\n"
	"	movl $2, %edi\n" /* SIG_SETMASK */
	"	leaq ma_snapshot + 48(%rip), %rsi\n"
	"	xorl %edx, %edx\n"
	"	movl $8, %r10d\n"
	"	CALL 14\n"	  /* rt_sigprocmask */
	"	movl $37, %edi\n" /* PR_GET_CHILD_SUBREAPER */
	"	leaq ma_snapshot + 72(%rip), %rsi\n"
	"	CALL 157\n"	   /* prctl */
	"	movq $-10, %rax\n" /* SNAPSHOT_ADOPTS */
	"	cmpl $0, ma_snapshot + 72(%rip)\n"
	"	jne 20f\n"
	"	ADVISE 16\n"
	"	movl $0x4100, %edi\n" /* CLONE_VM | CLONE_VFORK */
	"	xorl %esi, %esi\n"
	"	xorl %edx, %edx\n"
	"	xorl %r10d, %r10d\n"
	"	xorl %r8d, %r8d\n"
	"	CALL 56\n" /* clone */
	"	testq %rax, %rax\n"
	"	jz 10f\n"
	"	js 20f\n"
	"	movq %rax, %rdi\n"
	"	xorl %esi, %esi\n"
	"	movl $0x40000000, %edx\n" /* __WALL */
	"	xorl %r10d, %r10d\n"
	"	CALL 61\n" /* wait4 */
	"	jmp 30f\n"
	"10:\n" /* the helper */
	"	xorl %edi, %edi\n"
	"	xorl %esi, %esi\n"
	"	xorl %edx, %edx\n"
	"	xorl %r10d, %r10d\n"
	"	xorl %r8d, %r8d\n"
	"	CALL 56\n"
	"	testq %rax, %rax\n"
	"	jz 40f\n"
	"	movq %rax, ma_snapshot(%rip)\n"
	"	xorl %edi, %edi\n"
	"	CALL 231\n" /* exit_group */
	"20:\n"
	"	movq %rax, ma_snapshot(%rip)\n"
	"30:\n"
	"	ADVISE 20\n"
	"	movq $1, ma_snapshot + 8(%rip)\n"
	"	xorl %ebx, %ebx\n"
	"31:\n" /* waits to be fetched; the copy, to be ended */
	"	leaq ma_snapshot + 56(%rip), %rdi\n"
	"	xorl %esi, %esi\n"
	"	leaq ma_snapshot + 24(%rip), %rdx\n"
	"	movl $8, %r10d\n"
	"	CALL 128\n" /* rt_sigtimedwait */
	"	movq ma_snapshot + 16(%rip), %rdi\n"
	"	xorl %esi, %esi\n"
	"	CALL 62\n"	  /* kill; 0: is it there? */
	"	cmpq $-3, %rax\n" /* ESRCH */
	"	je 32f\n"
	"	decq ma_snapshot + 40(%rip)\n"
	"	jg 31b\n"
	"32:\n"
	"	testl %ebx, %ebx\n"
	"	jnz 41f\n"
	/* goes on by itself */
	"	movl $2, %edi\n"
	"	leaq ma_snapshot + 64(%rip), %rsi\n"
	"	xorl %edx, %edx\n"
	"	movl $8, %r10d\n"
	"	CALL 14\n"
	"	LOAD 18, rbx\n" /* eflags */
	"	btl $10, %ebx\n"
	"	jnc 33f\n"
	"	std\n"
	"33:	btl $11, %ebx\n" /* overflow, by an addition that has it */
	"	setc %al\n"
	"	addb $127, %al\n"
	"	movb %bl, %ah\n"
	"	sahf\n" /* the other ones; what follows changes none */
	"	LOAD 0, r15\n"
	"	LOAD 1, r14\n"
	"	LOAD 2, r13\n"
	"	LOAD 3, r12\n"
	"	LOAD 4, rbp\n"
	"	LOAD 5, rbx\n"
	"	LOAD 6, r11\n"
	"	LOAD 7, r10\n"
	"	LOAD 8, r9\n"
	"	LOAD 9, r8\n"
	"	LOAD 10, rax\n"
	"	LOAD 11, rcx\n"
	"	LOAD 12, rdx\n"
	"	LOAD 13, rsi\n"
	"	LOAD 14, rdi\n"
	"	jmp *ma_snapshot + 80 + 8 * 16(%rip)\n" /* rip */
	"40:\n"						/* the copy */
	"	xorl %edi, %edi\n"
	"	movl $-1, %esi\n"
	"	xorl %edx, %edx\n"
	"	CALL 436\n" /* close_range */
	"	movl $1, %ebx\n"
	"	jmp 31b\n"
	"41:\n"
	"	xorl %edi, %edi\n"
	"	CALL 231\n"
	"	hlt\n"
	"	.org ma_snapshot_enter + 640\n" /* SNAPSHOT_CODE_BYTES; fails if there are more */
	"	.size ma_snapshot_enter, . - ma_snapshot_enter\n"
	"	.purgem ADVISE\n"
	"	.purgem CALL\n"
	"	.purgem LOAD\n"
	"	.popsection\n");

#endif
