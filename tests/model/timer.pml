/* SPDX-License-Identifier: MIT */
/*
 * timer.pml - how the timers stop: inspect/timer.c, timer_run() and ma_timer_stop().
 *
 * Shown: once ma_timer_stop() has returned, no timer is in a call of its task, nor begins one.
 *
 * Memory orders. Each side writes one word and then reads the other's (Dekker, 1965), which sequential consistency
 * alone orders in general. Here both write to and read from `stopped` by read-modify-writes, which are in one order
 * for all; whichever comes second acquires what the first released. So acq_rel is enough, and spin's order is the
 * machine's.
 *
 * Faults, each to be found with -D:
 *   FAULT_STORE_BACK   a timer loads `stopped`, and swaps in what it has loaded
 *   FAULT_ORDER        a timer looks at `stopped` before it says that it is running
 */
#define TIMERS 2

bool running[TIMERS], stopped, over, calling[TIMERS];

active [TIMERS] proctype Timer()
{
	bool found, loaded;

end:	do
	:: true ->
#ifdef FAULT_ORDER
	   found = stopped;
	   running[_pid] = true;
#else
	   running[_pid] = true;
#ifdef FAULT_STORE_BACK
	   loaded = stopped;
	   d_step { found = stopped; stopped = loaded }
#else
	   found = stopped;
#endif
#endif
	   if
	   :: found -> running[_pid] = false; break
	   :: else
	   fi;
	   calling[_pid] = true;
	   assert(!over);
	   calling[_pid] = false;
	   running[_pid] = false
	od
}

active proctype Stop()
{
	byte i;

	stopped = true;
	do
	:: i < TIMERS -> !running[i]; i++
	:: else -> break
	od;
	over = true;
	assert(!calling[0] && !calling[1])
}
