/* SPDX-License-Identifier: MIT */
/* Without threads there is no timer. */
#include "unit.h"

#include "inspect/timer.h"

static enum timer_end task(bool failed_before)
{
	(void)failed_before;
	return TIMER_DONE;
}

START_TEST(none)
{
	expect(!ma_timer_start(1, task));
	ma_timer_stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {none};

	return unit_run("timer_single", tests, LENGTH(tests));
}
