/* SPDX-License-Identifier: MIT */
/*
 * A program that lets a filter refuse the system calls that only give advice or ask, with EPERM, as sandboxes do: threads
 * allocate, resize and free as before.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../expect.h"
#include "../pattern.h"

#define THREADS 3

static const unsigned refused[] = {SYS_madvise, SYS_mremap, SYS_mincore,
				   SYS_prctl,	SYS_gettid, SYS_getrusage};
#define REFUSED (sizeof(refused) / sizeof(refused[0]))

/* False: there are no filters here. */
static bool refuse(void)
{
	struct sock_filter code[2 * REFUSED + 2];
	struct sock_fprog program = {.len = 0, .filter = code};

	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							   offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < REFUSED; i++) {
		code[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i], 0,
								   1);
		code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								   SECCOMP_RET_ERRNO | EPERM);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void *work(void *arg)
{
	char *kept[200] = {NULL};

	for (size_t round = 0; round < 20; round++)
		for (size_t i = 0; i < 200; i++) {
			size_t size = i * i * i / 2 + round + 1; /* up to 4 MB */
			char *p = i % 2 == 0 ? malloc(size) : realloc(kept[i], size);
			expect(p != NULL);
			if (i % 2 == 0)
				free(kept[i]);
			pattern_fill(p, size < 3000 ? size : 3000, i);
			kept[i] = p;
		}
	for (size_t i = 0; i < 200; i++) {
		size_t size = i * i * i / 2 + 20;
		expect(pattern_holds(kept[i], size < 3000 ? size : 3000, i));
		free(kept[i]);
	}
	return arg;
}

int main(void)
{
	pthread_t thread[THREADS];

	if (!refuse()) {
		puts("no filters here");
		return 0;
	}
	expect(madvise(thread, 0, 0) == -1 && errno == EPERM);
	for (int i = 0; i < THREADS; i++)
		expect(pthread_create(&thread[i], NULL, work, NULL) == 0);
	work(NULL);
	for (int i = 0; i < THREADS; i++)
		expect(pthread_join(thread[i], NULL) == 0);
	puts("it went on");
	return 0;
}
