/* SPDX-License-Identifier: MIT */
/* elsewhere.h - ma gets out of the way of a process whose memory lies where its own does; see elsewhere.c. */
#ifndef MA_ELSEWHERE_H
#define MA_ELSEWHERE_H

#include <sys/types.h>

/* Starts ma anew, with its own memory elsewhere than now, where process `pid` has something. */
_Noreturn void move_elsewhere(pid_t pid);

#endif /* MA_ELSEWHERE_H */
