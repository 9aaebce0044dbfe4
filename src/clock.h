/* SPDX-License-Identifier: MIT */
/* clock.h - the time for decay: coarse milliseconds, read without a system call. */
#ifndef MA_CLOCK_H
#define MA_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t ma_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif /* MA_CLOCK_H */
