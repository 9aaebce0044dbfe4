/* SPDX-License-Identifier: MIT */
/* timer_single.c - timer.c's twin for a build without threads: there are no reports while the program runs. */
#include "timer.h"

bool ma_timer_start(unsigned period, timer_task *task)
{
	(void)period;
	(void)task;
	return false;
}

void ma_timer_stop(void)
{
}
