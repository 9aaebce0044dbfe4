/* SPDX-License-Identifier: MIT */
/* tls.c - one name, and in each thread another variable. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

static _Thread_local int own = 1;
static int shared = 1;

static uintptr_t first_own;

/* The thread pointer: where this thread's thread-local variables are counted from. */
static uintptr_t thread_pointer(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

static void tell(const char *who)
{
	int local;

	own++;
	shared++;
	printf("%s: own is %d, shared is %d\n", who, own, shared);
	printf("  own lies %td bytes from the thread pointer, %s the stack\n",
	       (intptr_t)((uintptr_t)&own - thread_pointer()),
	       (uintptr_t)&own - (uintptr_t)&local < 16 << 20 ? "in the same mapping as" : "far from");
	if (first_own == 0)
		first_own = (uintptr_t)&own;
	else
		printf("  another address than the first thread's: %s\n",
		       (uintptr_t)&own != first_own ? "yes" : "no");
}

static void *other(void *arg)
{
	tell("second thread");
	return arg;
}

int main(void)
{
	pthread_t thread;

	tell("first thread");
	if (pthread_create(&thread, NULL, other, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 1;
	printf("first thread: own is %d, shared is %d\n", own, shared);
	return 0;
}
