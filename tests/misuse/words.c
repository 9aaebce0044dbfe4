/* SPDX-License-Identifier: MIT */
/*
 * words [ROUNDS]: in each of so many child processes one word of libma's in the program's reach is written over: a
 * header, a link, in free memory and in memory in use; all of it or some bytes. Then the program goes on. It must end in
 * abort() after one line; never in another signal, never as if nothing had been.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../emulated.h"
#include "../expect.h"
#include "../hide.h"
#include "../random.h"
#include "ma.h"

#define OBJECTS 600

static struct random chance;

static struct {
	char *at;
	size_t size;
} object[OBJECTS];

/* --- what is written over --- */

static const char *const kinds[] = {"header of a block in use", "header of a free block",
				    "links of a free block", "header of a slab", "link of a free slot"};
enum { HEADER_USED, HEADER_FREE, LINKS, HEADER_SLAB, SLOT_LINK, KINDS };

struct target {
	unsigned kind;
	size_t seen;
	char *at; /* one of those that there are, chosen with equal chances */
	size_t words;
};

/* Is the block with this payload on a quick list? Then it has one link alone. */
static bool waits(const char *payload)
{
	uint32_t state;

	memcpy(&state, payload - 8, sizeof(state));
	return state == 0x77616974;
}

static int consider(const struct ma_place *place, void *arg)
{
	struct target *target = arg;
	char *at = (char *)(uintptr_t)place->address;
	size_t words = 2;

	switch (target->kind) {
	case HEADER_USED:
		if (place->kind != MA_BLOCK_USED)
			return 0;
		at -= 16;
		break;
	case HEADER_FREE:
		if (place->kind != MA_BLOCK_FREE)
			return 0;
		at -= 16;
		break;
	case LINKS:
		if (place->kind != MA_BLOCK_FREE)
			return 0;
		words = waits(at) ? 1 : place->size >= 64 * 1024 ? 3 : 2;
		break;
	case HEADER_SLAB:
		if (place->kind != MA_BLOCK_SLAB)
			return 0;
		at -= 16;
		break;
	default:
		if (place->kind != MA_SLOT_FREE)
			return 0;
		words = 1;
	}
	target->seen++;
	if (random_once_in(&chance, target->seen)) {
		target->at = at;
		target->words = words;
	}
	return 0;
}

/* What programs write: numbers, text, pointers; a word, a half or a byte. */
static void write_over(const struct target *target)
{
	static const size_t widths[] = {8, 8, 8, 4, 4, 2, 1};
	size_t width = widths[random_below(&chance, 7)];
	char *at = target->at + 8 * random_below(&chance, target->words) +
		   width * random_below(&chance, 8 / width);
	uint64_t old = 0, new = 0;

	memcpy(&old, at, width);
	switch (random_below(&chance, 7)) {
	case 0:
		break;
	case 1:
		new = UINT64_MAX;
		break;
	case 2:
		new = random_below(&chance, 1000);
		break;
	case 3:
		memset(&new, 'A', sizeof(new));
		break;
	case 4:
		new = (uintptr_t)object[random_below(&chance, OBJECTS)].at;
		break;
	case 5:
		new = old ^ (UINT64_C(1) << random_below(&chance, 8 * width));
		break;
	default:
		new = random_next(&chance);
	}
	if (memcmp(&new, &old, width) == 0)
		new ^= 1;
	memcpy(at, &new, width);
}

/* --- the program --- */

static size_t some_size(void)
{
	static const size_t most[] = {16, 100, 1000, 8000, 20000, 150000};

	return 1 + random_below(&chance, most[random_below(&chance, 6)]);
}

static void go_on(size_t rounds)
{
	for (size_t i = 0; i < rounds; i++) {
		size_t n = random_below(&chance, OBJECTS);
		ma_free(object[n].at);
		object[n].size = random_once_in(&chance, 3) ? 0 : some_size();
		object[n].at = object[n].size == 0 ? NULL : hide(ma_malloc(object[n].size));
		if (object[n].at != NULL)
			memset(object[n].at, 0x11, object[n].size);
	}
}

/* Looks at all there is, by what a program may do: takes every free slot and the free blocks, and gives all back. */
static void finish(void)
{
	enum { SLOTS = 20000, BLOCKS = 200 };
	static char *more[SLOTS + BLOCKS];
	size_t count = 0;

	for (size_t size = 16; size <= 8192; size = ma_good_size(size + 1))
		for (size_t i = 0; i < 80 + 20000 / size && count < SLOTS; i++)
			more[count++] = ma_malloc(size);
	for (size_t i = 0; i < BLOCKS; i++)
		more[count++] = ma_malloc(9000 + i * 600);
	for (size_t i = 0; i < count; i++)
		ma_free(more[i]);
	for (size_t i = 0; i < OBJECTS; i++)
		ma_free(object[i].at);
	ma_trim(0);
	ma_check();
}

static void child(uint64_t seed)
{
	struct target target = {0};

	chance.state = seed;
	target.kind = (unsigned)(seed % KINDS);
	go_on(1500);
	ma_walk(consider, &target);
	if (target.seen == 0)
		_exit(3);
	if (seed != 0)
		write_over(&target);
	go_on(500);
	finish();
	_exit(0);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : test_rounds(300), bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Round 0 writes over nothing: that nothing is found there shows that it is what was written that is found. */
	for (uint64_t seed = 0; seed <= rounds; seed++) {
		char text[2048] = "";
		int ends[2], status;
		size_t length;
		ssize_t got;
		pid_t pid;
		expect(pipe(ends) == 0);
		pid = fork();
		expect(pid >= 0);
		if (pid == 0) {
			dup2(ends[1], STDERR_FILENO);
			child(seed);
		}
		close(ends[1]);
		for (length = 0; (got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0;)
			length += (size_t)got;
		close(ends[0]);
		expect(waitpid(pid, &status, 0) == pid);
		drop_emulators_line(text);
		if (seed == 0 && text[0] == '\0' && status == 0)
			continue;
		if (seed != 0 && strncmp(text, "libma: ", 7) == 0 && WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGABRT && strchr(text, '\n') == text + strlen(text) - 1)
			continue;
		bad++;
		printf("seed %u: %s written over: %s %d, '%s'\n", (unsigned)seed, kinds[seed % KINDS],
		       WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), text);
	}
	return bad != 0;
}
