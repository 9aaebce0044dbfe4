/* SPDX-License-Identifier: MIT */
/* Redzones: every byte behind an object shows, whatever is written there; sizes are what was asked for. */
#include "unit.h"

#include "ma.h"
#include "mode.h"
#include "options.h"
#include "redzone.h"

START_TEST(every_byte_counts)
{
	_Alignas(16) unsigned char object[256];
	const void *at;

	for (size_t size = 0; size <= 200; size += 7)
		for (size_t usable = ma_round_up(size + REDZONE_BYTES, 16); usable <= 256; usable += 48) {
			ma_redzone_set(object, size, usable);
			expect(ma_redzone_look(object, usable, &at) == size);
			for (size_t i = size; i < usable; i++) {
				bool watched = i < size + 64 || i >= usable - REDZONE_BYTES;
				for (unsigned bit = 0; bit < 8; bit++) {
					object[i] ^= (unsigned char)(1u << bit);
					expect((ma_redzone_look(object, usable, &at) == SIZE_MAX) == watched);
					expect(!watched || (const unsigned char *)at <= object + i);
					object[i] ^= (unsigned char)(1u << bit);
				}
			}
			expect(ma_redzone_look(object, usable, &at) == size);
		}
}
END_TEST

/* In a slot of the least class: what the short way takes for sound is what the long one does, whatever is flipped. */
START_TEST(short_way_in_slots)
{
	_Alignas(16) char object[REDZONE_SLOT_MAX + 16], same[sizeof(object)];
	const void *at;
	size_t told;

	ma_redzone_start();
	for (size_t size = 0; size + REDZONE_BYTES <= REDZONE_SLOT_MAX; size += size < 40 ? 1 : 23) {
		size_t usable = ma_round_up(size + REDZONE_BYTES, 16);
		memset(object, 0x55, sizeof(object));
		ma_redzone_set_slot(object, size, usable);
		memset(same, 0x55, sizeof(same));
		ma_redzone_set(same, size, usable);
		/* But for the trailer, which has the address in it. */
		expect(memcmp(object, same, usable - REDZONE_BYTES) == 0 &&
		       memcmp(object + usable, same + usable, sizeof(object) - usable) == 0);
		expect(ma_redzone_look(object, usable, &at) == size);
		expect(ma_redzone_look_slot(object, usable, &told) && told == size);
		for (size_t bit = 0; bit < usable * 8; bit++) {
			object[bit / 8] ^= (char)(1u << bit % 8);
			expect(ma_redzone_look_slot(object, usable, &told) == (bit / 8 < size));
			expect(bit / 8 >= size || told == size);
			object[bit / 8] ^= (char)(1u << bit % 8);
		}
	}
}
END_TEST

/* An object's redzone is none of another's, wherever it is copied to. */
START_TEST(copied_ones_are_none)
{
	static _Alignas(16) char slots[20][48];
	const void *at;
	size_t told;

	ma_redzone_start();
	for (size_t i = 0; i < LENGTH(slots); i++)
		ma_redzone_set_slot(slots[i], 30, sizeof(slots[i]));
	for (size_t i = 1; i < LENGTH(slots); i++) {
		memcpy(slots[0], slots[i], sizeof(slots[0]));
		expect(!ma_redzone_look_slot(slots[0], sizeof(slots[0]), &told));
		expect(ma_redzone_look(slots[0], sizeof(slots[0]), &at) == SIZE_MAX);
	}
}
END_TEST

START_TEST(early_ones)
{
	static char memory[5000];

	for (size_t i = 0; i < LENGTH(memory); i += 2)
		ma_redzone_add_early(memory + i);
	for (size_t i = 0; i < LENGTH(memory); i++)
		expect(ma_redzone_is_early(memory + i, false) == (i % 2 == 0));
	expect(ma_redzone_is_early(memory + 100, true) && !ma_redzone_is_early(memory + 100, false));
	expect(ma_redzone_is_early(memory + 102, false) && !ma_redzone_is_early(NULL, false));
}
END_TEST

static const size_t sizes[] = {0, 1, 8, 15, 16, 24, 40, 1000, 1016, 1024, 5000, 8185, 100000, 2500000};

static void turn_on(void)
{
	ma_options_read("redzone=1");
	ma_mode_start(NULL, 0);
}

START_TEST(sizes_are_those_asked_for)
{
	turn_on();
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		char *p = ma_malloc(sizes[i]), *q = ma_calloc(1, sizes[i]),
		     *r = ma_aligned_alloc(256, sizes[i]);
		expect(ma_usable_size(p) == sizes[i] && ma_usable_size(q) == sizes[i]);
		expect(ma_usable_size(r) == sizes[i] && pattern_is_zero(q, sizes[i]));
		pattern_fill(p, sizes[i], 1);
		p = ma_realloc(p, sizes[i] + 3);
		expect(ma_usable_size(p) == sizes[i] + 3 && pattern_holds(p, sizes[i], 1));
		expect(ma_check() == 0);
		ma_free(p);
		ma_free(q);
		ma_free(r);
	}
}
END_TEST

/* One byte too many, found as it is freed, resized, or looked at. */
static void overflow(void *arg)
{
	size_t size = (size_t)arg;
	char *p = hide(ma_malloc(size));

	p[size] ^= 1;
	ma_free(p);
}

static void overflow_and_resize(void *arg)
{
	size_t size = (size_t)arg;
	char *p = hide(ma_malloc(size));

	p[size] ^= 1;
	ma_free(ma_realloc(p, size + 100));
}

static void overflow_and_check(void *arg)
{
	size_t size = (size_t)arg;
	char *p = hide(ma_malloc(size));

	p[size] ^= 1;
	if (ma_check() == 1)
		abort();
}

START_TEST(one_byte_too_many)
{
	char text[2048];

	turn_on();
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		void *size = (void *)sizes[i];
		int status = unit_child(overflow, size, text, sizeof(text));
		expect(WIFSIGNALED(status) &&
		       strstr(text, "libma: memory behind an object was written to: 0x") == text);
		status = unit_child(overflow_and_resize, size, text, sizeof(text));
		expect(WIFSIGNALED(status) &&
		       strstr(text, "libma: memory behind an object was written to: 0x") == text);
		status = unit_child(overflow_and_check, size, text, sizeof(text));
		expect(WIFSIGNALED(status) &&
		       strstr(text, "libma: check: object that was written beyond its end: 0x") == text);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {every_byte_counts, short_way_in_slots,	    copied_ones_are_none,
				      early_ones,	 sizes_are_those_asked_for, one_byte_too_many};

	return unit_run("redzone", tests, LENGTH(tests));
}
