/* SPDX-License-Identifier: MIT */
/* signals.c - owns a thread's places for what its handlers have freed. */
#include "signals.h"

#include "atomic.h"

#if MA_THREADS
#define MINE static _Thread_local
#else
#define MINE static
#endif

MINE MA_SHARED(void *) place[SIGNALS_ASIDE];
MINE volatile bool any; /* set behind each put; so that to find nothing is one look */

bool ma_signals_put(void *p)
{
	bool done = false;

	for (unsigned i = 0; i < SIGNALS_ASIDE && !done; i++) {
		void *none = NULL;
		done = ma_cas_acquire(&place[i], &none,
				      p); /* between a thread and its own handlers: orders nothing */
	}
	any = true;
	return done;
}

void *ma_signals_take(void)
{
	while (any) {
		any = false; /* first: a handler may come at any moment */
		for (unsigned i = 0; i < SIGNALS_ASIDE; i++) {
			void *p = ma_load_relaxed(&place[i]);
			if (p == NULL)
				continue;
			ma_store_relaxed(&place[i], NULL); /* handlers take empty places only */
			any = true;			   /* there may be more */
			return p;
		}
	}
	return NULL;
}
