/* SPDX-License-Identifier: MIT */
/* Quarantine: in and out in turn, bounded in bytes; who writes to what is in it, or frees it again, is found out. */
#include "unit.h"

#include "ma.h"
#include "mode.h"
#include "options.h"
#include "quarantine.h"
#include "scripted_source.h"

START_TEST(in_turn)
{
	static char memory[4000][64];
	static struct quarantine quarantine = {.lock = MA_LOCK_INIT};
	size_t out = 0;

	ma_quarantine_start(100 * 64, 0xdf);
	for (size_t i = 0; i < LENGTH(memory); i++) {
		void *p;
		expect(!ma_quarantine_has(memory[i]) && ma_quarantine_put(&quarantine, memory[i], 64));
		expect(ma_quarantine_has(memory[i]) && ma_quarantine_look(memory[i], 64) == NULL);
		while ((p = ma_quarantine_take(&quarantine, false)) != NULL) {
			expect(p == memory[out++] && !ma_quarantine_has(p));
			expect(*(unsigned char *)p == 0xdf);
		}
		expect(i + 1 - out == ma_min(i + 1, 100));
	}
	while (ma_quarantine_take(&quarantine, true) != NULL)
		out++;
	expect(out == LENGTH(memory));
	/* What is too large, and what there is no memory for. */
	expect(!ma_quarantine_put(&quarantine, memory, 2000));
}
END_TEST

START_TEST(no_memory)
{
	static char memory[2000][16];
	static struct quarantine quarantine = {.lock = MA_LOCK_INIT};
	size_t in = 0;

	ma_quarantine_start(1 << 20, 0);
	expect(ma_quarantine_put(&quarantine, memory[0], 16));
	scripted_refuse_map(true);
	for (size_t i = 1; i < LENGTH(memory); i++)
		in += ma_quarantine_put(&quarantine, memory[i], 16);
	expect(in > 100 && in < LENGTH(memory) - 1 && !ma_quarantine_has(memory[LENGTH(memory) - 1]));
	scripted_relent();
	expect(ma_quarantine_put(&quarantine, memory[LENGTH(memory) - 1], 16));
}
END_TEST

START_TEST(each_byte_is_looked_at)
{
	_Alignas(16) unsigned char object[96];
	static struct quarantine quarantine = {.lock = MA_LOCK_INIT};

	ma_quarantine_start(10000, 0xdf);
	expect(ma_quarantine_put(&quarantine, object, sizeof(object)));
	for (size_t i = 0; i < sizeof(object); i++) {
		object[i] ^= 4;
		expect(ma_quarantine_look(object, sizeof(object)) == object + i);
		object[i] ^= 4;
	}
}
END_TEST

/* --- through the mode --- */

static void turn_on(void)
{
	ma_options_read("quarantine=1M");
	ma_mode_start(NULL, 0);
}

START_TEST(not_reused_at_once)
{
	char *p, *q;

	turn_on();
	for (size_t size = 1; size < 200000; size *= 3) {
		p = hide(ma_malloc(size));
		ma_free(p);
		for (size_t i = 0; i < 50; i++) {
			q = ma_malloc(size);
			expect(q != p);
			if (size < 1000)
				ma_free(q);
		}
	}
	expect(ma_check() == 0);
}
END_TEST

static void write_after_free(void *arg)
{
	size_t size = (size_t)arg;
	char *p = ma_malloc(size), *freed;

	freed = hide(p);
	ma_free(p);
	freed[size / 2 | 8] = 1;
	for (size_t i = 0; i < 10000; i++)
		ma_free(ma_malloc(500));
}

static void write_and_check(void *arg)
{
	size_t size = (size_t)arg;
	char *p = ma_malloc(size), *freed;

	freed = hide(p);
	ma_free(p);
	freed[size / 2 | 8] = 1;
	if (ma_check() == 1)
		abort();
}

static void free_twice(void *arg)
{
	char *p = hide(ma_malloc((size_t)arg)), *q = hide(p);

	ma_free(p);
	ma_free(ma_malloc((size_t)arg));
	ma_free(q);
}

START_TEST(found_out)
{
	static const size_t sizes[] = {1, 40, 1000, 5000, 50000};
	char text[2048];

	turn_on();
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		void *size = (void *)sizes[i];
		int status = unit_child(write_after_free, size, text, sizeof(text));
		expect(WIFSIGNALED(status) && strstr(text, "libma: write after free: 0x") == text);
		expect(strstr(text, " bytes into an object of ") != NULL);
		status = unit_child(write_and_check, size, text, sizeof(text));
		expect(WIFSIGNALED(status) &&
		       strstr(text, "libma: check: freed object that was written to") == text);
		status = unit_child(free_twice, size, text, sizeof(text));
		expect(WIFSIGNALED(status) && strstr(text, "libma: double free: 0x") == text);
		expect(strstr(text, "is a quarantined object of ") != NULL);
	}
}
END_TEST

/* What is kept back goes before an allocation fails. */
START_TEST(gives_way)
{
	char *p[8];

	ma_options_read("quarantine=64M");
	ma_mode_start(NULL, 0);
	expect(ma_set_limit(0, 24 << 20, NULL, NULL) == 0);
	for (size_t turn = 0; turn < 10; turn++) {
		for (size_t i = 0; i < 8; i++) {
			p[i] = ma_malloc(1 << 20);
			expect(p[i] != NULL);
		}
		for (size_t i = 0; i < 8; i++)
			ma_free(p[i]);
	}
	expect(ma_check() == 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		in_turn, no_memory, each_byte_is_looked_at, not_reused_at_once, found_out, gives_way,
	};

	return unit_run("quarantine", tests, LENGTH(tests));
}
