/* SPDX-License-Identifier: MIT */
/* What a report says of an object: its size and thread, and where in which file its stacks are. */
#include "unit.h"

#include <stdlib.h>

#include "report.h"
#include "sites.h"
#include "stacks.h"

static char place[16] __attribute__((aligned(16)));

static void tell(void *arg)
{
	(void)arg;
	ma_report_site(place);
}

START_TEST(nothing_known)
{
	unit_says(tell, NULL, "");
}
END_TEST

START_TEST(no_stack)
{
	ma_sites_set(place, 0, 77, 10);
	unit_says(tell, NULL, "libma: allocated as 10 bytes by thread 77:\nlibma:     (not known)\n");
	ma_sites_set_freed(place, 0);
	unit_says(tell, NULL,
		  "libma: allocated as 10 bytes by thread 77:\nlibma:     (not known)\n"
		  "libma: freed:\nlibma:     (not known)\n");
}
END_TEST

START_TEST(stacks)
{
	uintptr_t frames[] = {(uintptr_t)&qsort + 1, 0x10};
	char text[2048], line[100];

	ma_sites_set(place, ma_stacks_number(frames, 2), 1, 2);
	ma_sites_set_freed(place, ma_stacks_number(frames + 1, 1));
	unit_child(tell, NULL, text, sizeof(text));
	snprintf(line, sizeof(line), "libma:     0x%lx /", (unsigned long)frames[0]);
	expect(strstr(text, line) != NULL && strstr(text, "libc") != NULL &&
	       strstr(text, " (qsort)\n") != NULL);
	expect(strstr(text, "libma: freed:\nlibma:     0x10\n") != NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {nothing_known, no_stack, stacks};

	return unit_run("report", tests, LENGTH(tests));
}
