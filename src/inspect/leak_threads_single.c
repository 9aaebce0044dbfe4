/* SPDX-License-Identifier: MIT */
/* leak_threads_single.c - the twin of leak_threads.c in a build without threads: there are no others to stop. */
#include "leak.h"

void ma_leak_stop_threads(struct leak_scan *scan)
{
	scan->threads = NULL;
	scan->threads_missed = 0;
}

void ma_leak_let_go(struct leak_scan *scan)
{
	(void)scan;
}
