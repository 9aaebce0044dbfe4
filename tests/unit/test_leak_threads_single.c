/* SPDX-License-Identifier: MIT */
/* Without threads there is nobody to stop. */
#include "leak_unit.h"

START_TEST(nobody)
{
	struct leak_scan scan;

	leak_unit_begin(&scan, 10);
	scan.threads_missed = 1;
	ma_leak_stop_threads(&scan);
	expect(scan.threads == NULL && scan.threads_missed == 0);
	ma_leak_let_go(&scan);
	leak_unit_end(&scan);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {nobody};

	return unit_run("leak_threads_single", tests, LENGTH(tests));
}
