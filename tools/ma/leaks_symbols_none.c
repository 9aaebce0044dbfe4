/* SPDX-License-Identifier: MIT */
/* leaks_symbols_none.c - the twin of leaks_symbols.c in a build without libdw: what libma itself has told must do. */
#include <config.h>

#include "leaks.h"

void leaks_find_symbols(struct leak_report *report)
{
	(void)report;
}

void leaks_find_frames(struct leak_frame *frame, size_t frames)
{
	(void)frame;
	(void)frames;
}
