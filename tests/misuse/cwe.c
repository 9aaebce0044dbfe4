/* SPDX-License-Identifier: MIT */
/*
 * cwe                    lists the cases: classes of faults of the heap, as the Common Weakness Enumeration numbers them
 * cwe NAME               commits one; if nothing stops it, ends with status 0
 */
#include <stdio.h>
#include <sys/mman.h>

#include "misuse.h"

/* What the optimiser does not see through. */
static char *take(size_t size)
{
	char *p = hide(ma_malloc(size));

	if (p == NULL)
		exit(3);
	memset(p, 1, size);
	return p;
}

static volatile char sink;

static void heap_overflow(void)
{
	char *p = take(40);

	*(volatile char *)(p + 56) = 2;
	release(p);
}

static void off_by_one(void)
{
	char *p = take(40);

	*(volatile char *)(p + 40) = 2;
	release(p);
}

static void buffer_underwrite(void)
{
	char *p = take(40);

	*(volatile char *)(p - 8) = 2;
	release(p);
}

static void over_read(void)
{
	volatile char *p = take(40);

	sink = p[56];
}

static void under_read(void)
{
	volatile char *p = take(40);

	sink = p[-8];
}

static void leak(void)
{
	volatile char *p = take(40);

	p = NULL;
	sink = p == NULL;
}

static void double_free(void)
{
	char *p = take(40);
	const char *again = hide(p);

	release(p);
	release(again);
}

static void use_after_free(void)
{
	char *p = take(40);
	volatile char *freed = hide(p);

	release(p);
	freed[20] = 2;
}

static void free_of_stack(void)
{
	char room[64];

	memset(hide(room), 0, sizeof(room));
	release(room + 16);
}

static void free_not_at_start(void)
{
	release(take(40) + 16);
}

static void free_of_anothers(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		release(p);
}

static const struct {
	const char *name;
	void (*commit)(void);
} cases[] = {
	{"CWE-122", heap_overflow},	{"CWE-124", buffer_underwrite}, {"CWE-126", over_read},
	{"CWE-127", under_read},	{"CWE-193", off_by_one},	{"CWE-401", leak},
	{"CWE-415", double_free},	{"CWE-416", use_after_free},	{"CWE-590", free_of_stack},
	{"CWE-761", free_not_at_start}, {"CWE-762", free_of_anothers},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (argc == 1)
			puts(cases[i].name);
		else if (strcmp(cases[i].name, argv[1]) == 0) {
			/* Others of its size on all sides, in slots. */
			for (int n = 0; n < 64; n++)
				take(40);
			cases[i].commit();
			return 0;
		}
	}
	return argc == 1 ? 0 : 2;
}
