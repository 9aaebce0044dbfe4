/* SPDX-License-Identifier: MIT */
/* readable.h - may memory be read that nothing is known of? */
#ifndef MA_READABLE_H
#define MA_READABLE_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base.h"

/* May the word at `p` be read? The kernel reads the set of signals there, and then finds that -1 is nothing to do with
 * it: nothing is changed. */
MA_INLINE bool ma_is_readable(const void *p)
{
	int saved = errno;
	bool fault = syscall(SYS_rt_sigprocmask, -1, p, NULL, _NSIG / 8) != 0 && errno == EFAULT;

	errno = saved;
	return !fault;
}

#endif /* MA_READABLE_H */
